import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import OTLPMessages
import Synchronization
import Testing

@testable import OTLPCollector

/// A call of gRPC as an exporter makes it; the parts of its body may be sent in several frames.
struct GRPCCall: Sendable {
  var path = GRPCCall.path(.traces)
  var contentType = "application/grpc"
  var fields: [(String, String)] = []
  /// What goes into DATA frames; by `message` what gRPC wants there.
  var body: [UInt8] = []

  static func path(_ signal: OTLPSignal) -> String {
    switch signal {
    case .traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    case .metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
    case .logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
    }
  }

  /// One message with its prefix.
  static func message(_ bytes: [UInt8], isCompressed: Bool = false, length: UInt32? = nil) -> [UInt8] {
    let length = length ?? UInt32(bytes.count)
    return [isCompressed ? 1 : 0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + bytes
  }

  var head: HPACKHeaders {
    var head: HPACKHeaders = [
      ":method": "POST", ":scheme": "http", ":path": path, ":authority": "collector", "content-type": contentType,
      "te": "trailers",
    ]
    for (name, value) in fields { head.add(name: name, value: value) }
    return head
  }
}

/// An answer to a call: its head and its trailers together, as a client sees them.
struct GRPCResult: Sendable {
  var fields: [String: String] = [:]
  var body: [UInt8] = []
  /// Whether head and trailers came in one.
  var isTrailersOnly = false

  var status: Int? { fields["grpc-status"].flatMap { Int($0) } }
  var message: String { fields["grpc-message"] ?? "" }
}

/// A connection of HTTP/2 to the collector under test.
final class GRPCConnection: Sendable {
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let channel: any Channel
  private let multiplexer: NIOHTTP2Handler.StreamMultiplexer

  init(port: Int) throws {
    let multiplexer = Mutex<NIOHTTP2Handler.StreamMultiplexer?>(nil)
    channel = try ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let made = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .client, connectionConfiguration: .init(), streamConfiguration: .init()
          ) { $0.eventLoop.makeSucceededVoidFuture() }
          multiplexer.withLock { $0 = made }
        }
      }
      .connect(host: "127.0.0.1", port: port).wait()
    self.multiplexer = try #require(multiplexer.withLock { $0 })
  }

  deinit { group.shutdownGracefully { _ in } }

  /// Sends calls at the same time and waits for all answers.
  func answers(to calls: [GRPCCall], isEnded: Bool = true) throws -> [GRPCResult] {
    let futures = calls.map { begin($0, isEnded: isEnded) }
    return try EventLoopFuture.whenAllSucceed(futures, on: group.next()).wait()
  }

  /// - Parameter isEnded: whether the client says that nothing follows.
  func answer(to call: GRPCCall, isEnded: Bool = true) throws -> GRPCResult {
    try begin(call, isEnded: isEnded).wait()
  }

  /// Fails where the connection or the stream is reset, or after ten seconds.
  func begin(_ call: GRPCCall, isEnded: Bool = true) -> EventLoopFuture<GRPCResult> {
    let answer = channel.eventLoop.makePromise(of: GRPCResult.self)
    let deadline = channel.eventLoop.scheduleTask(in: .seconds(10)) { answer.fail(ChannelError.connectTimeout(.zero)) }
    answer.futureResult.whenComplete { _ in deadline.cancel() }
    let stream = channel.eventLoop.makePromise(of: (any Channel).self)
    multiplexer.createStreamChannel(promise: stream) { stream in
      stream.eventLoop.makeCompletedFuture {
        try stream.pipeline.syncOperations.addHandler(AnswerReader(answer))
      }
    }
    stream.futureResult.cascadeFailure(to: answer)
    stream.futureResult.whenSuccess { stream in
      let isEmpty = call.body.isEmpty
      let head = HTTP2Frame.FramePayload.Headers(headers: call.head, endStream: isEmpty && isEnded)
      stream.write(HTTP2Frame.FramePayload.headers(head), promise: nil)
      if !isEmpty {
        let data = HTTP2Frame.FramePayload.Data(data: .byteBuffer(ByteBuffer(bytes: call.body)), endStream: isEnded)
        stream.write(HTTP2Frame.FramePayload.data(data), promise: nil)
      }
      stream.flush()
    }
    return answer.futureResult
  }
}

private final class AnswerReader: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload

  private let answer: EventLoopPromise<GRPCResult>
  private var result = GRPCResult()

  init(_ answer: EventLoopPromise<GRPCResult>) { self.answer = answer }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var isEnded = false
    switch Self.unwrapInboundIn(data) {
    case .headers(let part):
      if part.endStream, result.fields.isEmpty { result.isTrailersOnly = true }
      for (name, value, _) in part.headers { result.fields[name] = value }
      isEnded = part.endStream
    case .data(let part):
      if case .byteBuffer(let bytes) = part.data { result.body += Array(buffer: bytes) }
      isEnded = part.endStream
    default: break
    }
    if isEnded { answer.succeed(result) }
  }

  func channelInactive(context: ChannelHandlerContext) { answer.fail(ChannelError.eof) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { answer.fail(error) }
}
