import TestInputs
import Testing

@testable import WebSocketProtocol

@Suite struct HandshakeTests {
  /// The key of RFC 6455 §1.3 and what the server makes of it.
  static let key = "dGhlIHNhbXBsZSBub25jZQ=="
  static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

  @Test func theSampleKeyOfTheRFCIsAccepted() {
    #expect(Handshake.accept(forKey: Self.key) == Self.accept)
  }

  @Test(
    arguments: [
      ("FIPS 180: nothing", [], "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
      ("RFC 3174: abc", Array("abc".utf8), "a9993e364706816aba3e25717850c26c9cd0d89d"),
      (
        "RFC 3174: two blocks", Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
      ),
      (
        "RFC 3174: ten blocks", Array(String(repeating: "01234567", count: 80).utf8),
        "dea356a2cddd90c7a7ecedc5ebb563934f460452"
      ),
      ("a block but for one byte of its length", zeros(55), "8e8832c642a6a38c74c17fc92ccedc266c108e6c"),
      ("a block without room for the length", zeros(56), "9438e360f578e12c0e0e8ed28e2c125c1cefee16"),
      ("a whole block", zeros(64), "c8d7d0ef0eedfa82d2ea1aa592845b9a6d4b02b7"),
    ] as [(String, [UInt8], String)])
  func theDigestIsThatOfSHA1(label: String, message: [UInt8], digest: String) {
    let text = SHA1.digest(message).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }
    #expect(text.joined() == digest)
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
    ("\u{fffd}\u{fffd}", "77+977+9"), ("???~~~", "Pz8/fn5+"),
  ])
  func base64IsThatOfRFC4648(text: String, encoded: String) {
    #expect(Base64.text(Array(text.utf8)) == encoded)
  }

  @Test func aKeyIsBase64OfSixteenBytes() {
    var dice = Dice(seed: 51)
    for _ in 0..<100 {
      let key = Handshake.key(fromRandom: (dice.next(), dice.next()))
      #expect(Base64.isKey(key), "\(key)")
    }
    for wrong in [
      "", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZQ--",
      "dGhlIHNhbXBsZSBub25j=Q==", "dGhlIHNhbXBsZSBub25jZ-==",
    ] {
      #expect(!Base64.isKey(wrong), "\(wrong)")
    }
  }

  static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}

@Suite struct ClientHandshakeTests {
  private static let handshake = ClientHandshake(
    host: "example.com:8000", path: "/chat?a=b", headers: [("Cookie", "s=1"), ("Origin", "http://x")],
    key: HandshakeTests.key)

  static let fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: \(HandshakeTests.accept)"]

  static func answer(_ fields: [String], status: String = "HTTP/1.1 101 Switching Protocols") -> [UInt8] {
    Array(([status] + fields + ["", ""]).joined(separator: "\r\n").utf8)
  }

  private static func read(_ bytes: [UInt8]) throws(ClientHandshake.Fault) -> ClientHandshake.Answer {
    var answer = Result<ClientHandshake.Answer, ClientHandshake.Fault>.success(.incomplete)
    bytes.withUnsafeBytes { bytes in
      do throws(ClientHandshake.Fault) {
        answer = .success(try handshake.read(bytes))
      } catch {
        answer = .failure(error)
      }
    }
    return try answer.get()
  }

