import ArgumentParser
import CLinux
import Foundation

/// The exporter of the collector's benchmark, in a process of its own.
struct SpanSender: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "send-spans", shouldDisplay: false)

  @Option var port: UInt16
  @Option var transport: SpanTransport
  @Option var spans: Int
  @Option var seed: UInt64 = 1
  @Flag var rich = false

  func run() throws {
    linux_end_with_parent(SIGTERM)
    _ = linux_pin_thread(linux_nth_processor(0))
    var bodies = SpanBodies(transport, seed: seed, isRich: rich)
    let connection = try BlockingConnection(port: port)
    var calls = transport == .grpc ? try GRPCCalls(connection) : nil
    for _ in 0..<max(spans / SpanBodies.spansOfBody, 1) {
      let body = try bodies.next()
      if calls != nil { try calls?.call(body) } else { try post(body, connection) }
    }
  }

  private func post(_ body: [UInt8], _ connection: BlockingConnection) throws {
    let type = transport == .json ? "application/json" : "application/x-protobuf"
    let coding = transport == .gzip ? "content-encoding: gzip\r\n" : ""
    let head =
      "POST /v1/traces HTTP/1.1\r\nhost: collector\r\ncontent-type: \(type)\r\n\(coding)"
      + "content-length: \(body.count)\r\n\r\n"
    try connection.send(Array(head.utf8) + body)
    let answer = try connection.receive()
    guard String(decoding: answer.prefix(12), as: UTF8.self) == "HTTP/1.1 200" else {
      throw BenchmarkFault(description: "answered: \(String(decoding: answer.prefix(200), as: UTF8.self))")
    }
  }
}

extension SpanTransport: ExpressibleByArgument {}

/// A TCP connection to loopback whose calls wait.
final class BlockingConnection {
  private let descriptor: Int32
  private var buffer = [UInt8](repeating: 0, count: 65_536)

  init(port: UInt16) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    descriptor = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        linux_connect_blocking($0, UInt32(MemoryLayout<sockaddr_in>.size), 60)
      }
    }
    guard descriptor >= 0 else { throw BenchmarkFault(description: "no connection to port \(port)") }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = Glibc.send(
          descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
        guard count > 0 else { throw BenchmarkFault(description: "the collector takes no more") }
        sent += count
      }
    }
  }

  /// What has arrived, once something has.
  func receive() throws -> ArraySlice<UInt8> {
    let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
    guard count > 0 else { throw BenchmarkFault(description: "the collector closed the connection") }
    return buffer[..<count]
  }
}

/// Unary gRPC calls one after the other, by hand: as much of HTTP/2 as that needs.
struct GRPCCalls {
  private let connection: BlockingConnection
  private var received: [UInt8] = []
  private var stream: UInt32 = 1
  /// Bytes that the collector still takes on the connection; a stream's window is larger than a body.
  private var window = 65_535
  /// Bytes of answers that it has not been told of.
  private var unacknowledged = 0

  init(_ connection: BlockingConnection) throws {
    self.connection = connection
    try connection.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(type: 4, stream: 0, []))
  }

  mutating func call(_ message: [UInt8]) throws {
    let body = [0] + Self.bytes(UInt32(message.count)) + message
    var frames = Self.frame(type: 1, flags: 4, stream: stream, Self.head)
    var start = 0
    while start < body.count {
      let end = min(start + min(16_384, window), body.count)
      if end > start {
        frames += Self.frame(type: 0, flags: end == body.count ? 1 : 0, stream: stream, body[start..<end])
        window -= end - start
        start = end
      }
      if window == 0 || start == body.count {
        try connection.send(frames)
        frames = []
      }
      if window == 0 { try take() }
    }
    while try take() != stream {}
    stream += 2
  }

  /// Takes the next frame; the stream that it ends, if it ends one.
  @discardableResult
  private mutating func take() throws -> UInt32? {
    while received.count < 9 { received += try connection.receive() }
    let length = Int(received[0]) << 16 | Int(received[1]) << 8 | Int(received[2])
    while received.count < 9 + length { received += try connection.receive() }
    let (type, flags, stream) = (received[3], received[4], Self.number(received[5..<9]) & 0x7fff_ffff)
    let payload = received[9..<9 + length]
    switch type {
    case 4 where flags & 1 == 0: try connection.send(Self.frame(type: 4, flags: 1, stream: 0, []))
    case 8 where stream == 0: window += Int(Self.number(payload))
    case 0 where length > 0: try acknowledge(length)
    case 3, 7: throw BenchmarkFault(description: "the collector ended the stream or the connection")
    default: break
    }
    received.removeFirst(9 + length)
    return type <= 1 && flags & 1 == 1 ? stream : nil
  }

  /// Lets the collector send as many more bytes of answers, now and then.
  private mutating func acknowledge(_ count: Int) throws {
    unacknowledged += count
    guard unacknowledged > 16_384 else { return }
    try connection.send(Self.frame(type: 8, stream: 0, Self.bytes(UInt32(unacknowledged))))
    unacknowledged = 0
  }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

  private static func frame(type: UInt8, flags: UInt8 = 0, stream: UInt32, _ payload: some Collection<UInt8>) -> [UInt8]
  {
    var frame = bytes(UInt32(payload.count)).dropFirst() + [type, flags]
    frame += bytes(stream)
    frame += payload
    return Array(frame)
  }

  /// Literal fields without indexing (RFC 7541 §6.2.2), texts as they are.
  private static let head: [UInt8] = [
    (":method", "POST"), (":scheme", "http"),
    (":path", "/opentelemetry.proto.collector.trace.v1.TraceService/Export"), (":authority", "collector"),
    ("content-type", "application/grpc"), ("te", "trailers"),
  ].flatMap { (name: String, value: String) -> [UInt8] in
    var field: [UInt8] = [0, UInt8(name.utf8.count)]
    field += Array(name.utf8)
    field.append(UInt8(value.utf8.count))
    return field + Array(value.utf8)
  }
}
