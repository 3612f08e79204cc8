package import Observations
package import Scenarios
package import Timing
package import TraceContext

/// Judges a run while it happens: observations in, at the end a verdict.
///
/// Pure: the same observations give the same verdict, in whatever batches; time comes with the observations and with
/// `advance(to:)`. Memory is bounded by what is in flight and by what is kept of the recent past.
package struct Verifier {
  /// How long a trace that looks complete must have been quiet before it is judged, so that what does not belong into
  /// it is seen beside what does.
  static let quietTime: Int64 = 1_000_000_000
  /// Spans of unsettled messages that are kept at most (48 bytes each).
  static let spanLimit = 8_000_000
  /// How much later than its time a copy may be handed over without being taken for lost.
  static let deliveryGrace: Int64 = 100_000_000

  private let identities: IdentityPermutation
  private let rules: [MessageRules]
  /// By phase: whether its latencies are left out.
  private let isWarmUp: [Bool]
  private let settleTime: Int64
  private let expectations: [Expectation]
  private let load: Load
  private var names: NameTable
  private var tables: [MessageTable] = []
  private(set) var spans = Pool<SpanRow>()
  private(set) var copies = Pool<CopyRow>()
  private var judge = TraceJudge()
  private var gathered: [SpanRow] = []
  private var seen: Set<UInt64> = []
  private var findings = FindingLedger()
  package private(set) var tallies = Tallies()
  package private(set) var measurements = Measurements()

  package init(_ scenario: Scenario, identities: IdentityPermutation) {
    self.identities = identities
    var patterns: [NamePattern] = []
    rules = scenario.messages.map { MessageRules($0, patterns: &patterns) }
    names = NameTable(patterns: patterns)
    load = scenario.load
    isWarmUp = scenario.load.phases.map(\.isWarmUp)
    settleTime = scenario.collector.settle.clampedNanoseconds
    expectations = scenario.expectations
  }

  package mutating func take(_ delivery: Delivery) {
    switch delivery {
    case .facts(let batch):
      for index in 0..<batch.count {
        take(batch[index], excerpt: batch.excerpts.isEmpty ? nil : batch.excerpts[index])
      }
    case .spans(let batch):
      for name in batch.newNames { names.add(name.text, at: Int(name.index.rawValue)) }
      for span in batch.spans { take(span, at: batch.receivedAt) }
    }
  }

  /// Settles what is ready at this time.
  package mutating func advance(to now: Instant) {
    for shard in tables.indices {
      for sequence in tables[shard].unheard() { abandon(sequence, shard) }
      var ready: [UInt32] = []
      var looked: [UInt32] = []
      tables[shard].pending { sequence, row in
        let rules = self.rules[Int(row.type)]
        let expected = rules.copies.value(members: Int(row.members))
        let isDelivered =
          Int(row.copies) >= expected || now - row.sent &- Self.deliveryGrace > rules.withinNanoseconds
        guard isDelivered else { return }
        if rules.nodes.isEmpty {
          ready.append(sequence)
        } else if now - max(row.lastArrival, row.sent) >= settleTime {
          ready.append(sequence)
        } else if row.spanCount >= row.requiredSpans, row.spanCount != row.judgedSpans,
          now - row.lastArrival >= Self.quietTime
        {
          looked.append(sequence)
        }
      }
      for sequence in ready { settle(sequence, shard, isFinal: true) }
      for sequence in looked { settle(sequence, shard, isFinal: false) }
    }
  }

  /// Messages that were sent and are not settled.
  package private(set) var pending = 0

  /// Rows of messages that are in memory, settled or not.
  var rowCount: Int { tables.reduce(0) { $0 + $1.rowCount } }

  /// Settles everything and tells what the run means.
  ///
  /// - Parameters:
  ///   - droppedDeliveries: deliveries that never reached this verifier.
  ///   - collector: what the collector counted.
  package mutating func finish(droppedDeliveries: UInt64, collector: CollectorCounts) -> Verdict {
    for shard in tables.indices {
      var rest: [UInt32] = []
      tables[shard].pending { sequence, _ in rest.append(sequence) }
      for sequence in rest { settle(sequence, shard, isFinal: true) }
    }
    return Verdict(
      findings: findings.all, load: load, expectations: expectations, tallies: tallies, measurements: measurements,
      droppedDeliveries: droppedDeliveries, collector: collector)
  }
}

// MARK: - Facts

