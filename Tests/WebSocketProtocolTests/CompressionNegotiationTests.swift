import TestInputs
import Testing

@testable import WebSocketProtocol

/// RFC 7692 §7.1 and RFC 6455 §9.1.
@Suite struct CompressionNegotiationTests {
  private static let plain = CompressionOffer()
  private static let strict = CompressionOffer(
    serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 12,
    clientMaxWindowBits: .atMost(10))
  private static let closed = CompressionOffer(clientMaxWindowBits: .notOffered)

  private static func read(
    _ fields: [String], _ offer: CompressionOffer?, subprotocols: [String] = []
  ) throws(ClientHandshake.Fault) -> ClientHandshake.Answer {
    let handshake = ClientHandshake(
      host: "h", path: "/", headers: [], subprotocols: subprotocols, compression: offer, key: HandshakeTests.key)
    var answer = Result<ClientHandshake.Answer, ClientHandshake.Fault>.success(.incomplete)
    ClientHandshakeTests.answer(ClientHandshakeTests.fields + fields).withUnsafeBytes { bytes in
      do throws(ClientHandshake.Fault) { answer = .success(try handshake.read(bytes)) } catch {
        answer = .failure(error)
      }
    }
    return try answer.get()
  }

  private static func agreement(_ text: String, _ offer: CompressionOffer) throws -> CompressionAgreement? {
    guard case .accepted(_, let agreement, _) = try read(["Sec-WebSocket-Extensions: \(text)"], offer) else {
      return nil
    }
    return agreement
  }

  @Test(arguments: [
    ("by default", plain, "permessage-deflate; client_max_window_bits"),
    (
      "with everything", strict,
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=10"
    ), ("without a limit for us", closed, "permessage-deflate"),
  ])
  func anOfferIsWritten(label: String, offer: CompressionOffer, text: String) {
    let handshake = ClientHandshake(host: "h", path: "/", headers: [], compression: offer, key: HandshakeTests.key)
    #expect(String(decoding: handshake.request, as: UTF8.self).contains("\r\nSec-WebSocket-Extensions: \(text)\r\n"))
  }

  @Test(
    arguments: [
      ("nothing more", plain, "permessage-deflate", false, false, nil, nil),
      (
        "its window is given up unasked", plain, "permessage-deflate; server_no_context_takeover", true, false, nil, nil
      ),
      ("ours is to be given up", plain, "permessage-deflate; client_no_context_takeover", false, true, nil, nil),
      ("its window is limited unasked", plain, "permessage-deflate;server_max_window_bits=8", false, false, 8, nil),
      ("ours is limited", plain, "permessage-deflate; client_max_window_bits=9", false, false, nil, 9),
      ("a value in quotes", plain, "permessage-deflate; client_max_window_bits=\"1\\0\"", false, false, nil, 10),
      ("empty elements", plain, " , permessage-deflate\t;\tserver_max_window_bits = 15 ,, ", false, false, 15, nil),
      (
        "all that was asked", strict,
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=10; client_no_context_takeover",
        true, true, 12, 10
      ),
      (
        "less than we announced ourselves", strict,
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=9", true, true, 9, 10
      ),
    ] as [(String, CompressionOffer, String, Bool, Bool, UInt8?, UInt8?)])
  func anAnswerIsAgreedTo(
    label: String, offer: CompressionOffer, text: String, server: Bool, client: Bool, serverBits: UInt8?,
    clientBits: UInt8?
  ) throws {
    var expected = CompressionAgreement()
    expected.serverNoContextTakeover = server
    expected.clientNoContextTakeover = client
    expected.serverMaxWindowBits = serverBits
    expected.clientMaxWindowBits = clientBits
    #expect(try Self.agreement(text, offer) == expected)
  }

  private static let deflate = "permessage-deflate; "

