import Observations
import Scenarios
import Timing
import TraceContext

extension Verifier {
  /// Settles a message if it is ready, and says when to look at it again if it is not.
  mutating func look(at sequence: UInt32, _ shard: Int, _ now: Instant) {
    guard let row = tables[shard].pointee.row(sequence), row.pointee.state == .pending else { return }
    let rules = self.rules[Int(row.pointee.type)]
    var ready = readiness(row.pointee, rules)
    if ready.at <= now {
      let isSettled = settle(sequence, shard, isFinal: now >= ready.finallyAt)
      if isSettled { return }
      ready = readiness(row.pointee, rules)
    }
    tables[shard].pointee.look(at: sequence, from: ready.at)
  }

  /// From when on a message can be judged, as things stand, and from when on it must be.
  func readiness(_ row: MessageRow, _ rules: MessageRules) -> (at: Instant, finallyAt: Instant) {
    var delivered = Instant(nanoseconds: .min)
    if Int(row.copies) < rules.copies.value(members: Int(row.members)) {
      delivered = row.sent.after(rules.withinNanoseconds).after(Self.deliveryGrace + 1)
    }
    guard !rules.nodes.isEmpty else { return (delivered, delivered) }
    let finally = max(delivered, max(row.lastArrival, row.sent).after(settleTime))
    guard row.spanCount >= row.requiredSpans, row.spanCount != row.judgedSpans else { return (finally, finally) }
    return (min(finally, max(delivered, row.lastArrival.after(Self.quietTime))), finally)
  }

  /// Gives back what is held of a message that nothing can be said of.
  mutating func abandon(_ sequence: UInt32, _ shard: Int) {
    guard let row = tables[shard].pointee.prepare(sequence) else { return }
    counted.spansForgotten += Int(row.pointee.spanCount)
    release(row.pointee)
    row.pointee.end(.unheard)
    tables[shard].pointee.givenUp(sequence)
    tables[shard].pointee.settled(sequence)
  }

  /// Judges a message's spans and copies; unless `isFinal`, only if its trace is complete.
  ///
  /// - Returns: whether the message is settled; its row may be gone then.
  @discardableResult
  mutating func settle(_ sequence: UInt32, _ shard: Int, isFinal: Bool) -> Bool {
    guard let row = tables[shard].pointee.row(sequence) else { return true }
    let message = MessageIdentity(shard: UInt32(shard), sequence: sequence)
    let rules = self.rules[Int(row.pointee.type)]
    let clientSpan = identities.spanID(in: identities.traceID(of: message)).rawValue
    trace.gather(
      first: row.pointee.firstSpan, count: Int(row.pointee.spanCount), from: spans, clientSpan: clientSpan)
    var judgement = judgeTrace(row.pointee, rules, clientSpan)
    // The span that an echo names may be an optional one that is late or lost.
    if rules.echoParentMayBeOptional, namesUnseenSpan(row.pointee) { judgement.isComplete = false }
    guard isFinal || judgement.isComplete else {
      row.pointee.judgedSpans = row.pointee.spanCount
      return false
    }
    counted.spansDuplicate += trace.repeated
    row.pointee.entryEnd = trace.entryEnd
    row.pointee.latestStart = trace.latestStart
    if !rules.nodes.isEmpty { conclude(judgement, message, row, rules) }
    countDelivery(row.pointee, rules)
    if row.pointee.shown != 0 { attachTree(message, row.pointee, rules, clientSpan) }
    release(row.pointee)
    row.pointee.end(.settled)
    pending -= 1
    tables[shard].pointee.settled(sequence)
    return true
  }

  /// Judges what was gathered: at a glance where it is as it should be.
  private mutating func judgeTrace(
    _ row: MessageRow, _ rules: MessageRules, _ clientSpan: UInt64
  ) -> TraceJudge.Judgement {
    let members = Int(row.members)
    if !row.isTruncated, fit.fits(trace, rules, members: members, clientSpan: clientSpan, names) {
      return TraceJudge.Judgement()
    }
    return judge.judge(
      trace.spans, rules, members: members, clientSpan: clientSpan, isTruncated: row.isTruncated,
      entryEnd: trace.entryEnd, names)
  }

