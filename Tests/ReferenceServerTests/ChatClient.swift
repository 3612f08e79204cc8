import Foundation
import Reactor
import Testing
import TraceContext
import WebSocketProtocol

/// A blocking WebSocket client whose reads give up after ten seconds.
final class ChatClient {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var decoder = MessageDecoder(role: .client, limit: 1 << 20)
  /// The HTTP status of the answer to the upgrade.
  private(set) var status: UInt16 = 101
  /// What the server agreed to.
  private(set) var agreement: CompressionAgreement?
  private(set) var subprotocol: String?
  private var compression: Compression?
  /// Messages that came compressed.
  let pool = CompressionPool()

  init(
    port: UInt16, path: String, compression: CompressionOffer? = nil, subprotocols: [String] = []
  ) throws {
    let address = try SocketAddress(host: "127.0.0.1", port: port)
    descriptor = try #require(address.connectBlocking(timeLimitSeconds: 10))
    let handshake = ClientHandshake(
      host: "h", path: path, headers: [], subprotocols: subprotocols, compression: compression,
      key: Handshake.key(fromRandom: (1, 2)))
    try send(handshake.request)
    while true {
      switch try buffer.withUnsafeBytes({ try handshake.read($0) }) {
      case .incomplete: try receive()
      case .accepted(let length, let agreement, let subprotocol):
        buffer.removeFirst(length)
        self.agreement = agreement
        self.subprotocol = subprotocol
        if let agreement {
          let compression = Compression(agreement, role: .client, pool: pool)
          decoder.use(compression)
          self.compression = compression
        }
        return
      case .refused(let status):
        self.status = status
        return
      }
    }
  }

  deinit { Glibc.close(descriptor) }

  struct Ended: Error {}

  private func send(_ bytes: [UInt8]) throws {
    let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    guard count == bytes.count else { throw Ended() }
  }

  private func receive() throws {
    var chunk = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count > 0 else { throw Ended() }
    buffer += chunk[..<count]
  }

  func say(_ text: String) throws {
    let text = Array(text.utf8)
    guard let compression else { return try send(FrameEncoding.frame(.text, text, maskKey: 0x0102_0304)) }
    try send(text.withUnsafeBytes { Array(compression.frame(.text, $0, maskKey: 0x0102_0304)) })
  }

  /// Several messages in one write, so that they are there at once.
  func say(together texts: [String]) throws {
    try send(texts.flatMap { FrameEncoding.frame(.text, Array($0.utf8), maskKey: 0x0102_0304) })
  }

  func sendFrame(_ opcode: Opcode, _ payload: [UInt8]) throws {
    try send(FrameEncoding.frame(opcode, payload, maskKey: 7))
  }

  /// The next event and its payload.
  func next() throws -> (event: MessageDecoder.Event, payload: [UInt8]) {
    while true {
      var offset = 0
      if let event = try buffer.withUnsafeMutableBytes({ try decoder.next($0, from: &offset) }) {
        var payload: [UInt8] = []
        switch event {
        case .message(_, let range), .ping(let range), .pong(let range), .close(_, let range):
          payload = Array(buffer[range])
        case .assembled: payload = decoder.takeAssembled()
        }
        buffer.removeFirst(offset)
        return (event, payload)
      }
      try receive()
    }
  }

  /// Every message that the server sent before it answers this ping.
  func hearAll() throws -> [String] {
    try sendFrame(.ping, [])
    var texts: [String] = []
    while true {
      let (event, payload) = try next()
      switch event {
      case .pong: return texts
      case .message, .assembled: texts.append(String(decoding: payload, as: UTF8.self))
      case .ping: break
      case .close: throw Ended()
      }
    }
  }

  func hear() throws -> String { String(decoding: try next().payload, as: UTF8.self) }

  func hearObject() throws -> [String: Any] {
    let text = try hear()
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
  }

  /// The text of the traceparent of the next message, nil where it has none.
  func hearTraceparent() throws -> String? {
    try (hearObject()["trace_context"] as? [String: Any])?["traceparent"] as? String
  }

  func hearContext() throws -> Traceparent { try Traceparent(#require(try hearTraceparent())) }
}

extension Traceparent {
  /// A context of a client's own.
  static func client(_ number: UInt64, flags: UInt8 = 1) -> Traceparent {
    Traceparent(
      traceID: TraceID(high: 0xc11e, low: number), parentID: SpanID(0xa000 + number),
      flags: TraceFlags(rawValue: flags))
  }
}

enum Message {
  static func chat(_ context: Traceparent?, text: String = "hello", state: String = "", baggage: String = "") -> String
  {
    "{\"type\":\"chat_message\",\"message\":\"\(text)\"\(carrier(context, state, baggage))}"
  }

  static func typing(_ context: Traceparent?, state: String = "", baggage: String = "") -> String {
    "{\"type\":\"typing\",\"is_typing\":true\(carrier(context, state, baggage))}"
  }

  /// A chat message with any text in the place of its traceparent.
  static func chat(traceparent: String) -> String {
    "{\"type\":\"chat_message\",\"message\":\"hello\",\"trace_context\":{\"traceparent\":\"\(traceparent)\"}}"
  }

  static func unknown(_ type: String, _ context: Traceparent?) -> String {
    "{\"type\":\(type)\(carrier(context, "", ""))}"
  }

  private static func carrier(_ context: Traceparent?, _ state: String, _ baggage: String) -> String {
    guard let context else { return "" }
    let state = state.isEmpty ? "" : ",\"tracestate\":\"\(state)\""
    let baggage = baggage.isEmpty ? "" : ",\"baggage\":\"\(baggage)\""
    return ",\"trace_context\":{\"traceparent\":\"\(context)\"\(state)\(baggage)}"
  }
}

/// What an echo's carrier holds.
struct HeardContext {
  /// The echo as it came.
  var text: String
  /// Nil where it is no text.
  var traceparent: String?
  var tracestate: String?
  var baggage: String?
  var hasCarrier: Bool

  init(_ echo: String) throws {
    text = echo
    let object = try JSONSerialization.jsonObject(with: Data(echo.utf8)) as? [String: Any]
    let carrier = object?["trace_context"] as? [String: Any]
    hasCarrier = carrier != nil
    traceparent = carrier?["traceparent"] as? String
    tracestate = carrier?["tracestate"] as? String
    baggage = carrier?["baggage"] as? String
  }

  /// Nil where the text is no traceparent.
  var context: Traceparent? { traceparent.flatMap { try? Traceparent($0) } }
}
