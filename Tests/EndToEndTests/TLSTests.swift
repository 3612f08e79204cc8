import Foundation
import TestInputs
import Testing

/// Runs against the reference server with a certificate of the tests' authority.
@Suite struct TLSTests {
  private let certificates: Certificates

  init() throws { certificates = try #require(Certificates.shared, "the command 'openssl' makes certificates") }

  private func outcome(_ arguments: [String]) throws -> Tool.Outcome {
    try ReferenceServerProcess.with([
      "--tls-certificate", certificates.good.certificate, "--tls-key", certificates.good.key,
    ]) { origin in
      #expect(origin.hasPrefix("wss://127.0.0.1:"))
      return try Tool.run(
        [
          "run", Tool.scenario("typing"), "--target", origin, "--collector-port", "0", "--connections", "10", "--for",
          "1s",
        ] + arguments, onceDiagnosticsContain: "settling"
      ) { process, _ in process.interrupt() }
    }
  }

  @Test func `a scenario runs over TLS where the authority is trusted`() throws {
    let outcome = try outcome(["--tls-ca", certificates.authority])
    // This server exports nothing, so the wait for spans is cut short.
    #expect(outcome.status == 130, "\(outcome.output)\(outcome.diagnostics)")
    #expect(outcome.output.contains("against wss://127.0.0.1:"))
    let messages = try outcome.counts("messages")
    #expect(try #require(messages["sent"]) > 0)
    #expect(messages["echoed"] == messages["sent"])
    #expect(!outcome.diagnostics.contains("is not verified"))
  }

  @Test func `a certificate of an unknown authority is refused unless it is told otherwise`() throws {
    let outcome = try outcome([])
    #expect(outcome.status == 69)
    #expect(outcome.output.contains("10 × not secured by TLS: the certificate's issuer is unknown"))
    let connections = try outcome.report()["connections"] as? [String: Any]
    let failures = try #require(connections?["failures"] as? [String: Int])
    #expect(failures == ["not secured by TLS: the certificate's issuer is unknown": 10])
  }

  @Test func `nothing is verified where that is asked for, and said so`() throws {
    let outcome = try outcome(["--insecure"])
    #expect(outcome.status == 130, "\(outcome.output)\(outcome.diagnostics)")
    #expect(outcome.diagnostics.contains("warning: the certificate of 127.0.0.1 is not verified"))
    #expect(try #require(try outcome.counts("messages")["echoed"]) > 0)
  }

  @Test func `secrets are written where SSLKEYLOGFILE says, and that is told`() throws {
    let file = certificates.folder + "/keys-of-a-run"
    let outcome = try ReferenceServerProcess.with([
      "--tls-certificate", certificates.good.certificate, "--tls-key", certificates.good.key,
    ]) { origin in
      try Tool.run(
        [
          "SSLKEYLOGFILE=\(file)", Tool.executable.path, "run", Tool.scenario("typing"), "--target", origin,
          "--collector-port", "0", "--connections", "10", "--for", "1s", "--insecure", "--out",
          certificates.folder + "/run",
        ], executable: URL(fileURLWithPath: "/usr/bin/env"), onceDiagnosticsContain: "settling"
      ) { process, _ in process.interrupt() }
    }
    #expect(outcome.diagnostics.contains("are written to '\(file)', because SSLKEYLOGFILE says so"))
    let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("CLIENT_TRAFFIC_SECRET_0 ") } == 10)
  }

  @Test func `what TLS cannot be set up with ends with 64 and says why`() throws {
    let run = ["run", Tool.scenario("typing"), "--target", "wss://127.0.0.1:1"]
    let rows: [([String], String)] = [
      (run + ["--tls-ca", "/none"], "'/none' cannot be opened: No such file or directory"),
      (run + ["--tls-ca", certificates.good.key], "holds no certificate in PEM form"),
      (run + ["--tls-ca", "a", "--insecure"], "exclude each other"),
      (["run", Tool.scenario("typing"), "--insecure"], "go with a target of wss://"),
      (["run", Tool.scenario("typing"), "--reference", "--tls-ca", "a"], "go with a target of wss://"),
      (["serve", "--tls-key", "a"], "go together"),
      (["serve", "--tls-key", "/none", "--tls-certificate", "/none"], "'/none' cannot be opened"),
      (
        ["serve", "--tls-key", certificates.client.key, "--tls-certificate", certificates.good.certificate],
        "does not belong to the certificate"
      ),
    ]
    for (arguments, reason) in rows {
      let outcome = try Tool.run(arguments)
      #expect(outcome.status == 64)
      #expect(outcome.diagnostics.contains(reason), "\(outcome.diagnostics)")
    }
  }
}
