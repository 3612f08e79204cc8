package import TraceContext

/// What trace context a message carries.
package struct TraceSettings: Sendable {
  package var mode: TraceMode
  /// The share of messages whose sampled flag is set, 0 to 1; which ones is decided by their identity.
  package var sampled: Double
  /// Whether the random flag is set (W3C Trace Context level 2): our trace IDs look random.
  package var isRandom: Bool
  /// Travels beside the traceparent; nil for none.
  package var tracestate: Tracestate?
  package var baggage: Baggage?

  package init(
    mode: TraceMode = .fresh, sampled: Double = 1, isRandom: Bool = false, tracestate: Tracestate? = nil,
    baggage: Baggage? = nil
  ) {
    self.mode = mode
    self.sampled = sampled
    self.isRandom = isRandom
    self.tracestate = tracestate
    self.baggage = baggage
  }

  package static let fresh = TraceSettings()

  /// Which flags its traceparents carry; for raw text it says nothing.
  package var flags: FlagRule { FlagRule(sampled: sampled, isRandom: isRandom) }
}

/// Where the trace ID and parent ID of a message come from.
package enum TraceMode: Hashable, Sendable {
  /// A trace of its own.
  case fresh
  /// The one trace of its connection, under a span ID of its own.
  case connection
  /// The very traceparent that its connection received last, in an echo of whosever message; a fresh one until one was
  /// received. The tracestate and the baggage are those of the settings still.
  case sticky
  /// The carrier is left out.
  case none
  /// This text, which need not be a traceparent, in the traceparent's place; it may name the message's own IDs once
  /// each.
  case raw(Template)

  /// Whether messages carry a trace of ours.
  package var isTraced: Bool {
    switch self {
    case .fresh, .connection, .sticky: true
    case .none, .raw: false
    }
  }
}

/// The trace context of upgrade requests, and the spans that the target makes for a connection.
package struct UpgradeRule: Sendable {
  /// Its mode is `connection`.
  package var trace: TraceSettings
  /// Under the span ID that the upgrade carries; empty where nothing is said of them.
  package var spans: [SpanRule]

  package init(trace: TraceSettings, spans: [SpanRule]) {
    self.trace = trace
    self.spans = spans
  }
}
