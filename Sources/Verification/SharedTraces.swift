import Observations
import Timing
import TraceContext

/// A span as others name it: as their parent, or in a link.
struct SpanKey: Hashable, BitwiseCopyable, Sendable {
  var traceID: TraceID
  var spanID: UInt64
}

/// Traces that are not one message's alone, by their ID: those of connections, those that a message adopted, and those
/// that the server began where it should.
///
/// Their spans lie in the verifier's pool, chained by what they hang on, so that a message takes the ones that are its
/// own from the top down, however many others there are.
struct SharedTraces {
  struct Chain {
    /// By the span ID that they hang on: the last that arrived.
    fileprivate(set) var hanging: [UInt64: Int32] = [:]
    /// Unsettled messages that carried each span ID of it.
    fileprivate(set) var users: [UInt64: Users] = [:]
    fileprivate(set) var lastArrival = Instant.longAgo
    /// Whether a span found no room.
    fileprivate(set) var isTruncated = false
    /// Links that lead from it to contexts of ours.
    fileprivate var links: [SpanKey] = []

    func users(of spanID: UInt64) -> Users { users[spanID] ?? Users() }

    /// Takes the spans that hang on one, and returns the last that arrived, or -1.
    mutating func take(hangingOn spanID: UInt64) -> Int32 { hanging.removeValue(forKey: spanID) ?? -1 }

    /// Hangs a span that was taken, and whose `next` is `head`, back.
    func head(of spanID: UInt64) -> Int32 { hanging[spanID] ?? -1 }
    mutating func put(_ index: Int32, hangingOn spanID: UInt64) { hanging[spanID] = index }

    /// In an order that does not depend on that of their arrival.
    var heads: [(spanID: UInt64, first: Int32)] {
      hanging.sorted { $0.key < $1.key }.map { (spanID: $0.key, first: $0.value) }
    }
  }

  /// The unsettled messages that carried one context.
  struct Users {
    var count = 0
    /// Whether there were several at once, so that nobody can say whose each span is.
    var wereSeveral = false
  }

  private var chains: [TraceID: Chain] = [:]
  /// By a context of ours: the traces from which links lead to it.
  private var linked: [SpanKey: [TraceID]] = [:]

  /// Traces from which links to one context are followed.
  private static let linkedLimit = 8

  func contains(_ traceID: TraceID) -> Bool { chains[traceID] != nil }
  func chain(_ traceID: TraceID) -> Chain? { chains[traceID] }
  var count: Int { chains.count }

  /// Hangs a span on a span ID, and returns the one that hung there last, or -1.
  mutating func add(_ index: Int32, hangingOn spanID: UInt64, to traceID: TraceID, at now: Instant) -> Int32 {
    func add(to chain: inout Chain) -> Int32 {
      chain.lastArrival = max(chain.lastArrival, now)
      return chain.hanging.updateValue(index, forKey: spanID) ?? -1
    }
    return add(to: &chains[traceID, default: Chain()])
  }

  /// Says that a span of a trace found no room; of one of which nothing is kept nothing needs to be said.
  mutating func truncate(_ traceID: TraceID) { chains[traceID]?.isTruncated = true }

  /// Says that a span of a trace, which is kept, links to a context of ours.
  mutating func link(_ traceID: TraceID, to context: SpanKey) {
    let isKnown = linked[context].map { $0.contains(traceID) || $0.count >= Self.linkedLimit } ?? false
    guard !isKnown else { return }
    linked[context, default: []].append(traceID)
    chains[traceID]?.links.append(context)
  }

  func traces(linkingTo context: SpanKey) -> [TraceID] { linked[context] ?? [] }

  /// Says that a message carries a context, until it is settled.
  mutating func use(_ context: SpanKey) {
    func use(_ users: inout Users) {
      users.count += 1
      if users.count > 1 { users.wereSeveral = true }
    }
    use(&chains[context.traceID, default: Chain()].users[context.spanID, default: Users()])
  }

  mutating func endUse(_ context: SpanKey) {
    guard let count = chains[context.traceID]?.users[context.spanID]?.count else { return }
    if count > 1 {
      chains[context.traceID]?.users[context.spanID]?.count = count - 1
    } else {
      chains[context.traceID]?.users[context.spanID] = nil
      dropIfEmpty(context.traceID)
    }
  }

  /// Takes a trace out, to be changed and put back.
  mutating func take(_ traceID: TraceID) -> Chain? { chains.removeValue(forKey: traceID) }

  mutating func putBack(_ chain: consuming Chain, _ traceID: TraceID) {
    chains[traceID] = chain
    dropIfEmpty(traceID)
  }

  private mutating func dropIfEmpty(_ traceID: TraceID) {
    guard let chain = chains[traceID], chain.hanging.isEmpty, chain.users.isEmpty else { return }
    remove(traceID)
  }

  mutating func remove(_ traceID: TraceID) {
    for context in chains.removeValue(forKey: traceID)?.links ?? [] {
      linked[context]?.removeAll { $0 == traceID }
      if linked[context]?.isEmpty ?? false { linked[context] = nil }
    }
  }

  /// Every trace, in an order that does not depend on that of their arrival.
  var traceIDs: [TraceID] { chains.keys.sorted { ($0.high, $0.low) < ($1.high, $1.low) } }

  /// Traces that have been quiet since before `instant`, and whose contexts no unsettled message carries.
  func unused(since instant: Instant) -> [TraceID] {
    chains.filter { $0.value.lastArrival < instant && $0.value.users.isEmpty }.map(\.key)
  }
}
