package import Observations
package import Timing
import TraceContext

/// Keeps the traces of whoever exports until they are quiet, and tells what of them no target should show.
///
/// It needs no scenario: a trace is judged by the invariants that hold for all. Memory is bounded by a budget: what goes
/// beyond settles the trace that waits longest early, and nothing is then said of what it lacks.
package struct TraceBook: ~Copyable, Sendable {
  /// What was seen so far.
  package struct Counts: Hashable, Sendable {
    package var spans = 0
    package var traces = 0
    package var settledTraces = 0
    /// Spans that were there again.
    package var repeatedSpans = 0
    /// Spans of traces that were settled already.
    package var lateSpans = 0
    /// Traces that were settled before they were quiet, for want of room.
    package var cutTraces = 0

    package init() {}

    /// Traces that wait.
    package var openTraces: Int { traces - settledTraces }
  }

  /// Settled traces that are remembered, so that what comes late is told from a new trace.
  static let rememberedTraces = 131_072

  package private(set) var counts = Counts()
  private let settleTime: Int64
  private let memory: Int
  private var treesWanted: Int
  private var names = NameTable(patterns: [])
  private var services = NameTable(patterns: [])
  private var traces = TraceIndex()
  private var spans = Pool<BookSpan>()
  private var waiting = TraceLine()
  private var settled = TraceLine()
  private var trace = GatheredTrace<BookSpan>()
  private var judge = InvariantJudge()
  private var violations = [Int](repeating: 0, count: TraceInvariant.allCases.count)
  private var evidence = [[InvariantEvidence]](repeating: [], count: TraceInvariant.allCases.count)
  private var trees: [[String]] = []

  /// - Parameters:
  ///   - settleTime: how long a trace must be quiet before it is judged.
  ///   - memory: bytes that waiting spans may take, at least a mebibyte.
  ///   - trees: how many traces, from the first that settles, are drawn.
  package init(settleTime: Duration, memory: Int, trees: Int) {
    self.settleTime = settleTime.clampedNanoseconds
    self.memory = min(max(memory, 1 << 20), Pool<BookSpan>.limit * MemoryLayout<BookSpan>.stride)
    treesWanted = trees
  }

  package mutating func take(_ batch: SpanBatch) {
    for name in batch.newNames { names.add(name.text, at: Int(name.index.rawValue)) }
    for service in batch.newServices { services.add(service.text, at: Int(service.index)) }
    for span in batch.spans { take(span, at: batch.receivedAt) }
  }

  /// Judges the traces that were quiet for the settle time.
  package mutating func advance(to now: Instant) {
    while let index = waiting.head, now - traces[index].pointee.waitsSince >= settleTime {
      waiting.removeFirst(traces)
      let lastArrival = traces[index].pointee.lastArrival
      if now - lastArrival >= settleTime {
        settle(index, isWhole: true)
      } else {
        // Spans came while it waited.
        traces[index].pointee.waitsSince = lastArrival
        waiting.append(index, traces)
      }
    }
  }

  /// Judges what still waits.
  package mutating func finish() {
    while let index = waiting.head {
      waiting.removeFirst(traces)
      settle(index, isWhole: true)
    }
  }

  /// The trees that were asked for and not taken yet, each as lines.
  package mutating func takeTrees() -> [[String]] {
    defer { trees = [] }
    return trees
  }

  /// In the order of `TraceInvariant.allCases`.
  package var findings: [InvariantFinding] {
    TraceInvariant.allCases.filter { violations[$0.ordinal] > 0 }.map {
      InvariantFinding(invariant: $0, count: violations[$0.ordinal], evidence: evidence[$0.ordinal])
    }
  }

  /// Bytes that waiting spans and all traces take.
  var memoryInUse: Int {
    spans.inUse * MemoryLayout<BookSpan>.stride + traces.count * TraceIndex.entryBytes
  }

  private mutating func take(_ span: SpanObservation, at now: Instant) {
    counts.spans += 1
    let (index, isNew) = traces.entry(of: span.traceID, at: now)
    if isNew {
      counts.traces += 1
      waiting.append(index, traces)
    } else if traces[index].pointee.isSettled {
      counts.lateSpans += 1
      return
    }
    let entry = traces[index]
    entry.pointee.firstSpan = spans.add(BookSpan(span, next: entry.pointee.firstSpan))
    entry.pointee.spanCount += 1
    entry.pointee.lastArrival = now
    if memoryInUse > memory { makeRoom() }
  }

  /// Settles the trace that waits longest, and forgets settled ones.
  private mutating func makeRoom() {
    if settled.count > 0 { forgetOne() }
    guard let index = waiting.head else { return }
    waiting.removeFirst(traces)
    counts.cutTraces += 1
    settle(index, isWhole: false)
  }

  private mutating func forgetOne() {
    guard let index = settled.head else { return }
    settled.removeFirst(traces)
    traces.remove(index)
  }

  private mutating func settle(_ index: Int32, isWhole: Bool) {
    let entry = traces[index].pointee
    trace.gather(first: entry.firstSpan, count: Int(entry.spanCount), from: spans, clientSpan: 0)
    counts.settledTraces += 1
    counts.repeatedSpans += trace.repeated - trace.conflicting
    let traceID = TraceID(high: entry.high, low: entry.low)
    let found = judge.judge(trace, isWhole: isWhole)
    violations[TraceInvariant.duplicateSpanID.ordinal] += trace.conflicting
    for violation in found { violations[violation.invariant.ordinal] += 1 }
    keepEvidence(found, traceID)
    if treesWanted > 0 {
      treesWanted -= 1
      trees.append(tree(traceID))
    }
    var span = entry.firstSpan
    while span >= 0 {
      let next = spans[span].next
      spans.remove(span)
      span = next
    }
    traces[index].pointee.isSettled = true
    traces[index].pointee.firstSpan = -1
    settled.append(index, traces)
    if settled.count > Self.rememberedTraces { forgetOne() }
  }

  private mutating func keepEvidence(_ found: [InvariantJudge.Violation], _ traceID: TraceID) {
    if trace.conflicting > 0 {
      keepEvidence(.duplicateSpanID, traceID, "\(trace.conflicting) spans have an ID that another span has")
    }
    for violation in found where evidence[violation.invariant.ordinal].count < Finding.evidenceLimit {
      let span = trace[violation.place].pointee
      keepEvidence(
        violation.invariant, traceID,
        "\(SpanID(span.spanID)) '\(names.text(Int(span.name)))' with the parent \(SpanID(span.parentID))")
    }
  }

  private mutating func keepEvidence(_ invariant: TraceInvariant, _ traceID: TraceID, _ detail: String) {
    guard evidence[invariant.ordinal].count < Finding.evidenceLimit else { return }
    let text = traceID.description
    guard !evidence[invariant.ordinal].contains(where: { $0.traceID == text }) else { return }
    evidence[invariant.ordinal].append(InvariantEvidence(traceID: text, detail: detail, tree: tree(traceID)))
  }

  /// The trace that was judged last, as text.
  private func tree(_ traceID: TraceID) -> [String] {
    let rows = trace.spans
    let origin = rows.map(\.start).min() ?? 0
    return ["\(traceID)"]
      + TraceTree.lines(parents: judge.parents, starts: rows.map(\.start)) { place in
        let span = rows[place]
        let above =
          span.parentID == 0 || judge.parents[place] != nil
          ? "" : span.hasLocalParent ? " (its parent \(SpanID(span.parentID)) is not there)" : " (remote parent)"
        let error = span.status == .error ? " ERROR" : ""
        return
          "\(SpanID(span.spanID)) \(names.text(Int(span.name))) [\(span.kind)] \(services.text(Int(span.service))) "
          + "\(TraceTree.times(start: span.start, end: span.end, origin: origin))\(error)\(above)"
      }
  }
}
