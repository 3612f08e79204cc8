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
    case .failed(let failed): counted.add(failed)
    case .closed(let closed):
      counted.closes[closed.cause, default: 0] += 1
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
    case .adopted: break
    case .echoed(let echoed): take(echoed, excerpt: excerpt)
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
      kind,
      Evidence(
        connection: unreadable.connection, expected: expected, actual: unreadable.reason.description, excerpt: excerpt))
  }

  private mutating func take(_ sent: Observation.Sent) {
    let sequence = sent.message.sequence
    guard let shard = shard(of: sent.message), let row = tables[shard].pointee.prepare(sequence) else { return }
    let rules = self.rules[Int(sent.type)]
    let members = Int(sent.members)
    let copies = rules.copies.value(members: members)
    counted.messagesSent += 1
    counted.copiesExpected += copies
    if !rules.nodes.isEmpty { counted.tracesExpected += 1 }
    let phase = Int(sent.phase)
    let isWarmUp = phase < isWarmUp.count && isWarmUp[phase]
    if !isWarmUp { measurements.record(sendLag: sent.at - sent.due, phase: phase) }
    pending += 1
    row.pointee.begin(sent, isWarmUp: isWarmUp, requiredSpans: rules.requiredSpans(members: members))
    tables[shard].pointee.sent(sequence)
    tables[shard].pointee.look(at: sequence, from: readiness(row.pointee, rules).at)
  }

  private mutating func take(_ echoed: Observation.Echoed, excerpt: String?) {
    let traced: MessageIdentity? =
      if case .present(let traceparent) = echoed.context { identities.identity(of: traceparent.traceID) } else { nil }
    guard let message = echoed.message ?? traced else {
      // Nothing tells whose it is.
      let echoClass = Self.uncorrelatedClass(of: echoed.context)
      classCounts[echoClass.ordinal] += 1
      if let kind = echoClass.finding(under: rules[Int(echoed.type)].context) {
        counted.wrongContexts += 1
        findings.add(
          kind,
          Evidence(
            connection: echoed.connection, expected: "the trace of one of our messages", actual: echoed.context.text,
            excerpt: excerpt))
      }
      return
    }
    let shard = Int(message.shard)
    guard shard < tables.count, !tables[shard].pointee.isForgotten(message.sequence) else {
      if shard < tables.count { counted.copiesLate += 1 } else { counted.foreignEchoes += 1 }
      return
    }
    guard let row = tables[shard].pointee.sentRow(message.sequence) else {
      // The text names a message that was never sent, as only a server can that makes ids up.
      counted.foreignEchoes += 1
      return
    }
    let echoClass = classify(echoed.context, answering: message, row.pointee, traced: traced)
    classCounts[echoClass.ordinal] += 1
    count(echoed, of: message, row, echoClass)
    guard let kind = echoClass.finding(under: rules[Int(row.pointee.type)].context) else { return }
    counted.wrongContexts += 1
    if echoClass == .restarted { row.pointee.isRestarted = true }
    add(
      kind, message, row,
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
    _ echoed: Observation.Echoed, of message: MessageIdentity, _ row: UnsafeMutablePointer<MessageRow>,
    _ echoClass: EchoClass
  ) {
    let rules = self.rules[Int(row.pointee.type)]
    let expected = rules.copies.value(members: Int(row.pointee.members))
    let isDuplicate =
      Int(row.pointee.copies) >= expected || rules.copies == .groupSize && hasCopy(row.pointee, on: echoed.connection)
    if !row.pointee.isWarmUp {
      measurements.responseTime.record(nanoseconds: echoed.at - row.pointee.due)
      measurements.serviceTime.record(nanoseconds: echoed.at - row.pointee.sent)
    }
    // Nothing is kept of what is beyond the expected, which has no bound.
    guard !isDuplicate else {
      counted.copiesDuplicate += 1
      return
    }
    row.pointee.copies += 1
    row.pointee.lastArrival = max(row.pointee.lastArrival, echoed.at)
    // Of a settled message each missing copy has been counted as lost.
    if row.pointee.state == .settled || echoed.at - row.pointee.sent > rules.withinNanoseconds {
      counted.copiesLate += 1
    } else {
      counted.copiesReceived += 1
      row.pointee.copiesInTime += 1
    }
    guard row.pointee.state == .pending else { return }
    var parentID = SpanID.zero
    if echoClass == .continued, case .present(let traceparent) = echoed.context { parentID = traceparent.parentID }
    row.pointee.firstCopy = copies.add(
      CopyRow(parentID: parentID.rawValue, connection: echoed.connection, next: row.pointee.firstCopy))
    if Int(row.pointee.copies) >= expected {
      tables[Int(message.shard)].pointee.look(at: message.sequence, from: readiness(row.pointee, rules).at)
    }
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
    _ context: EchoedContext, answering message: MessageIdentity, _ row: MessageRow, traced: MessageIdentity?
  ) -> EchoClass {
    switch context {
    case .absent: return .absent
    case .wrongType, .malformed: return .malformed
    case .present(let traceparent):
      guard let traced else { return .restarted }
      if traced.shard == message.shard, traced.sequence == message.sequence {
        return traceparent.parentID == identities.spanID(in: traceparent.traceID) ? .unchanged : .continued
      }
      return isOther(traced, onTheConnectionOf: message, row) ? .stale : .crossed
    }
  }

  /// Whether `other` is another message of the same connection. Of a message so old that nothing is known of it
  /// any more, only its age is sure.
  private func isOther(_ other: MessageIdentity, onTheConnectionOf message: MessageIdentity, _ row: MessageRow) -> Bool
  {
    guard other.shard == message.shard else { return false }
    let table = tables[Int(message.shard)]
    if table.pointee.isForgotten(other.sequence) { return true }
    return table.pointee.row(other.sequence)?.pointee.connection == row.connection
  }

  /// The index of a message's table, which is made; nil beyond the limit.
  mutating func shard(of message: MessageIdentity) -> Int? {
    let shard = Int(message.shard)
    guard shard < ShardTables.limit else { return nil }
    tables.prepare(shard)
    return shard
  }
}