  private static let faults: [(label: String, offer: CompressionOffer?, text: String, fault: ClientHandshake.Fault)] = [
    ("no offer", nil, "permessage-deflate", .unrequestedExtension),
    ("another extension", plain, "x-webkit-deflate-frame", .unrequestedExtension),
    ("another extension beside", plain, "permessage-deflate, mux", .unrequestedExtension),
    ("in another case", plain, "Permessage-Deflate", .unrequestedExtension),
    ("twice", plain, "permessage-deflate, permessage-deflate", .repeatedExtension),
    ("in two fields", plain, "permessage-deflate\r\nSec-WebSocket-Extensions: mux", .repeatedExtension),
    ("nothing", plain, "", .malformedExtensions), ("commas", plain, " ,, ", .malformedExtensions),
    ("a semicolon at the end", plain, "permessage-deflate;", .malformedExtensions),
    ("an equals sign at the end", plain, deflate + "a=", .malformedExtensions),
    ("an open quote", plain, deflate + "a=\"1", .malformedExtensions),
    ("quotes around nothing", plain, deflate + "a=\"\"", .malformedExtensions),
    ("quotes around a blank", plain, deflate + "a=\"1 0\"", .malformedExtensions),
    ("a blank inside", plain, "permessage deflate", .malformedExtensions),
    ("an unknown parameter", plain, deflate + "max_window=9", .compression(.unknownParameter)),
    ("a parameter in another case", plain, deflate + "Client_Max_Window_Bits=9", .compression(.unknownParameter)),
    (
      "a parameter twice", plain, deflate + "server_max_window_bits=9; server_max_window_bits=9",
      .compression(.repeatedParameter)
    ),
    (
      "a flag twice", plain, deflate + "server_no_context_takeover; server_no_context_takeover",
      .compression(.repeatedParameter)
    ),
    ("a flag with a value", plain, deflate + "server_no_context_takeover=true", .compression(.malformedValue)),
    ("our flag with a value", plain, deflate + "client_no_context_takeover=1", .compression(.malformedValue)),
    ("7 bits", plain, deflate + "server_max_window_bits=7", .compression(.malformedValue)),
    ("16 bits", plain, deflate + "server_max_window_bits=16", .compression(.malformedValue)),
    ("a leading zero", plain, deflate + "server_max_window_bits=09", .compression(.malformedValue)),
    ("a sign", plain, deflate + "server_max_window_bits=+9", .compression(.malformedValue)),
    ("no bits", plain, deflate + "server_max_window_bits", .compression(.malformedValue)),
    ("none of ours", plain, deflate + "client_max_window_bits", .compression(.malformedValue)),
    ("no number", plain, deflate + "client_max_window_bits=x", .compression(.malformedValue)),
    ("its window is kept", strict, deflate + "server_max_window_bits=12", .compression(.serverKeepsContext)),
    ("its size is left out", strict, deflate + "server_no_context_takeover", .compression(.serverWindowTooLarge)),
    (
      "its size is larger", strict, deflate + "server_no_context_takeover; server_max_window_bits=13",
      .compression(.serverWindowTooLarge)
    ),
    (
      "ours is larger", strict,
      deflate + "server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=11",
      .compression(.clientWindowTooLarge)
    ),
    ("ours was not offered", closed, deflate + "client_max_window_bits=15", .compression(.clientWindowNotOffered)),
  ]

  @Test(arguments: faults)
  func anAnswerIsAFault(label: String, offer: CompressionOffer?, text: String, fault: ClientHandshake.Fault) {
    #expect(throws: fault) { try Self.read(["Sec-WebSocket-Extensions: \(text)"], offer) }
  }

  @Test func everyFaultHasARowAndASection() {
    let rows = Self.faults.compactMap { row in if case .compression(let fault) = row.fault { fault } else { nil } }
    #expect(Set(rows) == Set(CompressionFault.allCases))
    #expect(CompressionFault.allCases.allSatisfy { $0.section.hasPrefix("7.1") })
  }

  @Test func aServerMayAgreeToNothing() throws {
    guard case .accepted(_, nil, nil) = try Self.read([], Self.strict, subprotocols: ["a"]) else {
      Issue.record("refused")
      return
    }
  }

  @Test(
    arguments: [
      ("as it is offered", "permessage-deflate", "permessage-deflate"),
      ("with our limit open", "permessage-deflate; client_max_window_bits", "permessage-deflate"),
      (
        "with everything",
        "permessage-deflate; client_max_window_bits=9; server_max_window_bits=10; server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9"
      ),
      ("behind another", "mux, permessage-deflate", "permessage-deflate"),
      (
        "the second, as the first is strange",
        "permessage-deflate; strange, permessage-deflate; server_max_window_bits=9",
        "permessage-deflate; server_max_window_bits=9"
      ),
      ("in a second field", "mux\r\nSec-WebSocket-Extensions: permessage-deflate", "permessage-deflate"),
      ("not at all: another one", "mux", nil),
      ("not at all: 7 bits", "permessage-deflate; server_max_window_bits=7", nil),
      ("not at all: no bits", "permessage-deflate; server_max_window_bits", nil),
    ] as [(String, String, String?)])
  func aServerAgrees(label: String, offer: String, answer: String?) throws {
    let request = ClientHandshake(
      host: "h", path: "/", headers: [("Sec-WebSocket-Extensions", offer)], key: HandshakeTests.key
    ).request
    guard case .upgrade(let upgrade, _) = request.withUnsafeBytes({ ServerHandshake.read($0) }) else {
      Issue.record("refused")
      return
    }
    #expect(upgrade.acceptableCompression?.text == answer)
    let text = String(
      decoding: ServerHandshake.acceptance(of: upgrade, compression: upgrade.acceptableCompression), as: UTF8.self)
    #expect(text.contains("Sec-WebSocket-Extensions") == (answer != nil))
  }

