import Observations
import Scenarios
import Timing
import TraceContext

extension Verifier {
  mutating func take(_ observation: Observation, excerpt: String?) {
    switch observation {
    case .opened(let opened):
      counted.opened += 1
      if opened.security == .resumedTLS { counted.resumed += 1 }
      measurements.record(opened)
      if upgradeRules != nil { connections[opened.connection, default: ConnectionRow()].opened += 1 }
    case .failed(let failed):
      counted.add(failed)
      if upgradeRules != nil { connections[failed.connection, default: ConnectionRow()].failed += 1 }
    case .closed(let closed):
      counted.closes[closed.cause, default: 0] += 1
      if !closed.cause.isOurWill { endedConnections.insert(closed.connection) }
      counted.closeCodes[closed.code, default: 0] += 1
      if let nanoseconds = closed.closeNanoseconds { measurements.closeTime.record(nanoseconds: nanoseconds) }
      if let excerpt, counted.closeReasons[closed.code] == nil {
        counted.closeReasons[closed.code] = CloseReason.shown(excerpt)
      }
    case .dropped(let dropped): counted.droppedArrivals += Int(clamping: dropped.count)
    case .stalled(let stalled): counted.longestStall = max(counted.longestStall, stalled.nanoseconds)
    case .compressed(let compressed): counted.compression.add(compressed)
    case .ponged(let ponged): measurements.pingTime.record(nanoseconds: ponged.roundTripNanoseconds)
    case .resolved(let resolved): measurements.dnsTime.record(nanoseconds: resolved.nanoseconds)
    case .foreignEcho: counted.foreignEchoes += 1
    case .unreadable(let unreadable): take(unreadable, excerpt: excerpt)
    case .sent(let sent): take(sent)
    case .adopted(let adopted): take(adopted)
    case .echoed(let echoed):
      echoCount &+= 1
      take(echoed, ordinal: echoCount, excerpt: excerpt)
    }
  }

  private mutating func take(_ unreadable: Observation.Unreadable, excerpt: String?) {
    counted.unreadable[unreadable.reason, default: 0] += 1
    let (kind, expected): (FindingKind, String)
    switch unreadable.reason {
    case .unmatched: return
    case .invalidJSON, .notAnObject, .binary: (kind, expected) = (.unreadableMessage, "a JSON object in a text frame")
    case .protocolError: (kind, expected) = (.protocolError, "frames as RFC 6455 has them")
    }
    findings.add(
      kind, UInt64(clamping: unreadable.at.nanoseconds),
      Evidence(
        connection: unreadable.connection, expected: expected, actual: unreadable.reason.description, excerpt: excerpt))
  }

  private mutating func take(_ sent: Observation.Sent) {
    let sequence = sent.message.sequence
    lastActivity = max(lastActivity, sent.at)
    guard let shard = shard(of: sent.message), let row = tables[shard].pointee.prepare(sequence) else { return }
    let rules = self.rules[Int(sent.type)]
    let members = Int(sent.members)
    counted.messagesSent += 1
    counted.copiesExpected += rules.copies.value(members: members)
    let isSampled = sent.flags.isSampled || !rules.followsSampling
    if !rules.nodes.isEmpty {
      if isSampled { counted.tracesExpected += 1 } else { counted.tracesUnsampled += 1 }
    }
    let phase = Int(sent.phase)
    let isWarmUp = phase < isWarmUp.count && isWarmUp[phase]
    if !isWarmUp { measurements.record(sendLag: sent.at - sent.due, phase: phase) }
    pending += 1
    row.pointee.begin(
      sent, isWarmUp: isWarmUp, requiredSpans: isSampled ? rules.requiredSpans(members: members) : 0)
    tables[shard].pointee.sent(sequence)
    if sharesTraces {
      let context = context(of: sent.message, row, rules)
      shared.use(SpanKey(traceID: context.traceID, spanID: context.clientSpan))
    }
    if row.pointee.firstWaiting >= 0 { takeWaiting(row) }
    tables[shard].pointee.look(at: sequence, from: readiness(row, rules).at)
  }

  private mutating func take(_ adoption: Observation.Adopted) {
    if sharesTraces { adopted[adoption.message] = adoption.context }
  }

