import NIOCore
import Reactor

/// Decrypts what the socket brings and encrypts what goes to it.
final class TLSHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let context: TLSContext
  private var pipe: TLSPipe?

  init(_ context: TLSContext) { self.context = context }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let pipe = pipe ?? open(context) else { return context.close(promise: nil) }
    let ciphertext = Self.unwrapInboundIn(data)
    var plaintext = context.channel.allocator.buffer(capacity: ciphertext.readableBytes)
    var records = ByteBuffer()
    ciphertext.withUnsafeReadableBytes { bytes in
      pipe.receive(bytes, plaintext: { plaintext.writeBytes($0) }, records: { records.writeBytes($0) })
    }
    send(records, context, isReply: true)
    if plaintext.readableBytes > 0 { context.fireChannelRead(Self.wrapInboundOut(plaintext)) }
    // What TLS has to say of a fault must be read before the connection ends.
    if pipe.fault != nil {
      context.close(mode: .output, promise: nil)
    } else if pipe.hasEnded {
      context.close(promise: nil)
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let plaintext = Self.unwrapOutboundIn(data)
    var records = context.channel.allocator.buffer(capacity: plaintext.readableBytes + 64)
    let isSent = plaintext.withUnsafeReadableBytes { bytes in
      pipe?.send(bytes, records: { records.writeBytes($0) }) ?? false
    }
    guard isSent else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return context.close(promise: nil)
    }
    context.write(Self.wrapOutboundOut(records), promise: promise)
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if mode != .input {
      var records = ByteBuffer()
      pipe?.end { records.writeBytes($0) }
      send(records, context, isReply: false)
    }
    context.close(mode: mode, promise: promise)
  }

  private func open(_ context: ChannelHandlerContext) -> TLSPipe? {
    pipe = TLSPipe(self.context)
    return pipe
  }

  private func send(_ records: ByteBuffer, _ context: ChannelHandlerContext, isReply: Bool) {
    guard records.readableBytes > 0 else { return }
    if isReply { pipe?.countReply(records.readableBytes, isWaiting: !context.channel.isWritable) }
    context.writeAndFlush(Self.wrapOutboundOut(records), promise: nil)
  }
}
