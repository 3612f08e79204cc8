import Scenarios
import Testing

/// What a scenario says of its target beyond the URL, and that its secrets stay secret.
@Suite struct TargetTests {
  private static let secret = "s3cr3t"

  private static func scenario(_ target: String) -> String {
    """
    name: n
    target:
      url: ws://h/
      \(target)
    groups: { room: 2 }
    load: { connections: 2, phases: [{ for: 1s, rate: 1/s }] }
    messages: { chat: { body: {} } }

    """
  }

  private static func read(_ target: String) throws -> Target {
    try Scenario(yaml: scenario(target), file: "s.yaml").target
  }

  @Test func upkeepIsRead() throws {
    let target = try Self.read(
      "reconnect: { backoff: 50ms..2s, attempts: 3 }\n  ping: 5s\n  slow-reading: { bytes: 512B, every: 1s }")
    #expect(target.reconnect == Reconnect(shortest: .milliseconds(50), longest: .seconds(2), attempts: 3))
    #expect(target.pingInterval == .seconds(5))
    #expect(target.slowReading?.bytes == 512)
    #expect(target.slowReading?.every == .seconds(1))
    let standard = try Self.read("reconnect: {}")
    #expect(standard.reconnect == Reconnect(shortest: .milliseconds(100), longest: .seconds(10), attempts: 10))
  }

