package import Observations
package import Scenarios
package import Timing
package import TraceContext

/// Judges a run while it happens: observations in, at the end a verdict.
///
/// Pure: the same observations give the same verdict, in whatever batches and order; time comes with the observations
/// and with `advance(to:)`. Memory is bounded by what is in flight and by what is kept of the recent past.
package struct Verifier: ~Copyable, Sendable {
  /// How long a trace that looks complete must have been quiet before it is judged, so that what does not belong into
  /// it is seen beside what does.
  static let quietTime: Int64 = 1_000_000_000
  /// How much later than its time a copy may be handed over without being taken for lost.
  static let deliveryGrace: Int64 = 100_000_000
  /// Echoes that may wait for their messages to be told of, and sequences that they may be ahead.
  static let waitingLimit = 1 << 16
  /// Traces that the server may begin for one message.
  static let boundLimit = 8

  let identities: IdentityPermutation
  let rules: [MessageRules]
  /// Of connections; nil where upgrades carry no context.
  let upgradeRules: MessageRules?
  /// By phase: whether its latencies are left out.
  let isWarmUp: [Bool]
  let settleTime: Int64
  /// Members of a group; 0 where there are no groups.
  let groupSize: Int
  /// Whether any trace of ours may become that of several messages.
  let sharesTraces: Bool
  /// Whether spans may be in a trace that the server began.
  let followsNewTraces: Bool
  /// Whether entry spans may hang on a link.
  let followsLinks: Bool
  /// How long a message may wait for its spans at most, and with it traces that no message has claimed yet.
  let patience: Int64
  private let expectations: [Expectation]
  private let load: Load
  /// Spans of unsettled messages that are kept at most.
  let spanLimit: Int
  var names: NameTable
  var inspector: SpanInspector
  var tables = ShardTables()
  var spans = Pool<SpanRow>()
  var copies = Pool<CopyRow>()
  var waiting = Pool<WaitingEcho>()
  /// Whether nothing waits any more.
  var isDraining = false
  var shared = SharedTraces()
  /// The contexts that messages adopted, and the traces that the server began for them, until they are settled.
  var adopted: [MessageIdentity: Traceparent] = [:]
  var bound: [MessageIdentity: [TraceID]] = [:]
  var settledSpans = SettledSpans()
  /// When foreign traces are looked through next.
  var nextForgetting = Instant.longAgo
  var connections: [UInt32: ConnectionRow] = [:]
  /// Those that ended otherwise than by us, so that nobody knows what of theirs was read.
  var endedConnections: Set<UInt32> = []
  var order: DeliveryOrder
  /// Echoes so far: an echo's number, which tells the order of those to one connection.
  var echoCount: UInt64 = 0
  /// Copies whose order is judged once no echo waits that came before them.
  var heldCopies: [HeldCopy] = []
  var trace = GatheredTrace<SpanRow>()
  var fit = TraceFit()
  /// Whether the trace that was judged last fits.
  var isFitting = false
  /// Whether its spans may be those of another message that carried the same context.
  var isWhoseUnknown = false
  var judge = TraceJudge()
  var findings = FindingLedger()
  /// Parent IDs of one message's copies; kept for its memory.
  var parentsSeen: [UInt64] = []
  /// What is a finding if no telemetry was lost.
  var suspicions = FindingLedger()
  var clock = ClockComparison()
  var timeSplit: TimeSplit
  var counted = Tallies()
  /// When a message was sent or answered last.
  var lastActivity = Instant.longAgo
  /// Until when echoes were listened for, where the run was broken off.
  var heardUntil: Instant?
  /// By class, in the order of `EchoClass.allCases`.
  var classCounts = [Int](repeating: 0, count: EchoClass.allCases.count)
  package internal(set) var measurements = Measurements()
  /// Messages that were sent and are not settled.
  package internal(set) var pending = 0
  /// What of spans the collector must tell.
  package let watch: SpanWatch

  package init(_ scenario: Scenario, identities: IdentityPermutation) {
    self.identities = identities
    let run = RunRules(scenario)
    rules = run.messages
    upgradeRules = run.upgrade
    watch = SpanWatch(run)
    names = NameTable(patterns: run.patterns.names)
    inspector = SpanInspector(scenario, identities: identities, words: run.patterns.words)
    load = scenario.load
    isWarmUp = scenario.load.phases.map(\.isWarmUp)
    settleTime = scenario.collector.settle.clampedNanoseconds
    groupSize = scenario.group?.size ?? 0
    sharesTraces = run.sharesTraces
    followsNewTraces = run.followsNewTraces
    followsLinks = run.followsLinks
    patience = 2 * min(settleTime, .max / 4) + min(run.longestWithin, .max / 4)
    expectations = scenario.expectations
    order = DeliveryOrder(connections: scenario.load.connections, groupSize: groupSize)
    timeSplit = TimeSplit(rules)
    let rowBytes = MemoryLayout<SpanRow>.stride + (watch.isEmpty ? 0 : MemoryLayout<SpanDetail>.stride)
    spanLimit = min(scenario.collector.keptBytes / rowBytes, Pool<SpanRow>.limit)
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
      for word in batch.newWords { inspector.words.add(word.text, at: Int(word.index.rawValue)) }
      for span in batch.spans { take(span, batch.details, at: batch.receivedAt) }
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
    if followsNewTraces { forgetUnclaimed(at: now) }
  }

  /// When a message was sent or answered last, on the target's clock as far behind as it may be.
  private func lastActivity(_ clocks: (wall: UInt64, at: Instant)) -> UInt64? {
    guard lastActivity > .longAgo else { return nil }
    let own = Int64(clamping: clocks.wall) &- (clocks.at - lastActivity)
    return UInt64(clamping: own &+ min(0, clock.skew(clocks)?.least ?? 0))
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
  ///   - clocks: this machine's wall clock (nanoseconds since 1970) and the instant at which it was read; nil leaves
  ///     out how far the target's clock is from it.
  ///   - heardUntil: when a run that was broken off stopped listening.
  package mutating func finish(
    droppedDeliveries: UInt64, collector: CollectorBooks, clocks: (wall: UInt64, at: Instant)? = nil,
    heardUntil: Instant? = nil
  ) -> Verdict {
    self.heardUntil = heardUntil
    drainWaiting()
    for shard in 0..<tables.count {
      for sequence in tables[shard].pointee.pending() { settle(sequence, shard, isFinal: true) }
    }
    settleConnections()
    settleLeftovers(isWhole: droppedDeliveries == 0)
    addClockFindings()
    var activeUntil: UInt64?
    if let clocks { activeUntil = lastActivity(clocks) }
    let proof = LossProof(
      collector, counted, droppedDeliveries: droppedDeliveries, activeUntil: activeUntil)
    if proof.isLossless { confirmSuspicions() }
    return Verdict(
      findings: findings.all, load: load, expectations: expectations, tallies: tallies, measurements: measurements,
      droppedDeliveries: droppedDeliveries, collector: collector, proof: proof, skew: clock.skew(clocks),
      timeSplits: timeSplit.summaries(rules),
      shortestWait: rules.filter(\.expectsEcho).map(\.withinNanoseconds).min() ?? .max)
  }
}