  /// Counts a trace's verdict and adds its findings.
  private mutating func conclude(
    _ judgement: TraceJudge.Judgement, _ message: MessageIdentity, _ row: UnsafeMutablePointer<MessageRow>,
    _ rules: MessageRules
  ) {
    for finding in judgement.findings {
      add(finding.kind, message, row, expected: finding.expected, actual: finding.actual)
    }
    judgeCopies(message, row, rules, isComplete: judgement.isComplete)
    let verdict = verdict(on: row.pointee, judgement)
    count(verdict)
    row.pointee.trace = verdict
  }

  private mutating func attachTree(
    _ message: MessageIdentity, _ row: MessageRow, _ rules: MessageRules, _ clientSpan: UInt64
  ) {
    let text = identities.text(of: message)
    guard findings.wantsTree(ofMessage: text) else { return }
    let rows = trace.spans
    _ = judge.judge(
      rows, rules, members: Int(row.members), clientSpan: clientSpan, isTruncated: row.isTruncated,
      entryEnd: trace.entryEnd, names)
    findings.attach(judge.tree(rows, names, clientSpan: clientSpan), toMessage: text)
  }

  /// Whether some copy's parent ID is that of no span that was gathered.
  private func namesUnseenSpan(_ row: MessageRow) -> Bool {
    var index = row.firstCopy
    while index >= 0 {
      let copy = copies[index]
      if copy.parentID != 0, trace.place(of: copy.parentID) == nil { return true }
      index = copy.next
    }
    return false
  }

  /// Do the copies' parent IDs name spans, the right ones, and each its own?
  private mutating func judgeCopies(
    _ message: MessageIdentity, _ row: UnsafeMutablePointer<MessageRow>, _ rules: MessageRules, isComplete: Bool
  ) {
    var parents = Set<UInt64>()
    let isAlone = row.pointee.copies <= 1
    var index = row.pointee.firstCopy
    while index >= 0 {
      let copy = copies[index]
      index = copy.next
      guard copy.parentID != 0 else { continue }
      if !isAlone, !parents.insert(copy.parentID).inserted {
        add(
          .sharedParent, message, row, expected: "a parent ID of its own in each copy",
          actual: "\(SpanID(copy.parentID)) in more than one")
      }
      if let place = trace.place(of: copy.parentID) {
        let name = Int(trace[place].pointee.name)
        guard let rule = rules.echoParent, names.isKnown(name), !names.matches(name, rule.pattern) else { continue }
        add(
          .echoNamesWrongSpan, message, row, expected: "the id of a span '\(rule.name)'",
          actual: "\(SpanID(copy.parentID)), a span '\(names.text(name))'")
      } else if isComplete {
        add(
          .echoNamesNoSpan, message, row,
          expected: rules.echoParent.map { "the id of a span '\($0.name)'" } ?? "a span's id",
          actual: "\(SpanID(copy.parentID)), which no span of the complete trace has")
      }
    }
  }

  private func verdict(on row: MessageRow, _ judgement: TraceJudge.Judgement) -> MessageRow.Trace {
    if !judgement.findings.isEmpty { return .broken }
    if judgement.isComplete { return .complete }
    // Where the server began another trace instead, the spans are there.
    if row.isRestarted { return .broken }
    return row.spanCount > 0 ? .partial : .unseen
  }

  mutating func count(_ trace: MessageRow.Trace, insteadOf other: MessageRow.Trace = .none) {
    count(trace, by: 1)
    count(other, by: -1)
  }

  private mutating func count(_ trace: MessageRow.Trace, by change: Int) {
    switch trace {
    case .none: break
    case .complete: counted.tracesComplete += change
    case .partial: counted.tracesPartial += change
    case .unseen: counted.tracesUnseen += change
    case .broken: counted.tracesBroken += change
    }
  }

  private mutating func countDelivery(_ row: MessageRow, _ rules: MessageRules) {
    let expected = rules.copies.value(members: Int(row.members))
    let inTime = Int(row.copiesInTime)
    if !rules.expectsEcho {
      counted.messagesWithoutEcho += 1
    } else if inTime >= expected {
      counted.messagesEchoed += 1
    } else {
      counted.messagesLost += 1
      counted.copiesLost += expected - inTime
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
