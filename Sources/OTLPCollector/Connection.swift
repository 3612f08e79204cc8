import Glibc
import NIOCore
import Timing

/// What the handlers of one connection share.
final class Connection {
  private let channel: any Channel
  /// Answers that are ready and wait for their time.
  private(set) var waitingAnswers = 0
  /// When it sent something.
  var lastRead = Instant.now
  /// Bytes of bodies that are not complete.
  private(set) var unfinishedBytes = 0
  /// Since when it has had such bodies.
  private(set) var unfinishedSince: Instant?

  init(_ channel: any Channel) { self.channel = channel }

  func book(_ count: Int) {
    if unfinishedBytes == 0 { unfinishedSince = .now }
    unfinishedBytes += count
  }

  func unbook(_ count: Int) {
    unfinishedBytes -= count
    if unfinishedBytes == 0 { unfinishedSince = nil }
  }

  func beginWaiting() { waitingAnswers += 1 }

  func endWaiting() { waitingAnswers -= 1 }

  func close() { channel.close(promise: nil) }

  /// Ends it as a crash would: what was sent and not read yet is lost.
  func reset() {
    if let socket = channel as? any SocketOptionProvider { _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)) }
    channel.close(promise: nil)
  }
}

/// Notes when a connection sends something.
final class ReadClock: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let connection: Connection

  init(_ connection: Connection) { self.connection = connection }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    connection.lastRead = .now
    context.fireChannelRead(data)
  }
}
