import Scenarios
import Testing
import TransportSecurity

@Suite struct TLSTests {
  /// The whole scenario with a `tls` that stands at 5:3, its first value at 5:8.
  private static func yaml(_ tls: String, scheme: String = "wss") -> String {
    wholeScenario
      .replacing("ws://host", with: "\(scheme)://host")
      .replacing("carrier:", with: "  tls: \(tls)\ncarrier:")
  }

  @Test func withoutTheKeyEverythingIsVerified() throws {
    let tls = try Scenario(yaml: wholeScenario, file: "s.yaml").target.tls
    #expect(tls == TLSConfiguration())
  }

  @Test func everyKeyIsRead() throws {
    let text =
      "{ ca: a.pem, ca-directory: b, certificate: c.pem, key: d.pem, verify: true, server-name: e, "
      + "minimum-version: \"1.3\", resumption: true }"
    var expected = TLSConfiguration()
    expected.authorityFile = "a.pem"
    expected.authorityFolder = "b"
    expected.identity = TLSIdentity(certificateFile: "c.pem", keyFile: "d.pem")
    expected.serverName = "e"
    expected.minimumVersion = .tls13
    expected.resumesSessions = true
    #expect(try Scenario(yaml: Self.yaml(text), file: "s.yaml").target.tls == expected)
    let unverified = try Scenario(yaml: Self.yaml("{ verify: false, minimum-version: 1.2 }"), file: "s.yaml").target.tls
    #expect(!unverified.verifiesServer)
    #expect(unverified.minimumVersion == .tls12)
  }

  @Test(
    arguments: [
      (
        "an unknown key", "{ cert: a }",
        "5:10: error: unknown key 'cert' in 'tls'; known: ca, ca-directory, certificate, key, verify, server-name, minimum-version, resumption"
      ),
      ("no mapping", "true", "5:8: error: 'tls' is 'true', but a mapping is needed"),
      (
        "a certificate without a key", "{ certificate: a }",
        "5:23: error: 'certificate' stands without 'key' in 'tls'; name the PEM files of both; they may be in one file"
      ),
      (
        "a key without a certificate", "{ key: a }",
        "5:15: error: 'key' stands without 'certificate' in 'tls'; name the PEM files of both; they may be in one file"
      ),
      ("text for a truth value", "{ verify: no }", "5:18: error: 'verify' is 'no', but true or false is needed"),
      (
        "text for a truth value of resumption", "{ resumption: 1 }",
        "5:22: error: 'resumption' is '1', but true or false is needed"
      ),
      (
        "an old version", "{ minimum-version: \"1.1\" }",
        "5:27: error: unknown minimum-version '1.1'; did you mean '1.2'?"
      ),
      ("no file", "{ ca: }", "5:14: error: 'ca' is empty, but text is needed"),
      (
        "a name of two lines", "{ server-name: \"a\\nb\" }",
        "5:23: error: 'server-name' has a control character; write one line of text"
      ),
      (
        "a file's name with a zero", "{ ca: \"a\\0b\" }",
        "5:14: error: 'ca' has a control character; write one line of text"
      ),
      (
        "trust in some and in all", "{ verify: false, ca: a }",
        "5:29: error: 'ca' says whom to trust, but 'verify: false' trusts everybody; keep one of them"
      ),
    ] as [(String, String, String)])
  func aMistakeIsTold(label: String, tls: String, expected: String) {
    #expect(diagnostics(Self.yaml(tls)) == ["s.yaml:" + expected])
  }

  @Test(arguments: ["ws", "WS"])
  func settingsForAPlainURLAreAMistake(scheme: String) {
    let expected = "5:8: error: 'tls' goes with a 'wss://' URL only; write 'wss://', or leave 'tls' out"
    #expect(diagnostics(Self.yaml("{ verify: true }", scheme: scheme)) == ["s.yaml:" + expected])
  }
}
