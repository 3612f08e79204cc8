import OTLPMessages

@testable import OTLPCollector

/// HTTP/2 written frame by frame, as no library would.
struct RawHTTP2 {
  struct Frame: Equatable {
    var type: UInt8
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []

    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let reset: UInt8 = 3
    static let settings: UInt8 = 4
    static let ping: UInt8 = 6
    static let goAway: UInt8 = 7
    static let continuation: UInt8 = 9

    var bytes: [UInt8] {
      let length = UInt32(payload.count)
      return (1..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + [type, flags]
        + (0..<4).map { UInt8(truncatingIfNeeded: stream >> (24 - 8 * $0)) } + payload
    }
  }

  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  let connection: ExporterConnection

  /// Sends the preface and empty settings.
  init(_ connection: ExporterConnection) throws {
    self.connection = connection
    try connection.send(Self.preface + Frame(type: Frame.settings).bytes)
  }

  func send(_ frame: Frame) throws { try connection.send(frame.bytes) }

  func receive() throws -> Frame {
    let head = try connection.receive(9)
    let number = { (bytes: ArraySlice<UInt8>) in bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
    return Frame(
      type: head[3], flags: head[4], stream: number(head[5..<9]),
      payload: try connection.receive(Int(number(head[0..<3]))))
  }

  /// Reads until a frame of this type comes.
  func receive(type: UInt8) throws -> Frame {
    while true {
      let frame = try receive()
      if frame.type == type { return frame }
    }
  }

  /// Whether the collector ends the connection, in an orderly way or by a reset, within ten seconds.
  func isEnded() -> Bool {
    while true {
      do {
        _ = try receive()
      } catch {
        // 11 is EAGAIN: ten seconds have passed.
        return (error as? ExporterConnection.Failure)?.reason != "recv: errno 11"
      }
    }
  }

  /// A header block without compression (RFC 7541 §6.2.2).
  static func block(_ fields: [(String, String)]) -> [UInt8] {
    fields.flatMap { name, value in [0] + text(name) + text(value) }
  }

  static let callFields = [
    (":method", "POST"), (":scheme", "http"), (":path", GRPCCall.path(.traces)), (":authority", "collector"),
    ("content-type", "application/grpc"), ("te", "trailers"),
  ]

  /// A length as an integer with a prefix of seven bits (RFC 7541 §5.1), and the text.
  private static func text(_ text: String) -> [UInt8] {
    var rest = text.utf8.count
    guard rest >= 127 else { return [UInt8(rest)] + Array(text.utf8) }
    var length: [UInt8] = [127]
    rest -= 127
    while rest >= 128 {
      length.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return length + [UInt8(rest)] + Array(text.utf8)
  }
}
