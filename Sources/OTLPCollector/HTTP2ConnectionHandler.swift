import NIOCore
import NIOHTTP2

/// The connection under the streams of HTTP/2: ends it where it is idle, or where its peer breaks the protocol.
final class HTTP2ConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame

  private let loop: CollectorLoop
  private let connection: Connection
  private var hasFailed = false

  init(loop: CollectorLoop, connection: Connection) {
    self.loop = loop
    self.connection = connection
  }

  /// Settings, pings and the like, which NIO has answered.
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent {
      if connection.waitingAnswers == 0 { context.close(promise: nil) }
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  /// NIO has sent a GOAWAY that says why; an error of one stream ends that stream alone.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard !(error is NIOHTTP2Errors.StreamError), !hasFailed else { return }
    hasFailed = true
    if error is any NIOHTTP2Error {
      loop.ledger.recordRefusal(bodyBytes: 0)
      context.close(mode: .output, promise: nil)
    } else {
      context.close(promise: nil)
    }
  }
}
