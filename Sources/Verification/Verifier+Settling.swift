import Observations
import Scenarios
import Timing
import TraceContext

extension Verifier {
  /// Settles a message if it is ready, and says when to look at it again if it is not.
  mutating func look(at sequence: UInt32, _ shard: Int, _ now: Instant) {
    guard let row = tables[shard].pointee.row(sequence), row.pointee.state == .pending else { return }
    let rules = self.rules[Int(row.pointee.type)]
    var ready = readiness(row, rules)
    if ready.at <= now {
      let isSettled = settle(sequence, shard, isFinal: now >= ready.finallyAt)
      if isSettled { return }
      ready = readiness(row, rules)
    }
    tables[shard].pointee.look(at: sequence, from: ready.at)
  }

  /// From when on a message can be judged, as things stand, and from when on it must be.
  func readiness(_ row: MessageRef, _ rules: MessageRules) -> (at: Instant, finallyAt: Instant) {
    var delivered = Instant(nanoseconds: .min)
    if Int(row.pointee.copies) < rules.copies.value(members: Int(row.pointee.members)) {
      delivered = row.pointee.sent.after(rules.withinNanoseconds).after(Self.deliveryGrace + 1)
    }
    guard !rules.nodes.isEmpty else { return (delivered, delivered) }
    // Spans that leak into its trace for ever must not keep it, and all that came after it, for ever.
    let latest = row.pointee.sent.after(settleTime).after(settleTime).after(settleTime)
    let lastArrival = min(max(row.pointee.lastArrival, row.pointee.sent), latest)
    let finally = max(delivered, lastArrival.after(settleTime))
    guard row.pointee.spanCount >= row.pointee.requiredSpans, row.pointee.spanCount != row.pointee.judgedSpans else {
      return (finally, finally)
    }
    return (min(finally, max(delivered, row.pointee.lastArrival.after(Self.quietTime))), finally)
  }

  /// Gives back what is held of a message that nothing can be said of.
  mutating func abandon(_ sequence: UInt32, _ shard: Int) {
    guard let row = tables[shard].pointee.prepare(sequence) else { return }
    counted.spansForgotten += Int(row.pointee.spanCount)
    row.pointee.state = .unheard
    // Of these some answer other messages.
    takeWaiting(row)
    release(row)
    row.pointee.end(.unheard)
    if sharesTraces { adopted[MessageIdentity(shard: UInt32(shard), sequence: sequence)] = nil }
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
    let owner = owner(of: message, row, rules)
    let isShared = isShared(rules)
    isWhoseUnknown = false
    if isShared {
      // Whether all of it is there nobody can say before.
      guard isFinal else {
        row.pointee.judgedSpans = row.pointee.spanCount
        return false
      }
      claimShared(message, row, rules, owner)
    }
    gather(row.pointee, rules, owner)
    if !row.pointee.flags.isSampled, rules.followsSampling {
      settleUnsampled(message, row, rules)
    } else {
      var judgement = judgeTrace(row, rules, owner)
      // The span that an echo names may be an optional one that is late or lost.
      if rules.echoParentMayBeOptional, namesUnseenSpan(row) { judgement.isComplete = false }
      guard isFinal || judgement.isComplete else {
        row.pointee.judgedSpans = row.pointee.spanCount
        return false
      }
      conclude(judgement, message, row, rules, owner)
    }
    counted.spansDuplicate += trace.repeated
    row.pointee.entryEnd = trace.entryEnd
    row.pointee.latestStart = trace.latestStart
    countDelivery(message, row, rules)
    if row.pointee.shown != 0 || row.pointee.trace.isIncomplete {
      amendEvidence(of: message, row, rules, owner)
    }
    release(row)
    if isShared { forgetShared(message, rules, owner) }
    row.pointee.end(.settled)
    pending -= 1
    tables[shard].pointee.settled(sequence)
    return true
  }

  private func owner(of message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules) -> TraceOwner {
    let context = context(of: message, row, rules)
    // Its entry spans hang on nothing.
    let isRoot = rules.isInSharedTrace && rules.entry == .root
    return TraceOwner(
      connection: row.pointee.connection, members: Int(row.pointee.members), traceID: context.traceID,
      clientSpan: isRoot ? 0 : context.clientSpan, sentSpan: isRoot ? context.clientSpan : nil,
      hasAdopted: sharesTraces && adopted[message] != nil)
  }

