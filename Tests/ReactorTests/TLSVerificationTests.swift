import COpenSSL
import Glibc
import TestInputs
import Testing
import TransportSecurity

@testable import Reactor

/// A server's certificate, what the client demands, and what the client says to it.
struct VerificationCase: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var identity: @Sendable (Certificates) -> Certificates.Identity = { $0.good }
  var host = "localhost"
  /// Nil: the connection is secured.
  var fault: TLSFault?
  var change: @Sendable (inout TLSConfiguration, Certificates) -> Void = { _, _ in }

  static let all: [VerificationCase] = [
    VerificationCase(testDescription: "the right certificate, by name"),
    VerificationCase(testDescription: "the right certificate, by a name with a dot at its end", host: "localhost."),
    VerificationCase(testDescription: "the right certificate, by its IPv4 address", host: "127.0.0.1"),
    VerificationCase(testDescription: "the right certificate, by its IPv6 address", host: "::1"),
    VerificationCase(testDescription: "another IPv4 address", host: "127.0.0.2", fault: .wrongName),
    VerificationCase(testDescription: "another name", host: "other.example", fault: .wrongName),
    VerificationCase(testDescription: "a certificate for another name", identity: { $0.elsewhere }, fault: .wrongName),
    VerificationCase(
      testDescription: "a certificate for the name that is asked for", identity: { $0.elsewhere }, host: "127.0.0.1"
    ) { configuration, _ in configuration.serverName = "elsewhere.example" },
    VerificationCase(testDescription: "an expired certificate", identity: { $0.expired }, fault: .expiredCertificate),
    VerificationCase(
      testDescription: "a certificate that is not valid yet", identity: { $0.notYetValid },
      fault: .certificateNotYetValid),
    VerificationCase(
      testDescription: "a self-signed certificate", identity: { $0.selfSigned }, fault: .selfSignedCertificate),
    VerificationCase(testDescription: "a self-signed certificate that is trusted", identity: { $0.selfSigned }) {
      $0.authorityFile = $1.selfSigned.certificate
    },
    VerificationCase(testDescription: "an issuer that is not trusted", fault: .unknownIssuer) {
      $0.authorityFile = $1.selfSigned.certificate
    },
    VerificationCase(testDescription: "an issuer that the system does not know", fault: .unknownIssuer) {
      configuration, _ in
      configuration = TLSConfiguration()
    },
    VerificationCase(testDescription: "a folder without authorities", fault: .unknownIssuer) {
      $0.authorityFile = nil
      $0.authorityFolder = $1.folder
    },
    VerificationCase(
      testDescription: "anything, unverified", identity: { $0.expired }, host: "other.example"
    ) { configuration, _ in
      configuration = TLSConfiguration()
      configuration.verifiesServer = false
    },
  ]
}

@Suite("A TLS client")
struct TLSVerificationTests {
  private let certificates: Certificates

