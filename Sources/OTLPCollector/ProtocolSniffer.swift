import NIOCore

/// Looks at the first bytes of a connection: HTTP/2 begins with a preface that HTTP/1.1 cannot have (RFC 9113 §3.4).
final class ProtocolSniffer: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  private var seen = ByteBuffer()
  private let configure: (_ isHTTP2: Bool) throws -> Void

  /// - Parameter configure: adds the handlers of the protocol behind this one, which then leaves.
  init(configure: @escaping (_ isHTTP2: Bool) throws -> Void) { self.configure = configure }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var part = Self.unwrapInboundIn(data)
    seen.writeBuffer(&part)
    let isHTTP2 =
      seen.readableBytesView.elementsEqual(Self.preface.prefix(seen.readableBytes))
      || seen.readableBytesView.starts(with: Self.preface)
    guard !isHTTP2 || seen.readableBytes >= Self.preface.count else { return }
    do {
      try configure(isHTTP2)
    } catch {
      return context.close(promise: nil)
    }
    context.fireChannelRead(Self.wrapInboundOut(seen))
    context.fireChannelReadComplete()
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
    context.close(promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