  /// Gathers the spans of a message, or of a connection.
  mutating func gather(_ row: borrowing MessageRow, _ rules: MessageRules, _ owner: TraceOwner) {
    trace.gather(first: row.firstSpan, count: Int(row.spanCount), from: spans, clientSpan: owner.clientSpan)
    guard trace.conflicting > 0 else { return }
    let names = names
    trace.prefer(first: row.firstSpan, from: spans) { span in
      rules.nodes.contains { names.matches(Int(span.name), $0.pattern) }
    }
  }

  private mutating func settleUnsampled(
    _ message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules
  ) {
    judgeSharing(message, row, rules)
    guard !rules.nodes.isEmpty else { return }
    row.pointee.trace = .unsampled
    guard trace.count > 0 else { return }
    let actual = "\(trace.count), among them '\(names.text(Int(trace[0].pointee.name)))'"
    add(.unsampledExported, message, row, expected: "no span, because its sampled flag is 0", actual: actual)
  }

  /// Judges what was gathered: at a glance where it is as it should be.
  private mutating func judgeTrace(
    _ row: MessageRef, _ rules: MessageRules, _ owner: TraceOwner
  ) -> TraceJudge.Judgement {
    isFitting = !row.pointee.isTruncated && fit.fits(trace, rules, for: owner, names, &inspector)
    if isFitting || rules.nodes.isEmpty { return TraceJudge.Judgement() }
    // Its spans are where the echo has shown that they are.
    if row.pointee.isElsewhere, rules.entry != .client { return TraceJudge.Judgement(isComplete: false) }
    return judge.judge(trace, rules, for: owner, isTruncated: row.pointee.isTruncated, names, &inspector)
  }

  /// Counts a trace's verdict and adds its findings.
  private mutating func conclude(
    _ judgement: TraceJudge.Judgement, _ message: MessageIdentity, _ row: MessageRef,
    _ rules: MessageRules, _ owner: TraceOwner
  ) {
    for broken in judgement.findings {
      add(broken.kind, message, row, expected: broken.expected, actual: broken.actual)
    }
    var suspicions = judgement.suspicions
    judgeCopies(message, row, rules, isComplete: judgement.isComplete, &suspicions)
    guard !rules.nodes.isEmpty else { return }
    let verdict = verdict(on: row, judgement)
    count(verdict)
    row.pointee.trace = verdict
    switch verdict {
    case .complete:
      noteClocks(message, row, rules, owner)
      noteTimes(message, row)
    case .broken:
      noteClocks(message, row, rules, owner)
      if !row.pointee.isElsewhere { suspect(suspicions, message, row, rules) }
    case .partial, .unseen:
      if verdict == .partial { for name in Set(judgement.missing) { counted.missingSpans[name, default: 0] += 1 } }
      suspect(suspicions, message, row, rules)
    case .none, .unsampled: break
    }
  }

  private mutating func noteClocks(
    _ message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules, _ owner: TraceOwner
  ) {
    guard trace.entryStart > 0, !isWhoseUnknown else { return }
    clock.add(
      entryStart: trace.entryStart, sent: row.pointee.sent,
      firstCopy: row.pointee.copies > 0 ? row.pointee.firstCopyAt : nil, lastSpan: row.pointee.lastSpanAt,
      key: Self.key(of: message), message: message, connection: row.pointee.connection,
      carried: rules.isTraced ? owner.context : nil)
  }

  /// Where the time of a message went whose trace is complete.
  private mutating func noteTimes(_ message: MessageIdentity, _ row: MessageRef) {
    guard !row.pointee.isWarmUp, row.pointee.copies > 0 else { return }
    // Of a trace that others share the last span may be theirs.
    if trace.count > 0, !isShared(rules[Int(row.pointee.type)]) {
      measurements.spanDelay.record(nanoseconds: max(0, row.pointee.lastSpanAt - row.pointee.lastCopyAt))
    }
    let responseTime = row.pointee.lastCopyAt - row.pointee.due
    let type = Int(row.pointee.type)
    guard isFitting,
      timeSplit.wants(
        message.sequence, type: type, responseTime: responseTime, key: Self.key(of: message)),
      let target = placeOfLastSender(row)
    else { return }
    timeSplit.add(
      type: type, key: Self.key(of: message), sequence: message.sequence, sendLag: row.pointee.sent - row.pointee.due,
      responseTime: responseTime, trace, fit, target: target, message: identities.text(of: message))
  }