extension Verifier {
  private mutating func take(_ observation: Observation, excerpt: String?) {
    switch observation {
    case .opened(let opened):
      tallies.opened += 1
      if opened.security == .resumedTLS { tallies.resumed += 1 }
      measurements.record(opened)
    case .failed(let failed): tallies.add(failed)
    case .closed(let closed):
      tallies.closes[closed.cause, default: 0] += 1
      tallies.closeCodes[closed.code, default: 0] += 1
      if let nanoseconds = closed.closeNanoseconds { measurements.closeTime.record(nanoseconds: nanoseconds) }
      if let excerpt, tallies.closeReasons[closed.code] == nil {
        tallies.closeReasons[closed.code] = CloseReason.shown(excerpt)
      }
    case .dropped(let dropped): tallies.droppedArrivals += Int(clamping: dropped.count)
    case .stalled(let stalled): tallies.longestStall = max(tallies.longestStall, stalled.nanoseconds)
    case .compressed(let compressed): tallies.compression.add(compressed)
    case .ponged(let ponged): measurements.pingTime.record(nanoseconds: ponged.roundTripNanoseconds)
    case .resolved(let resolved): measurements.dnsTime.record(nanoseconds: resolved.nanoseconds)
    case .foreignEcho: tallies.foreignEchoes += 1
    case .unreadable(let unreadable): take(unreadable, excerpt: excerpt)
    case .sent(let sent): take(sent)
    case .echoed(let echoed): take(echoed, excerpt: excerpt)
    }
  }

  private mutating func take(_ unreadable: Observation.Unreadable, excerpt: String?) {
    tallies.unreadable[unreadable.reason, default: 0] += 1
    let (kind, expected): (FindingKind, String)
    switch unreadable.reason {
    case .unmatched: return
    case .invalidJSON, .notAnObject, .binary: (kind, expected) = (.unreadableMessage, "a JSON object in a text frame")
    case .protocolError: (kind, expected) = (.protocolError, "frames as RFC 6455 has them")
    }
    findings.add(
      kind,
      Evidence(
        connection: unreadable.connection, expected: expected, actual: unreadable.reason.description, excerpt: excerpt))
  }

  private mutating func take(_ sent: Observation.Sent) {
    guard let shard = prepare(sent.message) else { return }
    let rules = self.rules[Int(sent.type)]
    let members = Int(sent.members)
    tallies.messagesSent += 1
    tallies.copiesExpected += rules.copies.value(members: members)
    if !rules.nodes.isEmpty { tallies.tracesExpected += 1 }
    let phase = Int(sent.phase)
    let isWarmUp = phase < isWarmUp.count && isWarmUp[phase]
    if !isWarmUp { measurements.record(sendLag: sent.at - sent.due, phase: phase) }
    pending += 1
    tables[shard].sent(sent.message.sequence)
    tables[shard][sent.message.sequence].begin(
      sent, isWarmUp: isWarmUp, requiredSpans: rules.requiredSpans(members: members))
  }

  private mutating func take(_ echoed: Observation.Echoed, excerpt: String?) {
    let traced: MessageIdentity? =
      if case .present(let traceparent) = echoed.context { identities.identity(of: traceparent.traceID) } else { nil }
    guard let message = echoed.message ?? traced else {
      // Nothing tells whose it is.
      let echoClass = Self.uncorrelatedClass(of: echoed.context)
      tallies.classes[echoClass, default: 0] += 1
      if let kind = echoClass.finding(under: rules[Int(echoed.type)].context) {
        tallies.wrongContexts += 1
        findings.add(
          kind,
          Evidence(
            connection: echoed.connection, expected: "the trace of one of our messages", actual: echoed.context.text,
            excerpt: excerpt))
      }
      return
    }
    let shard = Int(message.shard)
    guard shard < tables.count, !tables[shard].isForgotten(message.sequence) else {
      if shard < tables.count { tallies.copiesLate += 1 } else { tallies.foreignEchoes += 1 }
      return
    }
    guard tables[shard].isSent(message.sequence) else {
      // The text names a message that was never sent, as only a server can that makes ids up.
      tallies.foreignEchoes += 1
      return
    }
    let echoClass = classify(echoed.context, answering: message, traced: traced)
    tallies.classes[echoClass, default: 0] += 1
    count(echoed, of: message, shard, echoClass)
    let row = tables[shard][message.sequence]
    guard let kind = echoClass.finding(under: rules[Int(row.type)].context) else { return }
    tallies.wrongContexts += 1
    if echoClass == .restarted { tables[shard][message.sequence].isRestarted = true }
    add(
      kind, message, shard,
      expected: Self.expectation(of: echoClass), actual: describe(echoed.context, traced: traced), excerpt: excerpt)
  }