  @Test func theRequestIsThatOfTheRFC() {
    #expect(
      String(decoding: Self.handshake.request, as: UTF8.self) == """
        GET /chat?a=b HTTP/1.1\r
        Host: example.com:8000\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        Sec-WebSocket-Version: 13\r
        Cookie: s=1\r
        Origin: http://x\r
        \r

        """)
  }

  @Test(arguments: [
    ("as the RFC writes it", fields),
    (
      "in other cases", ["UPGRADE: WebSocket", "connection: upgrade", "sec-websocket-ACCEPT: \(HandshakeTests.accept)"]
    ),
    ("without blanks behind the colons", fields.map { $0.replacing(": ", with: ":") }),
    ("with blanks and tabs around the values", fields.map { $0.replacing(": ", with: ":\t ") + " \t" }),
    ("with more tokens", ["Upgrade: websocket", "Connection: keep-alive,\tUpgrade , x", fields[2]]),
    ("with tokens in two fields", ["Upgrade: websocket", "Connection: keep-alive", "Connection: Upgrade", fields[2]]),
    ("with further fields", ["Server: x", "Date: now", "Empty:"] + fields),
  ])
  func theAnswerIsAccepted(label: String, fields: [String]) throws {
    let bytes = Self.answer(fields)
    #expect(try Self.read(bytes) == .accepted(headLength: bytes.count))
    #expect(
      try Self.read(bytes + [0x81, 0x00]) == .accepted(headLength: bytes.count), "the first frame follows at once")
    for count in 0..<bytes.count { #expect(try Self.read(Array(bytes[..<count])) == .incomplete, "\(count) bytes") }
  }

  @Test(
    arguments: [
      ("403", "HTTP/1.1 403 Forbidden", 403), ("404 without a reason", "HTTP/1.1 404", 404),
      ("200 with a blank only", "HTTP/1.1 200 ", 200),
      ("302", "HTTP/1.1 302 Found", 302), ("502 of an old proxy", "HTTP/1.0 502 Bad Gateway", 502),
      ("100", "HTTP/1.1 100 Continue", 100),
    ] as [(String, String, UInt16)])
  func anotherStatusRefuses(label: String, line: String, status: UInt16) throws {
    #expect(try Self.read(Self.answer(["Content-Length: 0"], status: line)) == .refused(status: status))
  }

  @Test(
    arguments: [
      ("no Upgrade", [fields[1], fields[2]], .missingUpgrade),
      ("another Upgrade", ["Upgrade: h2c", fields[1], fields[2]], .missingUpgrade),
      ("a longer Upgrade", ["Upgrade: websockets", fields[1], fields[2]], .missingUpgrade),
      ("a Kelvin sign for a k", ["Upgrade: websoc\u{212a}et", fields[1], fields[2]], .missingUpgrade),
      ("no Connection", [fields[0], fields[2]], .missingConnection),
      ("another Connection", [fields[0], "Connection: keep-alive", fields[2]], .missingConnection),
      ("no Accept", [fields[0], fields[1]], .wrongAccept),
      ("another Accept", [fields[0], fields[1], "Sec-WebSocket-Accept: \(HandshakeTests.key)"], .wrongAccept),
      ("an Accept in small letters", [fields[0], fields[1], fields[2].lowercased()], .wrongAccept),
      ("two Accepts", fields + [fields[2]], .wrongAccept),
      ("an extension", fields + ["Sec-WebSocket-Extensions: permessage-deflate"], .unrequestedExtension),
      ("a subprotocol", fields + ["Sec-WebSocket-Protocol: chat"], .unrequestedSubprotocol),
      ("a folded field", fields + ["X: a", " b"], .malformedHead),
      ("a field folded with a tab", fields + ["X: a", "\tb"], .malformedHead),
      ("a field without a colon", fields + ["X"], .malformedHead),
      ("a field without a name", fields + [": x"], .malformedHead),
      ("a blank before the colon", ["Upgrade : websocket"] + fields, .malformedHead),
      ("a blank in a name", ["X Y: z"] + fields, .malformedHead),
      ("a letter outside ASCII in a name", ["Ünicode: z"] + fields, .malformedHead),
      ("a control character", ["X: a\u{1}b"] + fields, .malformedHead),
      ("a NUL", ["X: a\0"] + fields, .malformedHead),
      ("DEL", ["X: \u{7f}"] + fields, .malformedHead),
      ("a newline alone", ["X: a\nY: b"] + fields, .malformedHead),
      ("a carriage return alone", ["X: a\rY: b"] + fields, .malformedHead),
    ] as [(String, [String], ClientHandshake.Fault)])
  func theFieldsAreAFault(label: String, fields: [String], fault: ClientHandshake.Fault) {
    #expect(throws: fault) { try Self.read(Self.answer(fields)) }
  }

  @Test(arguments: [
    ("nothing", ""), ("no HTTP", "SSH-2.0-OpenSSH"), ("HTTP/2", "HTTP/2 101 x"), ("no status", "HTTP/1.1"),
    ("a short status", "HTTP/1.1 10 x"),
    ("a long status", "HTTP/1.1 1010 x"), ("a signed status", "HTTP/1.1 +10 x"), ("words", "HTTP/1.1 abc x"),
    ("status 000", "HTTP/1.1 000 x"),
    ("status 600", "HTTP/1.1 600 x"), ("full-width digits", "HTTP/1.1 １ x"),
  ])
  func theStatusLineIsAFault(label: String, line: String) {
    #expect(throws: ClientHandshake.Fault.malformedHead) { try Self.read(Self.answer(Self.fields, status: line)) }
  }

  @Test func aHeadMayHave16384Bytes() throws {
    let rest = HTTPHead.sizeLimit - Self.answer(Self.fields + ["X: "]).count
    let longest = Self.answer(Self.fields + ["X: " + String(repeating: "x", count: rest)])
    #expect(try Self.read(longest) == .accepted(headLength: HTTPHead.sizeLimit))
    let tooLong = Self.answer(Self.fields + ["X: " + String(repeating: "x", count: rest + 1)])
    #expect(throws: ClientHandshake.Fault.headTooLong) { try Self.read(tooLong) }
    #expect(try Self.read(Array(tooLong[..<(HTTPHead.sizeLimit - 1)])) == .incomplete)
    #expect(throws: ClientHandshake.Fault.headTooLong) { try Self.read([UInt8](repeating: 0x41, count: 1 << 20)) }
  }

  @Test(arguments: [61, 62] as [UInt64])
  func aDamagedAnswerNeverTraps(seed: UInt64) {
    var dice = Dice(seed: seed)
    let answer = Self.answer(Self.fields)
    let other = Self.answer(["Sec-WebSocket-Extensions: x"] + Self.fields)
    for _ in 0..<2_000 {
      let bytes = dice.damaged(dice.pick([answer, other]), alphabet: Array("\r\n: \t,101".utf8))
      _ = try? Self.read(bytes)
      _ = bytes.withUnsafeBytes { ServerHandshake.read($0) }
    }
  }
}