  /// The place of the span that the last copy names; of several that came at once the one to the first connection.
  private func placeOfLastSender(_ row: MessageRef) -> Int? {
    var last: (parentID: UInt64, connection: UInt32)?
    var index = row.pointee.firstCopy
    while index >= 0 {
      let copy = copies[index]
      index = copy.next
      guard copy.at == row.pointee.lastCopyAt, copy.parentID != 0 else { continue }
      if let last, (last.connection, last.parentID) < (copy.connection, copy.parentID) { continue }
      last = (copy.parentID, copy.connection)
    }
    return last.flatMap { trace.place(of: $0.parentID) }
  }

  /// Whether a copy names a span that is not there.
  private func namesUnseenSpan(_ row: MessageRef) -> Bool {
    var index = row.pointee.firstCopy
    while index >= 0 {
      let copy = copies[index]
      if copy.parentID != 0, trace.place(of: copy.parentID) == nil { return true }
      index = copy.next
    }
    return false
  }

  /// Do the copies' parent IDs name spans, the right ones, and each its own?
  private mutating func judgeCopies(
    _ message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules, isComplete: Bool,
    _ suspicions: inout [TraceJudge.Broken]
  ) {
    judgeSharing(message, row, rules)
    guard !rules.nodes.isEmpty else { return }
    var index = row.pointee.firstCopy
    while index >= 0 {
      let copy = copies[index]
      index = copy.next
      guard copy.parentID != 0 else { continue }
      if let place = trace.place(of: copy.parentID) {
        let name = Int(trace[place].pointee.name)
        guard let rule = rules.echoParent, names.isKnown(name), !names.matches(name, rule.pattern) else { continue }
        let actual = "\(SpanID(copy.parentID)), a span '\(names.text(name))'"
        add(.echoNamesWrongSpan, message, row, expected: "the id of a span '\(rule.name)'", actual: actual)
        continue
      }
      let expected = rules.echoParent.map { "the id of a span '\($0.name)'" } ?? "a span's id"
      let actual = "\(SpanID(copy.parentID)), which no span of the trace has"
      if isComplete {
        add(.echoNamesNoSpan, message, row, expected: expected, actual: actual)
      } else {
        suspicions.append(TraceJudge.Broken(kind: .echoNamesNoSpan, expected: expected, actual: actual))
      }
    }
  }

  private mutating func judgeSharing(
    _ message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules
  ) {
    guard row.pointee.copies > 1, rules.context != .unchanged else { return }
    parentsSeen.removeAll(keepingCapacity: true)
    var index = row.pointee.firstCopy
    while index >= 0 {
      let copy = copies[index]
      index = copy.next
      guard copy.parentID != 0 else { continue }
      parentsSeen.append(copy.parentID)
    }
    parentsSeen.sort()
    for (parent, next) in zip(parentsSeen, parentsSeen.dropFirst()) where parent == next {
      return add(
        .sharedParent, message, row, expected: "a parent ID of its own in each copy",
        actual: "\(SpanID(parent)) in more than one")
    }
  }

  private func verdict(on row: MessageRef, _ judgement: TraceJudge.Judgement) -> MessageRow.Trace {
    if !judgement.findings.isEmpty { return .broken }
    if judgement.isComplete { return .complete }
    // Where the server handled it in another trace instead, the spans are there.
    if row.pointee.isElsewhere { return .broken }
    return trace.count > 0 ? .partial : .unseen
  }

  mutating func count(_ trace: MessageRow.Trace, insteadOf other: MessageRow.Trace = .none) {
    count(trace, by: 1)
    count(other, by: -1)
  }

  private mutating func count(_ trace: MessageRow.Trace, by change: Int) {
    switch trace {
    case .none, .unsampled: break
    case .complete: counted.tracesComplete += change
    case .partial: counted.tracesPartial += change
    case .unseen: counted.tracesUnseen += change
    case .broken: counted.tracesBroken += change
    }
  }

  private mutating func release(_ row: MessageRef) {
    release(spans: row.pointee.firstSpan)
    var index = row.pointee.firstCopy
    while index >= 0 {
      let next = copies[index].next
      copies.remove(index)
      index = next
    }
    index = row.pointee.firstWaiting
    while index >= 0 {
      let next = waiting[index].next
      waiting.remove(index)
      index = next
    }
  }
}

extension MessageRow.Trace {
  /// Whether the question is open.
  var isIncomplete: Bool {
    switch self {
    case .partial, .unseen: true
    case .none, .complete, .broken, .unsampled: false
    }
  }
}