  private static func uncorrelatedClass(of context: EchoedContext) -> EchoClass {
    switch context {
    case .absent: .absent
    case .wrongType, .malformed: .malformed
    case .present: .foreign
    }
  }

  private mutating func count(
    _ echoed: Observation.Echoed, of message: MessageIdentity, _ shard: Int, _ echoClass: EchoClass
  ) {
    let row = tables[shard][message.sequence]
    let rules = self.rules[Int(row.type)]
    let isDuplicate =
      Int(row.copies) >= rules.copies.value(members: Int(row.members))
      || rules.copies == .groupSize && hasCopy(row, on: echoed.connection)
    if !row.isWarmUp {
      measurements.responseTime.record(nanoseconds: echoed.at - row.due)
      measurements.serviceTime.record(nanoseconds: echoed.at - row.sent)
    }
    // Nothing is kept of what is beyond the expected, which has no bound.
    guard !isDuplicate else {
      tallies.copiesDuplicate += 1
      return
    }
    tables[shard][message.sequence].copies += 1
    tables[shard][message.sequence].lastArrival = max(row.lastArrival, echoed.at)
    // Of a settled message each missing copy has been counted as lost.
    if row.state == .settled || echoed.at - row.sent > rules.withinNanoseconds {
      tallies.copiesLate += 1
    } else {
      tallies.copiesReceived += 1
      tables[shard][message.sequence].copiesInTime += 1
    }
    guard row.state == .pending else { return }
    var parentID = SpanID.zero
    if echoClass == .continued, case .present(let traceparent) = echoed.context { parentID = traceparent.parentID }
    tables[shard][message.sequence].firstCopy = copies.add(
      CopyRow(parentID: parentID.rawValue, connection: echoed.connection, next: row.firstCopy))
  }

  /// Whether a connection has its copy of an unsettled message already: each member of a group gets one.
  private func hasCopy(_ row: MessageRow, on connection: UInt32) -> Bool {
    var index = row.firstCopy
    while index >= 0 {
      if copies[index].connection == connection { return true }
      index = copies[index].next
    }
    return false
  }

  private func classify(
    _ context: EchoedContext, answering message: MessageIdentity, traced: MessageIdentity?
  ) -> EchoClass {
    switch context {
    case .absent: return .absent
    case .wrongType, .malformed: return .malformed
    case .present(let traceparent):
      guard let traced else { return .restarted }
      if traced == message {
        return traceparent.parentID == identities.spanID(in: traceparent.traceID) ? .unchanged : .continued
      }
      return isOther(traced, onTheConnectionOf: message) ? .stale : .crossed
    }
  }

  /// Whether `other` is another message of the same connection. Of a message so old that nothing is known of it
  /// any more, only its age is sure.
  private func isOther(_ other: MessageIdentity, onTheConnectionOf message: MessageIdentity) -> Bool {
    guard other.shard == message.shard else { return false }
    let table = tables[Int(message.shard)]
    if table.isForgotten(other.sequence) { return true }
    return table.contains(other.sequence) && table[other.sequence].connection == table[message.sequence].connection
  }

  /// The index of a message's table, in which the message now has a row; nil for one that is forgotten.
  private mutating func prepare(_ message: MessageIdentity) -> Int? {
    let shard = Int(message.shard)
    guard shard < 256 else { return nil }
    while tables.count <= shard { tables.append(MessageTable()) }
    guard !tables[shard].isForgotten(message.sequence) else { return nil }
    tables[shard].prepare(message.sequence)
    return shard
  }
}

// MARK: - Spans

extension Verifier {
  private mutating func take(_ span: SpanObservation, at now: Instant) {
    guard let message = identities.identity(of: span.traceID), message.shard < 256 else {
      tallies.spansOfOthers += 1
      return
    }
    tallies.spansOfOurs += 1
    guard let shard = prepare(message) else {
      tallies.spansForgotten += 1
      return
    }
    let row = tables[shard][message.sequence]
    switch row.state {
    case .settled: return takeLate(span, message, shard, row)
    case .unheard:
      tallies.spansForgotten += 1
      return
    case .unknown, .pending: break
    }
    guard spans.inUse < Self.spanLimit, UInt64(row.spanCount) < UInt64(row.requiredSpans) * 4 + 4096 else {
      tallies.spansDropped += 1
      return
    }
    let index = spans.add(SpanRow(span, next: row.firstSpan))
    tables[shard][message.sequence].firstSpan = index
    tables[shard][message.sequence].spanCount += 1
    tables[shard][message.sequence].lastArrival = max(row.lastArrival, now)
  }

