import ArgumentParser
import Foundation
import Planning
import Reactor
import TransportSecurity

/// What the command line and the environment may change of how a load's connections are secured.
struct TLSOptions: ParsableArguments {
  @Flag(help: "Does not verify the certificate of a wss:// target: anybody may then pose as it.")
  var insecure = false

  @Option(
    name: .customLong("tls-ca"),
    help: ArgumentHelp(
      "Trusts the authorities in this PEM file for a wss:// target, instead of the system's or the scenario's.",
      valueName: "file"))
  var authorityFile: String?

  func validate() throws {
    if insecure, authorityFile != nil { throw ValidationError("--insecure and --tls-ca exclude each other") }
  }

  var changes: TLSChanges {
    let keyLog = ProcessInfo.processInfo.environment["SSLKEYLOGFILE"] ?? ""
    return TLSChanges(
      isInsecure: insecure, authorityFile: authorityFile, keyLogFile: keyLog.isEmpty ? nil : keyLog)
  }

  /// Complains about what cannot be used, and says what is not as safe as it is by default.
  ///
  /// - Parameter isReference: the run is against our own server, which is plain.
  func check(_ plan: Plan, isReference: Bool) throws {
    guard let configuration = isReference ? nil : plan.tls else {
      guard insecure || authorityFile != nil else { return }
      complain("error: --insecure and --tls-ca go with a target of wss://")
      throw ExitStatus.usage.code
    }
    do throws(TLSContextFault) {
      _ = try TLSContext(client: configuration, host: plan.target.host)
    } catch {
      complain("error: \(error)")
      throw ExitStatus.usage.code
    }
    if !configuration.verifiesServer { complain("warning: the certificate of \(plan.target.host) is not verified") }
    if let file = configuration.keyLogFile {
      complain("warning: the secrets of all TLS connections are written to '\(file)', because SSLKEYLOGFILE says so")
    }
  }
}

/// What is changed of how a load's connections are secured.
struct TLSChanges: Codable {
  var isInsecure = false
  var authorityFile: String?
  var keyLogFile: String?

  func apply(to configuration: inout TLSConfiguration) {
    if isInsecure { configuration.verifiesServer = false }
    if let authorityFile {
      configuration.authorityFile = authorityFile
      configuration.authorityFolder = nil
      configuration.verifiesServer = true
    }
    if let keyLogFile { configuration.keyLogFile = keyLogFile }
  }
}