  @Test(
    arguments: [
      ("http://h:3128", "h", 3128, nil), ("HTTP://h/", "h", 80, nil), ("http://[::1]:8080/", "::1", 8080, nil),
      ("http://u:p@10.0.0.1:1", "10.0.0.1", 1, "u:p"), ("http://u:p%40%3A@x:y@h", "h", 80, nil),
      ("http://u:p%40:@h", "h", 80, "u:p@:"), ("http://u:@h", "h", 80, "u:"), ("http://u:a@b@h:9", "h", 9, "u:a@b"),
    ] as [(String, String, UInt16, String?)])
  func aProxyIsRead(url: String, host: String, port: UInt16, credentials: String?) throws {
    let proxy = try #require(try Self.read("proxy: \"\(url)\"").proxy)
    #expect(proxy.host == host)
    #expect(proxy.port == port)
    if let credentials { #expect(proxy.credentials == credentials) }
  }

  @Test func timeLimitsAreRead() throws {
    let limits = try Self.read("time-limits: { dns: 1s, tcp: 2s, proxy: 3s, tls: 4s, upgrade: 5s, close: 6s }")
      .timeLimits
    #expect(
      [limits.dns, limits.tcp, limits.proxy, limits.tls, limits.upgrade, limits.close]
        == (1...6).map { .seconds($0) })
    let standard = try Self.read("time-limits: { tcp: 250ms }").timeLimits
    #expect(
      [standard.dns, standard.tcp, standard.proxy, standard.tls, standard.upgrade, standard.close]
        == [.seconds(5), .milliseconds(250), .seconds(10), .seconds(10), .seconds(30), .seconds(3)])
  }

  @Test(arguments: [
    ("time-limits: { tcp: 0s }", "'tcp' is '0s', but must be above 0s"),
    ("time-limits: { handshake: 1s }", "unknown key 'handshake' in 'time-limits'"),
    ("time-limits: 5s", "'time-limits' is '5s', but a mapping is needed"),
    ("reconnect: { backoff: 1s }", "'backoff' is '1s', but a range of times is needed"),
    ("reconnect: { backoff: 2s..1s }", "'backoff' is '2s..1s', but a range of times is needed"),
    ("reconnect: { attempts: 0 }", "'attempts' is '0', but must lie between 1 and 1000000"),
    ("ping: 0s", "'ping' is '0s', but must be above 0s"),
    ("slow-reading: { bytes: 1B }", "'every' is missing in 'slow-reading'"),
    ("slow-reading: { bytes: 65KiB, every: 1s }", "'bytes' is '65KiB', but must lie between 1B and 64KiB"),
    ("connect-to: localhost", "'connect-to' is 'localhost', but 'host:port' is needed"),
    ("connect-to: ['a:1', 'b:0']", "'connect-to' is 'b:0', but 'host:port' is needed"),
    ("source-addresses: 10.0.0.0/8", "'source-addresses' is '10.0.0.0/8', but an address or a range of them is needed"),
    ("addresses: some", "unknown addresses 'some'"),
  ])
  func mistakesInUpkeepAndRouteAreTold(key: String, reason: String) {
    #expect {
      try Self.read(key)
    } throws: { error in
      (error as? Diagnostics)?.all.contains { $0.message.contains(reason) } == true
    }
  }

  @Test func withoutThemNothingIsAsked() throws {
    let target = try Self.read("headers: {}")
    #expect(target.compression == nil)
    #expect(target.auth == nil)
    #expect(target.subprotocols.isEmpty)
    #expect(target.cookies.isEmpty)
  }

  @Test(
    arguments: [
      ("true", "true", (false, false, nil, nil)), ("a mapping of nothing", "{}", (false, false, nil, nil)),
      ("our window", "{ client-max-window-bits: 8 }", (false, false, 8, nil)),
      (
        "everything",
        "{ client-no-context-takeover: true, server-no-context-takeover: true, client-max-window-bits: 12, server-max-window-bits: 10 }",
        (true, true, 12, 10)
      ),
      (
        "the server's part", "{ client-no-context-takeover: false, server-max-window-bits: 15 }",
        (false, false, nil, 15)
      ),
    ] as [(String, String, (Bool, Bool, Int?, Int?))])
  func compressionIsRead(label: String, text: String, expected: (Bool, Bool, Int?, Int?)) throws {
    var wish = CompressionWish()
    (wish.clientNoContextTakeover, wish.serverNoContextTakeover, wish.clientMaxWindowBits, wish.serverMaxWindowBits) =
      expected
    #expect(try Self.read("compression: \(text)").compression == wish)
  }

  @Test func compressionMayBeTurnedOff() throws { #expect(try Self.read("compression: false").compression == nil) }

  @Test func theOthersAreRead() throws {
    let target = try Self.read(
      "{ subprotocols: [chat.v2, chat], cookies: { sessionid: \"a{{ connection.index }}=\", empty: \"\" }, auth: { basic: \"{{ room }}:p:w\" }, url: ws://h/ }"
        .replacing("{ subprotocols", with: "subprotocols").replacing(", cookies", with: "\n  cookies")
        .replacing(", auth", with: "\n  auth").replacing(", url: ws://h/ }", with: ""))
    #expect(target.subprotocols == ["chat.v2", "chat"])
    #expect(target.cookies.map(\.name) == ["sessionid", "empty"])
    #expect(target.cookies.first?.value == Template([.literal("a"), .value(.connectionIndex), .literal("=")]))
    #expect(target.auth == .basic(Template([.value(.groupName), .literal(":p:w")])))
    #expect(try Self.read("auth: { bearer: abc.DEF-1_~+/== }").auth == .bearer(Template(literal: "abc.DEF-1_~+/==")))
  }

  @Test(
    arguments: [
      ("compression: yes", "4:16: error: 'compression' is 'yes', but true, false or a mapping is needed"),
      ("compression: [true]", "4:16: error: 'compression' is a list, but true, false or a mapping is needed"),
      ("compression:", "4:15: error: 'compression' is empty, but true, false or a mapping is needed"),
      (
        "compression: { client-max-window-bit: 9 }",
        "4:18: error: unknown key 'client-max-window-bit' in 'compression'; did you mean 'client-max-window-bits'?"
      ),
      (
        "compression: { client-max-window-bits: 7 }",
        "4:42: error: 'client-max-window-bits' is '7', but must lie between 8 and 15"
      ),
      (
        "compression: { server-max-window-bits: 16 }",
        "4:42: error: 'server-max-window-bits' is '16', but must lie between 8 and 15"
      ),
      (
        "compression: { server-max-window-bits: many }",
        "4:42: error: 'server-max-window-bits' is 'many', but a whole number is needed"
      ),
      (
        "compression: { client-no-context-takeover: 1 }",
        "4:46: error: 'client-no-context-takeover' is '1', but true or false is needed"
      ),
      (
        "compression: { server-no-context-takeover: no }",
        "4:46: error: 'server-no-context-takeover' is 'no', but true or false is needed"
      ), ("subprotocols: chat", "4:17: error: 'subprotocols' is 'chat', but a list is needed"),
      (
        "subprotocols: []",
        "4:17: error: 'subprotocols' is empty; name at least one, as in '[chat]', or leave it out"
      ), ("subprotocols: [[a]]", "4:18: error: 'subprotocols' is a list, but text is needed"),
      ("subprotocols: [\"a b\"]", "4:18: error: 'a b' is no subprotocol; use letters, digits, '.' and '-'"),
      ("subprotocols: [\"a,b\"]", "4:18: error: 'a,b' is no subprotocol; use letters, digits, '.' and '-'"),
      ("subprotocols: [a, b, a]", "4:24: error: the subprotocol 'a' stands more than once; keep one of them"),
      (
        "auth: s3cr3t",
        "4:9: error: 'auth' is no mapping; write it as in '{ bearer: TOKEN }' or '{ basic: \"user:password\" }'"
      ),
      (
        "auth: [s3cr3t]",
        "4:9: error: 'auth' is no mapping; write it as in '{ bearer: TOKEN }' or '{ basic: \"user:password\" }'"
      ),
      (
        "auth: {}",
        "4:9: error: 'auth' has 0 keys, but one is needed; write '{ bearer: TOKEN }' or '{ basic: \"user:password\" }'"
      ),
      (
        "auth: { basic: \"a:s3cr3t\", bearer: s3cr3t }",
        "4:9: error: 'auth' has 2 keys, but one is needed; write '{ bearer: TOKEN }' or '{ basic: \"user:password\" }'"
      ), ("auth: { \"bearer:s3cr3t\": x }", "4:11: error: unknown key in 'auth'; known: basic, bearer"),
      ("auth: { digest: s3cr3t }", "4:11: error: unknown key in 'auth'; known: basic, bearer"),
      (
        "auth: { basic: s3cr3t }",
        "4:18: error: 'basic' is no user and password; write them as in '\"user:password\"'"
      ),
      (
        "auth: { basic: \"u:s3cr3t\\n\" }",
        "4:18: error: 'basic' is no user and password; write them as in '\"user:password\"'"
      ), ("auth: { basic: [s3cr3t] }", "4:18: error: 'basic' is a list, but text is needed"),
      (
        "auth: { bearer: \"Bearer s3cr3t\" }",
        "4:19: error: 'bearer' is no token; write it without 'Bearer', blanks and control characters"
      ),
      (
        "auth: { bearer: \"\" }",
        "4:19: error: 'bearer' is no token; write it without 'Bearer', blanks and control characters"
      ),
      (
        "auth: { bearer: \"s3cr3t\\r\\nX: y\" }",
        "4:19: error: 'bearer' is no token; write it without 'Bearer', blanks and control characters"
      ),
      (
        "auth: { bearer: \"s3cr3t{{ conection.index }}\" }",
        "4:19: error: unknown template name 'conection.index' in 'bearer'; did you mean 'connection.index'?"
      ),
      (
        "auth: { bearer: \"s3cr3t{{ \" }",
        "4:19: error: '{{' is not closed by '}}' in 'bearer'; write it as in '{{ room }}'"
      ),
      (
        "cookies: \"a=s3cr3t\"",
        "4:12: error: 'cookies' is no mapping; write it as in '{ name: value }'"
      ),
      (
        "cookies: { \"a=s3cr3t\": x }",
        "4:14: error: a key in 'cookies' is no cookie name; use letters, digits, '-' and '_', and a blank behind the colon"
      ),
      (
        "cookies: { a: \"s3cr3t; b=c\" }",
        "4:17: error: the cookie 'a' has a character in its value that no cookie may have; write it without blanks, quotes, commas, semicolons and backslashes"
      ),
      (
        "cookies: { a: \"s3cr3t\\r\" }",
        "4:17: error: the cookie 'a' has a character in its value that no cookie may have; write it without blanks, quotes, commas, semicolons and backslashes"
      ), ("cookies: { a: { b: s3cr3t } }", "4:17: error: 'a' is a mapping, but text is needed"),
      (
        "proxy: s3cr3t",
        "4:10: error: 'proxy' is no 'http://' URL; write it as in 'http://user:password@127.0.0.1:3128'"
      ),
      (
        "proxy: https://u:s3cr3t@h",
        "4:10: error: 'proxy' is no 'http://' URL; write it as in 'http://user:password@127.0.0.1:3128'"
      ),
      (
        "proxy: http://s3cr3t@h:1",
        "4:10: error: 'proxy' has no 'user:password' before the '@'; write it as in 'http://user:password@127.0.0.1:3128'"
      ),
      (
        "proxy: http://u:s3cr3t%0d%0a@h:1",
        "4:10: error: 'proxy' has no 'user:password' before the '@'; write it as in 'http://user:password@127.0.0.1:3128'"
      ),
      (
        "proxy: http://u:s3cr3t%4@h:1",
        "4:10: error: 'proxy' has no 'user:password' before the '@'; write it as in 'http://user:password@127.0.0.1:3128'"
      ),
      (
        "proxy: http://u:s3cr3t@h:0",
        "4:10: error: 'proxy' has no 'host:port' behind 'http://'; write it as in 'http://user:password@127.0.0.1:3128'"
      ),
      (
        "proxy: http://u:s3cr3t@h/path",
        "4:10: error: 'proxy' has no 'host:port' behind 'http://'; write it as in 'http://user:password@127.0.0.1:3128'"
      ),
      (
        "proxy: http://u:s3cr3t@h:1\n  connect-to: a:1",
        "4:10: error: 'proxy' and 'connect-to' exclude each other; keep one of them"
      ),
      ("headers: s3cr3t", "4:12: error: 'headers' is no mapping; write it as in '{ X-Name: value }'"),
      (
        "headers: { \"Authorization: s3cr3t\": x }",
        "4:14: error: 'Authorization' is no header name; use letters, digits and '-'"
      ), ("headers: { Authorization: [s3cr3t] }", "4:29: error: 'Authorization' is a list, but text is needed"),
      (
        "headers: { authorization: s3cr3t }\n  auth: { bearer: s3cr3t }",
        "5:9: error: 'auth' and the header 'authorization' exclude each other; keep one of them"
      ),
      (
        "headers: { Cookie: a=s3cr3t }\n  cookies: { a: s3cr3t }",
        "5:12: error: 'cookies' and the header 'cookie' exclude each other; keep one of them"
      ),
      ("subprotocol: [a]", "4:3: error: unknown key 'subprotocol' in 'target'; did you mean 'subprotocols'?"),
    ])
  func aMistakeIsToldWithoutItsSecret(target: String, expected: String) {
    let told = diagnostics(Self.scenario(target))
    #expect(told == ["s.yaml:" + expected])
    #expect(!told.joined().contains(Self.secret))
  }
}