  @Test func aRequestWithoutAListOfExtensionsIsRefused() {
    let request = ClientHandshake(
      host: "h", path: "/", headers: [("Sec-WebSocket-Extensions", "a b")], key: HandshakeTests.key
    ).request
    guard case .refused(status: 400) = request.withUnsafeBytes({ ServerHandshake.read($0) }) else {
      Issue.record("not refused")
      return
    }
  }

  @Test func ourClientAndOurServerAlwaysAgree() throws {
    for bits in [nil] + (8...15).map(Optional.init) as [UInt8?] {
      for window in [.notOffered, .any] + (8...15).map({ .atMost($0) }) as [CompressionOffer.ClientWindow] {
        for (server, client) in [(false, false), (true, false), (false, true), (true, true)] {
          let offer = CompressionOffer(
            serverNoContextTakeover: server, clientNoContextTakeover: client, serverMaxWindowBits: bits,
            clientMaxWindowBits: window)
          let handshake = ClientHandshake(
            host: "h", path: "/", headers: [], compression: offer, key: HandshakeTests.key)
          guard case .upgrade(let upgrade, _) = handshake.request.withUnsafeBytes({ ServerHandshake.read($0) }) else {
            Issue.record("\(offer) is refused")
            continue
          }
          let theirs = try #require(upgrade.acceptableCompression)
          let answer = ServerHandshake.acceptance(of: upgrade, compression: theirs)
          #expect(
            try answer.withUnsafeBytes { try handshake.read($0) }
              == .accepted(headLength: answer.count, compression: theirs))
        }
      }
    }
  }

  @Test(
    arguments: [
      ("the first", "chat", "chat"), ("the second", "chat.v2", "chat.v2"), ("none", nil, nil),
    ] as [(String, String?, String?)])
  func aSubprotocolMayBeChosen(label: String, choice: String?, expected: String?) throws {
    let fields = choice.map { ["Sec-WebSocket-Protocol: \($0)"] } ?? []
    guard case .accepted(_, _, let chosen) = try Self.read(fields, nil, subprotocols: ["chat", "chat.v2"]) else {
      Issue.record("not accepted")
      return
    }
    #expect(chosen == expected)
  }

  @Test(
    arguments: [
      ("one that was not offered", ["superchat"], .unrequestedSubprotocol),
      ("in another case", ["Chat"], .unrequestedSubprotocol),
      ("nothing", [""], .unrequestedSubprotocol), ("two in one field", ["chat, chat.v2"], .severalSubprotocols),
      ("two fields", ["chat", "chat.v2"], .severalSubprotocols),
      ("the same twice", ["chat", "chat"], .severalSubprotocols),
    ] as [(String, [String], ClientHandshake.Fault)])
  func aChoiceOfSubprotocolIsAFault(label: String, choices: [String], fault: ClientHandshake.Fault) {
    #expect(throws: fault) {
      try Self.read(choices.map { "Sec-WebSocket-Protocol: \($0)" }, nil, subprotocols: ["chat", "chat.v2"])
    }
  }

  @Test func subprotocolsAreOfferedAndReadByTheServer() throws {
    let handshake = ClientHandshake(
      host: "h", path: "/", headers: [], subprotocols: ["b", "a"], key: HandshakeTests.key)
    #expect(String(decoding: handshake.request, as: UTF8.self).contains("\r\nSec-WebSocket-Protocol: b, a\r\n"))
    guard case .upgrade(let upgrade, _) = handshake.request.withUnsafeBytes({ ServerHandshake.read($0) }) else {
      Issue.record("refused")
      return
    }
    #expect(upgrade.subprotocols == ["b", "a"])
    let answer = ServerHandshake.acceptance(of: upgrade, subprotocol: "a")
    #expect(
      try answer.withUnsafeBytes { try handshake.read($0) } == .accepted(headLength: answer.count, subprotocol: "a"))
  }
}