  private mutating func take(_ echoed: Observation.Echoed, ordinal: UInt64, excerpt: String?) {
    lastActivity = max(lastActivity, echoed.at)
    let traced: MessageIdentity? =
      if case .present(let traceparent) = echoed.context { identities.identity(of: traceparent.traceID) } else { nil }
    guard let message = echoed.message ?? traced else { return takeUncorrelated(echoed, excerpt: excerpt) }
    let shard = Int(message.shard)
    guard shard < ShardTables.limit else {
      counted.foreignEchoes += 1
      return
    }
    tables.prepare(shard)
    guard !tables[shard].pointee.isForgotten(message.sequence) else {
      counted.copiesLate += 1
      return
    }
    guard let row = tables[shard].pointee.sentRow(message.sequence) else {
      if !wait(echoed, ordinal, for: message) { counted.foreignEchoes += 1 }
      return
    }
    // Whose the context is that it carries instead is told with that message.
    if let traced, !traced.isSame(as: message), wait(echoed, ordinal, for: traced) { return }
    judge(echoed, ordinal, of: message, row, traced: traced, excerpt: excerpt)
  }

  private mutating func judge(
    _ echoed: Observation.Echoed, _ ordinal: UInt64, of message: MessageIdentity, _ row: MessageRef,
    traced: MessageIdentity?, excerpt: String?
  ) {
    let rules = self.rules[Int(row.pointee.type)]
    let echoClass = classify(echoed, answering: message, row, rules, traced: traced)
    classCounts[echoClass.ordinal] += 1
    count(echoed, ordinal, of: message, row, rules, echoClass)
    let shownBefore = row.pointee.shown
    if let kind = echoClass.finding(under: rules.context) {
      if Self.isInAnotherTrace(kind) { row.pointee.isElsewhere = true }
      if row.pointee.shown & kind.bit == 0 {
        let actual = describe(echoed.context, traced: traced, answering: message)
        add(
          kind, message, row, expected: EchoClass.expectation(under: rules.context), actual: actual, excerpt: excerpt)
      }
      counted.wrongContexts += 1
      return
    }
    guard case .present(let traceparent) = echoed.context else { return }
    if echoClass == .restarted, rules.entry == .root, row.pointee.state == .pending {
      bind(message, to: traceparent.traceID)
    }
    let isContinued = echoClass == .continued || echoClass == .unchanged
    // As almost all are; raw values, because sets of another module are compared by calls.
    let changes = echoed.form.rawValue | echoed.tracestate.rawValue | echoed.baggage.rawValue
    let flags =
      isContinued ? traceparent.flags.rawValue ^ row.pointee.flags.rawValue : traceparent.flags.rawValue & 0xfc
    if flags | changes == 0 { return }
    judgeForm(echoed, traceparent, message, row, rules, isContinued: isContinued, excerpt: excerpt)
    if row.pointee.shown != shownBefore { counted.wrongContexts += 1 }
  }

  /// Whether a finding tells that the message was handled in another trace than the expected.
  private static func isInAnotherTrace(_ kind: FindingKind) -> Bool {
    [.traceRestarted, .unsolicitedContext, .ambientContext, .invalidContextContinued].contains(kind)
  }

  /// An echo that nothing tells whose it is.
  private mutating func takeUncorrelated(_ echoed: Observation.Echoed, excerpt: String?) {
    let echoClass: EchoClass =
      switch echoed.context {
      case .absent: .absent
      case .wrongType, .malformed: .malformed
      case .present: .foreign
      }
    classCounts[echoClass.ordinal] += 1
    guard let kind = echoClass.finding(under: rules[Int(echoed.type)].context) else { return }
    counted.wrongContexts += 1
    findings.add(
      kind, UInt64(clamping: echoed.at.nanoseconds),
      Evidence(
        connection: echoed.connection, expected: "the trace of one of our messages", actual: echoed.context.text,
        excerpt: excerpt))
  }

