package import Observations
package import TraceContext

extension EchoReader {
  package enum Reading: Hashable, Sendable {
    /// Matches a message type.
    case echo(Echo)
    /// Matches a type whose text names a message, but of another sender.
    case foreign(type: UInt8)
    case unreadable(UnreadableReason)
  }

  /// What an echo says.
  package struct Echo: Hashable, Sendable, BitwiseCopyable {
    // In the order that leaves no gaps: it is handed over for each echo.
    package var type: UInt8
    /// What became of what messages of this type carry beside the traceparent.
    package var tracestate: TracestateChange
    package var baggage: BaggageChange
    package var form: ContextForm
    /// The message that its text names, or nil where the type has no such text.
    package var message: MessageIdentity?
    package var context: EchoedContext

    @inline(__always)
    package init(
      type: UInt8, message: MessageIdentity?, _ context: EchoedContext, tracestate: TracestateChange = .kept,
      baggage: BaggageChange = .kept, form: ContextForm = []
    ) {
      self.type = type
      self.message = message
      self.context = context
      self.tracestate = tracestate
      self.baggage = baggage
      self.form = form
    }
  }
}