  init() throws { certificates = try #require(Certificates.shared, "the command 'openssl' makes certificates") }

  @Test("accepts or refuses a server", arguments: VerificationCase.all)
  func verification(_ row: VerificationCase) throws {
    var configuration = TLSConfiguration.trusting(certificates)
    row.change(&configuration, certificates)
    var pair = try TLSPair(
      TLSContext(client: configuration, host: row.host),
      TLSContext(server: TLSIdentity(row.identity(certificates))))
    if let fault = row.fault {
      let isDone = pair.run { client, server in client.standing.isOver && server.standing.isOver }
      #expect(isDone)
      #expect(pair.client.standing == .broken(fault))
      // The server is told, by an alert, unless the reset came first.
      if case .broken(.alert) = pair.server.standing {} else { #expect(pair.server.standing == .failed(ECONNRESET)) }
    } else {
      let isDone = pair.shakeHands()
      #expect(isDone, "\(pair.client.standing), \(pair.server.standing)")
    }
  }

  @Test("verifies unless it is told not to")
  func verifiesByDefault() {
    #expect(TLSConfiguration().verifiesServer)
    #expect(TLSConfiguration().minimumVersion == .tls12)
    #expect(!TLSConfiguration().resumesSessions)
  }

  @Test("shows its certificate to a server that demands one", arguments: TLSVersion.allCases)
  func clientCertificate(version: TLSVersion) throws {
    let server = try TLSContext(
      server: TLSIdentity(certificates.good), clientAuthorityFile: certificates.authority)
    server.speakOnly(version)
    let configuration = TLSConfiguration.trusting(certificates) { $0.identity = TLSIdentity(certificates.client) }
    var pair = try TLSPair(TLSContext(client: configuration, host: "localhost"), server)
    let isDone = pair.shakeHands()
    #expect(isDone)
  }

  @Test(
    "that shows none, or a stranger's, is refused by such a server",
    arguments: [
      ("none", TLSVersion.tls12, 40), ("none", .tls13, 116), ("a stranger's", .tls12, 48), ("a stranger's", .tls13, 48),
    ])
  func noClientCertificate(_ label: String, version: TLSVersion, alert: UInt8) throws {
    let server = try TLSContext(
      server: TLSIdentity(certificates.good), clientAuthorityFile: certificates.authority)
    server.speakOnly(version)
    let configuration = TLSConfiguration.trusting(certificates) {
      if label != "none" { $0.identity = TLSIdentity(certificates.selfSigned) }
    }
    var pair = try TLSPair(TLSContext(client: configuration, host: "localhost"), server)
    let isDone = pair.run { client, server in client.standing.isOver }
    #expect(isDone)
    #expect(pair.client.standing == .broken(.alert(alert)))
  }

  @Test("demands a minimum version")
  func minimumVersion() throws {
    let server = try TLSContext(server: TLSIdentity(certificates.good))
    server.speakOnly(.tls12)
    let configuration = TLSConfiguration.trusting(certificates) { $0.minimumVersion = .tls13 }
    var pair = try TLSPair(TLSContext(client: configuration, host: "localhost"), server)
    let isDone = pair.run { client, server in client.standing.isOver }
    #expect(isDone)
    #expect(pair.client.standing == .broken(.alert(70)))
  }

  @Test("whose files or names are wrong is not made, and says why")
  func wrongFiles() throws {
    let good = TLSIdentity(certificates.good)
    func expect(_ words: String, host: String = "localhost", _ change: (inout TLSConfiguration) -> Void) {
      var configuration = TLSConfiguration.trusting(certificates)
      change(&configuration)
      do throws(TLSContextFault) {
        _ = try TLSContext(client: configuration, host: host)
        Issue.record("made")
      } catch {
        #expect(error.description.contains(words), "\(error)")
      }
    }
    expect("'/none' cannot be opened: No such file") { $0.authorityFile = "/none" }
    expect("'/none' cannot be opened: No such file") { $0.authorityFolder = "/none" }
    expect("cannot be opened: Not a directory") { $0.authorityFolder = certificates.authority }
    expect("holds no certificate in PEM form") { $0.authorityFile = good.keyFile }
    expect("holds no certificate in PEM form") {
      $0.identity = TLSIdentity(certificateFile: good.keyFile, keyFile: good.keyFile)
    }
    expect("holds no key in PEM form") {
      $0.identity = TLSIdentity(certificateFile: good.certificateFile, keyFile: good.certificateFile)
    }
    expect("does not belong to the certificate") {
      $0.identity = TLSIdentity(certificateFile: good.certificateFile, keyFile: certificates.client.key)
    }
    expect("cannot be opened") { $0.keyLogFile = "/none/keys" }
    expect("'' is no name of a server") { $0.serverName = "" }
    expect("is no name of a server", host: String(repeating: "a", count: 256)) { _ in }
    expect("is no name of a server", host: "a b") { _ in }
  }
}

extension TLSContext {
  func speakOnly(_ version: TLSVersion) {
    let number = version == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION
    #expect(copenssl_set_minimum_version(context, number) == 1)
    #expect(copenssl_set_maximum_version(context, number) == 1)
  }
}