  /// A span of a message that was judged already: a repeated or late one of the expected, or one that does not belong.
  private mutating func takeLate(
    _ span: SpanObservation, _ message: MessageIdentity, _ shard: Int, _ row: MessageRow
  ) {
    let name = Int(span.name.rawValue)
    // Where no spans are expected, any are welcome.
    if rules[Int(row.type)].nodes.isEmpty || !names.isKnown(name) { return }
    let matching = rules[Int(row.type)].nodes.filter { names.matches(name, $0.pattern) }
    // In a complete trace nothing required is missing, and what is repeated began before.
    let isRepeat = row.trace != .complete || matching.contains { $0.isOptional } || span.start <= row.latestStart
    if !matching.isEmpty, isRepeat {
      tallies.spansLate += 1
      return
    }
    let isLeak = row.entryEnd > 0 && span.start >= row.entryEnd
    let delay = isLeak ? ", begun \(milliseconds(span.start - row.entryEnd)) after the entry span had ended" : ""
    add(
      isLeak ? .contextLeak : .unexpectedSpan, message, shard, expected: "no such span",
      actual: "'\(names.text(name))' under \(span.parentID)\(delay)")
    count(.broken, insteadOf: row.trace)
    tables[shard][message.sequence].trace = .broken
  }

  /// Gives back what is held of a message that nothing can be said of.
  private mutating func abandon(_ sequence: UInt32, _ shard: Int) {
    tables[shard].prepare(sequence)
    let row = tables[shard][sequence]
    tallies.spansForgotten += Int(row.spanCount)
    release(row)
    tables[shard][sequence].end(.unheard)
    tables[shard].settled(sequence)
  }

  /// Judges a message's spans and copies; unless `isFinal`, only if its trace is complete.
  private mutating func settle(_ sequence: UInt32, _ shard: Int, isFinal: Bool) {
    let message = MessageIdentity(shard: UInt32(shard), sequence: sequence)
    let row = tables[shard][sequence]
    let rules = self.rules[Int(row.type)]
    let traceID = identities.traceID(of: message)
    let clientSpan = identities.spanID(in: traceID).rawValue
    let duplicates = gather(row)
    var judgement = judge.judge(gathered, rules, members: Int(row.members), clientSpan: clientSpan, names)
    // The span that an echo names may be an optional one that is late or lost.
    if rules.echoParentMayBeOptional, namesUnseenSpan(row) { judgement.isComplete = false }
    guard isFinal || judgement.isComplete else {
      tables[shard][sequence].judgedSpans = row.spanCount
      return
    }
    tallies.spansDuplicate += duplicates
    tables[shard][sequence].entryEnd = judgement.entryEnd
    tables[shard][sequence].latestStart = gathered.lazy.map(\.start).max() ?? 0
    if !rules.nodes.isEmpty {
      for finding in judgement.findings {
        add(finding.kind, message, shard, expected: finding.expected, actual: finding.actual)
      }
      judgeCopies(row, rules, isComplete: judgement.isComplete, message, shard)
      let trace = trace(row, judgement)
      count(trace)
      tables[shard][sequence].trace = trace
    }
    countDelivery(row, rules)
    if tables[shard][sequence].shown != 0 {
      findings.attach(toMessage: identities.text(of: message)) {
        judge.tree(gathered, names, clientSpan: clientSpan)
      }
    }
    release(row)
    tables[shard][sequence].end(.settled)
    pending -= 1
    tables[shard].settled(sequence)
  }

  /// Copies a message's spans into `gathered`, each once; returns how many were there again.
  private mutating func gather(_ row: MessageRow) -> Int {
    gathered.removeAll(keepingCapacity: true)
    seen.removeAll(keepingCapacity: true)
    var duplicates = 0
    var index = row.firstSpan
    while index >= 0 {
      let span = spans[index]
      if seen.insert(span.spanID).inserted { gathered.append(span) } else { duplicates += 1 }
      index = span.next
    }
    return duplicates
  }

  /// Whether some copy's parent ID is that of no span that was gathered.
  private func namesUnseenSpan(_ row: MessageRow) -> Bool {
    var index = row.firstCopy
    while index >= 0 {
      let copy = copies[index]
      if copy.parentID != 0, judge.name(ofSpan: copy.parentID, gathered) == nil { return true }
      index = copy.next
    }
    return false
  }

