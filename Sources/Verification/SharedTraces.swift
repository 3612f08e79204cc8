import Observations
import Timing
import TraceContext

/// Traces that are not one message's alone, by their ID: those of connections, those that a message adopted, and those
/// that the server began where it should.
///
/// Their spans lie in the verifier's pool, chained by trace, until a message takes the ones that are its own.
struct SharedTraces {
  struct Chain {
    /// The last that arrived, or -1.
    var first: Int32 = -1
    var count = 0
    var lastArrival = Instant.longAgo
    /// Whether a span found no room.
    var isTruncated = false
    /// Whether a message has said that it is in this trace.
    var isClaimed = false
    /// Parent IDs that messages have adopted: what hangs on them is those messages', and not that of whoever made the
    /// spans above.
    var adopted: Set<UInt64> = []
  }

  /// Spans of one trace that wait at most: of connections that make a span for each message, and never end.
  static let chainLimit = 1 << 20

  private var chains: [TraceID: Chain] = [:]

  subscript(traceID: TraceID) -> Chain {
    get { chains[traceID] ?? Chain() }
    set { chains[traceID] = newValue }
  }

  func contains(_ traceID: TraceID) -> Bool { chains[traceID] != nil }

  /// In an order that does not depend on that of their arrival.
  var all: [(traceID: TraceID, chain: Chain)] {
    chains.map { ($0.key, $0.value) }.sorted { ($0.0.high, $0.0.low) < ($1.0.high, $1.0.low) }
  }

  mutating func remove(_ traceID: TraceID) { chains[traceID] = nil }

  /// Traces that nobody has claimed and that have been quiet since before `instant`.
  func unclaimed(since instant: Instant) -> [TraceID] {
    chains.filter { !$0.value.isClaimed && $0.value.lastArrival < instant }.map(\.key)
  }
}
