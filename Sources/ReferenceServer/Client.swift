import Reactor
import TraceContext
import WebSocketProtocol

/// One client's connection.
final class Client {
  var stream: Stream
  var decoder: MessageDecoder
  let generation: UInt32
  /// Nil before the upgrade.
  var room: Int?
  var serverSpan: OpenSpan?
  /// Ended with the upgrade.
  var connectSpan: OpenSpan?
  /// The span of the wait for the next frame.
  var wait: OpenSpan?
  /// A context that a fault attached and never detached.
  var leaked: SpanContext?
  /// The one of its last message that had one.
  var lastContext: Traceparent?

  init(descriptor: Int32, generation: UInt32, messageLimit: Int) {
    stream = Stream(descriptor: descriptor)
    decoder = MessageDecoder(role: .server, limit: messageLimit)
    self.generation = generation
  }
}
