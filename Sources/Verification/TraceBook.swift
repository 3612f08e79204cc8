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
    /// Traces that were settled before they were quiet, or of which spans were left out, for want of room.
    package var cutTraces = 0
    /// Spans that were left out of traces that are too large.
    package var droppedSpans = 0
    /// Traces that were not quiet yet when all ended.
    package var unquietTraces = 0

    package init() {}

    /// Traces that wait.
    package var openTraces: Int { traces - settledTraces }
  }

  /// Settled traces that are remembered, so that what comes late is told from a new trace.
  static let rememberedTraces = 131_072
  /// Missing parents that are remembered, in case they come late.
  static let rememberedParents = 65_536
  /// Spans of one trace that are kept.
  static let largestTrace: UInt32 = 65_536

  private struct MissingParent: Hashable {
    var traceID: TraceID
    var spanID: SpanID
  }

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
  private var missingParents: [MissingParent: Int] = [:]
  /// Whether a settled trace was forgotten, so that what comes late of it looks like a new one.
  private var hasForgotten = false

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
        settle(index, isWhole: !traces[index].pointee.isCut)
      } else {
        // Spans came while it waited.
        traces[index].pointee.waitsSince = lastArrival
        waiting.append(index, traces)
      }
    }
  }

  /// Judges what still waits; of a trace that was not quiet yet nothing is said of what it lacks.
  package mutating func finish(at now: Instant) {
    advance(to: now)
    while let index = waiting.head {
      waiting.removeFirst(traces)
      counts.unquietTraces += 1
      settle(index, isWhole: false)
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
      retractOrphans(under: span)
      return
    }
    let entry = traces[index]
    guard entry.pointee.spanCount < Self.largestTrace else { return leaveOut(entry) }
    entry.pointee.firstSpan = spans.add(BookSpan(span, next: entry.pointee.firstSpan))
    entry.pointee.spanCount += 1
    entry.pointee.lastArrival = now
    if memoryInUse > memory { makeRoom() }
  }

  private mutating func leaveOut(_ entry: UnsafeMutablePointer<TraceEntry>) {
    counts.droppedSpans += 1
    if !entry.pointee.isCut { counts.cutTraces += 1 }
    entry.pointee.isCut = true
  }

  /// A span that comes late may be the parent that a settled trace lacked.
  private mutating func retractOrphans(under span: SpanObservation) {
    let key = MissingParent(traceID: span.traceID, spanID: span.spanID)
    guard let count = missingParents.removeValue(forKey: key) else { return }
    violations[TraceInvariant.orphanSpan.ordinal] -= count
    let text = span.traceID.description
    evidence[TraceInvariant.orphanSpan.ordinal].removeAll { $0.traceID == text }
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
    hasForgotten = true
  }

  private mutating func settle(_ index: Int32, isWhole: Bool) {
    let entry = traces[index].pointee
    trace.gather(first: entry.firstSpan, count: Int(entry.spanCount), from: spans, clientSpan: 0)
    counts.settledTraces += 1
    counts.repeatedSpans += trace.repeated - trace.conflicting
    let traceID = TraceID(high: entry.high, low: entry.low)
    // A trace without a top may be the rest of one that is forgotten.
    let found = judge.judge(trace, isWhole: isWhole && (!hasForgotten || hasTop))
    violations[TraceInvariant.duplicateSpanID.ordinal] += trace.conflicting
    for violation in found {
      violations[violation.invariant.ordinal] += 1
      if violation.invariant == .orphanSpan { remember(orphan: trace[violation.place].pointee, traceID) }
    }
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

  /// Whether the trace that was gathered has its root, or a span whose parent is in another process.
  private var hasTop: Bool {
    (0..<trace.count).contains { place in
      let span = trace[place].pointee
      return span.parentID == 0 || span.parentPlace == .elsewhere
    }
  }

  private mutating func remember(orphan span: BookSpan, _ traceID: TraceID) {
    guard missingParents.count < Self.rememberedParents else { return }
    missingParents[MissingParent(traceID: traceID, spanID: SpanID(span.parentID)), default: 0] += 1
  }

  private mutating func keepEvidence(_ found: [InvariantJudge.Violation], _ traceID: TraceID) {
    if trace.conflicting > 0 {
      keepEvidence(.duplicateSpanID, traceID, "\(trace.conflicting) spans have an ID that another span has")
    }
    for violation in found where wantsEvidence(violation.invariant, traceID) {
      let span = trace[violation.place].pointee
      keepEvidence(
        violation.invariant, traceID,
        "\(SpanID(span.spanID)) '\(names.text(Int(span.name)))' with the parent \(SpanID(span.parentID))")
    }
  }

  private mutating func keepEvidence(_ invariant: TraceInvariant, _ traceID: TraceID, _ detail: String) {
    guard wantsEvidence(invariant, traceID) else { return }
    evidence[invariant.ordinal].append(
      InvariantEvidence(traceID: traceID.description, detail: detail, tree: tree(traceID)))
  }

  /// The first few traces are shown, each once.
  private func wantsEvidence(_ invariant: TraceInvariant, _ traceID: TraceID) -> Bool {
    let kept = evidence[invariant.ordinal]
    return kept.count < Finding.evidenceLimit && kept.last?.traceID != traceID.description
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