@Suite struct ServerHandshakeTests {
  private static let fields = [
    "Host: x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: \(HandshakeTests.key)",
    "Sec-WebSocket-Version: 13",
  ]

  private static func request(_ fields: [String], line: String = "GET /chat HTTP/1.1") -> [UInt8] {
    ClientHandshakeTests.answer(fields, status: line)
  }

  private static func read(_ bytes: [UInt8]) -> ServerHandshake.Request {
    bytes.withUnsafeBytes { ServerHandshake.read($0) }
  }

  /// The status of a refusal, 101 for an upgrade, 0 for more bytes to come.
  private static func status(_ bytes: [UInt8]) -> UInt16 {
    switch read(bytes) {
    case .incomplete: 0
    case .upgrade: 101
    case .refused(let status): status
    }
  }

  @Test func ourOwnRequestIsAcceptedByOurServerAndItsAnswerByOurClient() throws {
    let client = ClientHandshake(
      host: "h", path: "/p?q=1", headers: [("traceparent", "00-x"), ("Traceparent", "second")], key: HandshakeTests.key)
    for count in 0..<client.request.count {
      #expect(Self.status(Array(client.request[..<count])) == 0, "\(count) bytes")
    }
    guard case .upgrade(let upgrade, let headLength) = Self.read(client.request + [0x81]) else {
      Issue.record("the request is refused")
      return
    }
    #expect(headLength == client.request.count)
    #expect(upgrade.path == "/p?q=1")
    #expect(upgrade.key == HandshakeTests.key)
    #expect(upgrade.first("traceparent") == "00-x")
    #expect(upgrade.fields.count { $0.name == "traceparent" } == 2)
    let acceptance = ServerHandshake.acceptance(of: upgrade)
    let answer = try acceptance.withUnsafeBytes { try client.read($0) }
    #expect(answer == .accepted(headLength: acceptance.count))
  }

  @Test(
    arguments: [
      ("as the RFC writes it", fields, 101), ("more tokens", replacing(2, "Connection: keep-alive, upgrade"), 101),
      ("no Host", without(0), 400), ("two Hosts", fields + ["Host: y"], 400), ("no Upgrade", without(1), 426),
      ("another Upgrade", replacing(1, "Upgrade: h2c"), 426),
      ("no Connection", without(2), 426), ("another Connection", replacing(2, "Connection: close"), 426),
      ("no key", without(3), 400),
      ("a short key", replacing(3, "Sec-WebSocket-Key: abc="), 400), ("two keys", fields + [fields[3]], 400),
      ("no version", without(4), 426),
      ("HS-09: version 12", replacing(4, "Sec-WebSocket-Version: 12"), 426),
      ("two versions", fields + ["Sec-WebSocket-Version: 8"], 426),
      ("a malformed field", fields + ["X"], 400),
      ("a field of 20,000 bytes", fields + ["X: " + String(repeating: "x", count: 20_000)], 431),
    ] as [(String, [String], UInt16)])
  func theFieldsDecide(label: String, fields: [String], status: UInt16) {
    #expect(Self.status(Self.request(fields)) == status)
  }

  @Test(
    arguments: [
      ("POST", "POST / HTTP/1.1", 405), ("HTTP/1.0", "GET / HTTP/1.0", 400), ("no version", "GET /", 400),
      ("a whole URL", "GET ws://x/ HTTP/1.1", 400),
      ("an asterisk", "GET * HTTP/1.1", 400), ("four words", "GET / x HTTP/1.1", 400), ("nothing", "", 400),
      ("a method in small letters", "get / HTTP/1.1", 405),
    ] as [(String, String, UInt16)])
  func theRequestLineDecides(label: String, line: String, status: UInt16) {
    #expect(Self.status(Self.request(Self.fields, line: line)) == status)
  }

  @Test func aRefusalIsReadAsOne() throws {
    let client = ClientHandshake(host: "h", path: "/", headers: [], key: HandshakeTests.key)
    for status in [400, 403, 404, 405, 426, 431, 503] as [UInt16] {
      let refusal = ServerHandshake.refusal(status: status)
      let answer = try refusal.withUnsafeBytes { try client.read($0) }
      #expect(answer == .refused(status: status))
      let namesVersion = String(decoding: refusal, as: UTF8.self).contains("Sec-WebSocket-Version: 13")
      #expect(namesVersion == (status == 426), "RFC 6455 §4.4 wants it with 426")
    }
  }

  private static func without(_ index: Int) -> [String] { fields.indices.filter { $0 != index }.map { fields[$0] } }
  private static func replacing(_ index: Int, _ field: String) -> [String] {
    fields.indices.map { $0 == index ? field : fields[$0] }
  }
}
