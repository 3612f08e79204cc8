import OTLPMessages
import TraceContext

/// One message while it is handled.
struct Exchange {
  let message: ChatMessage
  /// Slot of the client that sent it.
  let sender: Int
  let room: Int
  /// The message's context, if it had a valid one.
  let received: SpanContext?
  /// The connection's server span.
  let server: SpanContext?
  /// What acts on this message alone.
  let faults: FaultSet
}

/// What an exchange brings to each member of the room.
struct Broadcast {
  /// The echo's JSON text up to where the carrier follows.
  var prefix: String
  /// What the send spans are under, or what the span is under that each member has of its own.
  var context: SpanContext
  /// The name of such a span; nil where there is none.
  var memberSpan: String?
}
