import NIOCore

/// Ends a connection so that the other side can read our last answer.
///
/// Closing a socket with unread input resets the connection, and a reset destroys an answer that was not read yet. So
/// closing the output only begins the end: what still arrives is dropped, before anything parses it, until the other
/// side closes as well or the limit has passed.
final class LingeringClose: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let limit: TimeAmount
  private var deadline: Scheduled<Void>?
  private var isLingering = false

  init(limit: TimeAmount) { self.limit = limit }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if mode == .output, !isLingering {
      isLingering = true
      deadline = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { context.close(promise: nil) }
    }
    context.close(mode: mode, promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if !isLingering { context.fireChannelRead(data) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    context.fireChannelInactive()
  }
}
