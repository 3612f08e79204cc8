package import Observations
package import Scenarios
package import Timing
package import TraceContext

/// Judges a run while it happens: observations in, at the end a verdict.
///
/// Pure: the same observations give the same verdict, in whatever batches; time comes with the observations and with
/// `advance(to:)`. Memory is bounded by what is in flight and by what is kept of the recent past.
package struct Verifier: ~Copyable, Sendable {
  /// How long a trace that looks complete must have been quiet before it is judged, so that what does not belong into
  /// it is seen beside what does.
  static let quietTime: Int64 = 1_000_000_000
  /// How much later than its time a copy may be handed over without being taken for lost.
  static let deliveryGrace: Int64 = 100_000_000

  let identities: IdentityPermutation
  let rules: [MessageRules]
  /// By phase: whether its latencies are left out.
  let isWarmUp: [Bool]
  let settleTime: Int64
  private let expectations: [Expectation]
  private let load: Load
  /// Spans of unsettled messages that are kept at most.
  let spanLimit: Int
  var names: NameTable
  var tables = ShardTables()
  var spans = Pool<SpanRow>()
  var copies = Pool<CopyRow>()
  var trace = GatheredTrace<SpanRow>()
  var fit = TraceFit()
  var judge = TraceJudge()
  var findings = FindingLedger()
  var counted = Tallies()
  /// By class, in the order of `EchoClass.allCases`.
  var classCounts = [Int](repeating: 0, count: EchoClass.allCases.count)
  package internal(set) var measurements = Measurements()
  /// Messages that were sent and are not settled.
  package internal(set) var pending = 0

  package init(_ scenario: Scenario, identities: IdentityPermutation) {
    self.identities = identities
    var patterns: [NamePattern] = []
    rules = scenario.messages.map { MessageRules($0, patterns: &patterns) }
    names = NameTable(patterns: patterns)
    load = scenario.load
    isWarmUp = scenario.load.phases.map(\.isWarmUp)
    settleTime = scenario.collector.settle.clampedNanoseconds
    expectations = scenario.expectations
    spanLimit = min(scenario.collector.keptBytes / MemoryLayout<SpanRow>.stride, Pool<SpanRow>.limit)
  }

  package mutating func take(_ delivery: Delivery) {
    switch delivery {
    case .facts(let batch):
      let hasExcerpts = !batch.excerpts.isEmpty
      batch.withUnsafeObservations { observations in
        for index in 0..<observations.count {
          take(observations[index], excerpt: hasExcerpts ? batch.excerpts[index] : nil)
        }
      }
    case .spans(let batch):
      for name in batch.newNames { names.add(name.text, at: Int(name.index.rawValue)) }
      for span in batch.spans { take(span, at: batch.receivedAt) }
    }
  }

  /// Settles what is ready at this time.
  package mutating func advance(to now: Instant) {
    for shard in 0..<tables.count {
      for sequence in tables[shard].pointee.unheard() { abandon(sequence, shard) }
      var last: Int?
      while let (page, sequences) = tables[shard].pointee.nextPage(after: last, readyAt: now) {
        last = page
        for sequence in sequences { look(at: sequence, shard, now) }
      }
    }
  }

  /// What was counted so far.
  package var tallies: Tallies {
    var tallies = counted
    for (echoClass, count) in zip(EchoClass.allCases, classCounts) where count > 0 {
      tallies.classes[echoClass] = count
    }
    return tallies
  }

  /// Bytes of a message's row.
  package static let rowBytes = MemoryLayout<MessageRow>.stride
  /// Bytes of the settled messages that are remembered at most, however long the run is.
  package static let rememberedBytes = MessageTable.retainedPages * MessageTable.pageSize * rowBytes

  /// Rows of messages that are in memory, settled or not.
  var rowCount: Int { (0..<tables.count).reduce(0) { $0 + tables[$1].pointee.rowCount } }

  /// Settles everything and tells what the run means.
  ///
  /// - Parameters:
  ///   - droppedDeliveries: deliveries that never reached this verifier.
  ///   - collector: what the collector received, and from whom.
  package mutating func finish(droppedDeliveries: UInt64, collector: CollectorBooks) -> Verdict {
    for shard in 0..<tables.count {
      for sequence in tables[shard].pointee.pending() { settle(sequence, shard, isFinal: true) }
    }
    return Verdict(
      findings: findings.all, load: load, expectations: expectations, tallies: tallies, measurements: measurements,
      droppedDeliveries: droppedDeliveries, collector: collector)
  }
}