  private mutating func classify(
    _ echoed: Observation.Echoed, answering message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules,
    traced: MessageIdentity?
  ) -> EchoClass {
    switch echoed.context {
    case .absent: return .absent
    case .wrongType, .malformed: return .malformed
    case .present(let traceparent):
      if rules.isFresh, let traced, traced.isSame(as: message) {
        return traceparent.parentID == identities.spanID(in: traceparent.traceID) ? .unchanged : .continued
      }
      let own = context(of: message, row, rules)
      if traceparent.traceID == own.traceID {
        return traceparent.parentID.rawValue == own.clientSpan ? .unchanged : .continued
      }
      if let traced { return isOther(traced, onTheConnectionOf: message, row) ? .stale : .crossed }
      guard let connection = identities.connection(of: traceparent.traceID) else { return .restarted }
      return connection == row.pointee.connection ? .ambient : .crossed
    }
  }

  /// The context that a message carried; of one that carried none of ours the one that it could have carried.
  func context(
    of message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules
  ) -> (traceID: TraceID, clientSpan: UInt64) {
    let own = identities.traceID(of: message)
    switch rules.mode {
    case .fresh, .none, .raw: return (own, identities.spanID(in: own).rawValue)
    case .connection:
      return (identities.traceID(ofConnection: row.pointee.connection), identities.spanID(in: own).rawValue)
    case .sticky:
      guard let adopted = adopted[message] else { return (own, identities.spanID(in: own).rawValue) }
      return (adopted.traceID, adopted.parentID.rawValue)
    }
  }

  /// Whether `other` is another message of the same connection. Of a message so old that nothing is known of it
  /// any more, only its age is sure.
  private func isOther(_ other: MessageIdentity, onTheConnectionOf message: MessageIdentity, _ row: MessageRef) -> Bool
  {
    guard other.shard == message.shard else { return false }
    let table = tables[Int(message.shard)]
    if table.pointee.isForgotten(other.sequence) { return true }
    return table.pointee.sentRow(other.sequence)?.pointee.connection == row.pointee.connection
  }

  /// The index of a message's table, which is made; nil beyond the limit.
  mutating func shard(of message: MessageIdentity) -> Int? {
    let shard = Int(message.shard)
    guard shard < ShardTables.limit else { return nil }
    tables.prepare(shard)
    return shard
  }
}

extension MessageIdentity {
  /// Equality without a call into another module.
  @inline(__always)
  func isSame(as other: MessageIdentity) -> Bool { sequence == other.sequence && shard == other.shard }
}

extension TraceFlags {
  /// Bit 0, without a call into another module.
  var isSampled: Bool { rawValue & 1 == 1 }
}

// Echoes that were told of before the message that they answer, or whose context they carry: another reactor received
// them.
extension Verifier {
  /// Lets an echo wait until a message is told of; not where it is already, or never will be.
  private mutating func wait(_ echoed: Observation.Echoed, _ ordinal: UInt64, for message: MessageIdentity) -> Bool {
    guard !isDraining, waiting.inUse < Self.waitingLimit, let shard = shard(of: message) else { return false }
    let table = tables[shard]
    // The text may name a message that was never sent, as only a server can that makes ids up.
    guard table.pointee.isNear(message.sequence), let row = table.pointee.prepare(message.sequence),
      row.pointee.state == .unknown
    else { return false }
    row.pointee.firstWaiting = waiting.add(
      WaitingEcho(echoed: echoed, ordinal: ordinal, next: row.pointee.firstWaiting))
    return true
  }

  mutating func takeWaiting(_ row: MessageRef) {
    var echoes: [WaitingEcho] = []
    while row.pointee.firstWaiting >= 0 {
      let index = row.pointee.firstWaiting
      echoes.append(waiting[index])
      row.pointee.firstWaiting = waiting[index].next
      waiting.remove(index)
    }
    echoes.sort { ($0.echoed.at, $0.echoed.connection, $0.ordinal) < ($1.echoed.at, $1.echoed.connection, $1.ordinal) }
    for echo in echoes { take(echo.echoed, ordinal: echo.ordinal, excerpt: nil) }
    if waiting.inUse == 0 { noteHeldCopies() }
  }

  /// Takes what still waits as it is: nobody will tell of those messages any more.
  mutating func drainWaiting() {
    isDraining = true
    defer { noteHeldCopies() }
    guard waiting.inUse > 0 else { return }
    for shard in 0..<tables.count {
      for sequence in tables[shard].pointee.unknown() {
        if let row = tables[shard].pointee.row(sequence) { takeWaiting(row) }
      }
    }
  }
}