  /// Do the copies' parent IDs name spans, the right ones, and each its own?
  private mutating func judgeCopies(
    _ row: MessageRow, _ rules: MessageRules, isComplete: Bool, _ message: MessageIdentity, _ shard: Int
  ) {
    var parents = Set<UInt64>()
    var index = row.firstCopy
    while index >= 0 {
      let copy = copies[index]
      index = copy.next
      guard copy.parentID != 0 else { continue }
      if !parents.insert(copy.parentID).inserted {
        add(
          .sharedParent, message, shard, expected: "a parent ID of its own in each copy",
          actual: "\(SpanID(copy.parentID)) in more than one")
      }
      let expected = rules.echoParent.map { "the id of a span '\($0.name)'" } ?? "a span's id"
      if let name = judge.name(ofSpan: copy.parentID, gathered) {
        guard let rule = rules.echoParent, names.isKnown(name), !names.matches(name, rule.pattern) else { continue }
        add(
          .echoNamesWrongSpan, message, shard, expected: expected,
          actual: "\(SpanID(copy.parentID)), a span '\(names.text(name))'")
      } else if isComplete {
        add(
          .echoNamesNoSpan, message, shard, expected: expected,
          actual: "\(SpanID(copy.parentID)), which no span of the complete trace has")
      }
    }
  }

  private func trace(_ row: MessageRow, _ judgement: TraceJudge.Judgement) -> MessageRow.Trace {
    if !judgement.findings.isEmpty { return .broken }
    if judgement.isComplete { return .complete }
    // Where the server began another trace instead, the spans are there.
    if row.isRestarted { return .broken }
    return row.spanCount > 0 ? .partial : .unseen
  }

  private mutating func count(_ trace: MessageRow.Trace, insteadOf other: MessageRow.Trace = .none) {
    for (trace, change) in [(trace, 1), (other, -1)] {
      switch trace {
      case .none: break
      case .complete: tallies.tracesComplete += change
      case .partial: tallies.tracesPartial += change
      case .unseen: tallies.tracesUnseen += change
      case .broken: tallies.tracesBroken += change
      }
    }
  }

  private mutating func countDelivery(_ row: MessageRow, _ rules: MessageRules) {
    let expected = rules.copies.value(members: Int(row.members))
    let inTime = Int(row.copiesInTime)
    if !rules.expectsEcho {
      tallies.messagesWithoutEcho += 1
    } else if inTime >= expected {
      tallies.messagesEchoed += 1
    } else {
      tallies.messagesLost += 1
      tallies.copiesLost += expected - inTime
    }
  }

  private mutating func release(_ row: MessageRow) {
    var index = row.firstSpan
    while index >= 0 {
      let next = spans[index].next
      spans.remove(index)
      index = next
    }
    index = row.firstCopy
    while index >= 0 {
      let next = copies[index].next
      copies.remove(index)
      index = next
    }
  }
}

// MARK: - Findings

extension Verifier {
  /// Adds a finding to a message that has a row, once for each kind.
  private mutating func add(
    _ kind: FindingKind, _ message: MessageIdentity, _ shard: Int, expected: String, actual: String,
    excerpt: String? = nil
  ) {
    let bit = UInt32(1) << UInt32(kind.ordinal)
    guard tables[shard][message.sequence].shown & bit == 0 else { return }
    tables[shard][message.sequence].shown |= bit
    guard findings.wantsEvidence(kind) else {
      findings.count(kind)
      return
    }
    let traceID = identities.traceID(of: message)
    let sent = Traceparent(traceID: traceID, parentID: identities.spanID(in: traceID), flags: .sampled)
    findings.add(
      kind,
      Evidence(
        connection: tables[shard][message.sequence].connection, message: identities.text(of: message),
        sent: sent.description, expected: expected, actual: actual, excerpt: excerpt))
  }

  private static func expectation(of echoClass: EchoClass) -> String {
    switch echoClass {
    case .continued, .restarted, .crossed, .stale, .foreign: "the same trace and a new parent ID"
    case .unchanged: "a new parent ID"
    case .malformed: "a well-formed traceparent"
    case .absent: "a trace context"
    }
  }

  private func describe(_ context: EchoedContext, traced: MessageIdentity?) -> String {
    guard let traced else { return context.text }
    let table = Int(traced.shard) < tables.count ? tables[Int(traced.shard)] : MessageTable()
    let connection = table.contains(traced.sequence) ? " of connection \(table[traced.sequence].connection)" : ""
    return "\(context.text), message \(identities.text(of: traced))\(connection)"
  }
}
