import Observations
import Scenarios
import Timing
import TraceContext

// Delivery: copies are counted apart from what they carry.
extension Verifier {
  mutating func count(
    _ echoed: Observation.Echoed, _ ordinal: UInt64, of message: MessageIdentity, _ row: MessageRef,
    _ rules: MessageRules, _ echoClass: EchoClass
  ) {
    guard isForMember(echoed.connection, row, rules) else {
      counted.copiesMisdelivered += 1
      add(
        .copyMisdelivered, message, row, expected: "copies to the members of the sender's group",
        actual: "one to connection \(echoed.connection), which is no member")
      return
    }
    if !row.pointee.isWarmUp {
      measurements.responseTime.record(nanoseconds: echoed.at - row.pointee.due)
      measurements.serviceTime.record(nanoseconds: echoed.at - row.pointee.sent)
    }
    let expected = rules.copies.value(members: Int(row.pointee.members))
    // Nothing is kept of what is beyond the expected, which has no bound.
    guard !isDuplicate(echoed.connection, row, rules, expected: expected) else {
      counted.copiesDuplicate += 1
      add(
        .copyDuplicated, message, row, expected: "\(expected) copies, one for each receiver",
        actual: "one more to connection \(echoed.connection)")
      return
    }
    noteOrder(echoed, ordinal, message, row)
    keep(echoed, of: message, row, rules, echoClass, expected: expected)
  }

  private func isForMember(_ receiver: UInt32, _ row: MessageRef, _ rules: MessageRules) -> Bool {
    if groupSize > 0 { return receiver / UInt32(groupSize) == row.pointee.connection / UInt32(groupSize) }
    return rules.copies != .fixed(1) || receiver == row.pointee.connection
  }

  private mutating func isDuplicate(
    _ receiver: UInt32, _ row: MessageRef, _ rules: MessageRules, expected: Int
  ) -> Bool {
    if Int(row.pointee.copies) >= expected { return true }
    guard rules.copies == .groupSize else { return false }
    // Each member of a group gets one.
    guard groupSize > 0, groupSize <= 64 else { return hasCopy(row, on: receiver) }
    let bit: UInt64 = 1 << UInt64(receiver % UInt32(groupSize))
    guard row.pointee.receivers & bit == 0 else { return true }
    row.pointee.receivers |= bit
    return false
  }

  /// Whether a connection has its copy of an unsettled message already.
  private func hasCopy(_ row: MessageRef, on connection: UInt32) -> Bool {
    var index = row.pointee.firstCopy
    while index >= 0 {
      if copies[index].connection == connection { return true }
      index = copies[index].next
    }
    return false
  }

  private mutating func noteOrder(
    _ echoed: Observation.Echoed, _ ordinal: UInt64, _ message: MessageIdentity, _ row: MessageRef
  ) {
    // Without groups nobody knows who hears whom, but each its own.
    guard groupSize > 0 || echoed.connection == row.pointee.connection else { return }
    let copy = HeldCopy(
      ordinal: ordinal, message: message, receiver: echoed.connection, sender: row.pointee.connection, at: echoed.at)
    // Echoes that wait for their messages may have come before this one.
    if waiting.inUse == 0, heldCopies.isEmpty { return noteOrder(of: copy) }
    heldCopies.append(copy)
    if waiting.inUse == 0 || heldCopies.count >= Self.waitingLimit { noteHeldCopies() }
  }

  /// Judges the order of the held copies as they came.
  mutating func noteHeldCopies() {
    guard !heldCopies.isEmpty else { return }
    heldCopies.sort { $0.ordinal < $1.ordinal }
    for copy in heldCopies { noteOrder(of: copy) }
    heldCopies.removeAll(keepingCapacity: true)
  }

  private mutating func noteOrder(of copy: HeldCopy) {
    guard
      let late = order.note(
        receiver: copy.receiver, sender: copy.sender, sequence: copy.message.sequence, at: copy.at)
    else { return }
    counted.copiesOutOfOrder += 1
    let other = MessageIdentity(shard: copy.message.shard, sequence: late)
    guard let otherRow = tables[Int(other.shard)].pointee.sentRow(late) else { return }
    add(
      .copyOutOfOrder, other, otherRow, expected: "copies in the order in which their sender sent them",
      actual: "one to connection \(copy.receiver) after that of a later message")
  }

  private mutating func keep(
    _ echoed: Observation.Echoed, of message: MessageIdentity, _ row: MessageRef,
    _ rules: MessageRules, _ echoClass: EchoClass, expected: Int
  ) {
    row.pointee.copies += 1
    row.pointee.firstCopyAt = min(row.pointee.firstCopyAt, echoed.at)
    row.pointee.lastCopyAt = max(row.pointee.lastCopyAt, echoed.at)
    let lateness = echoed.at - row.pointee.sent - rules.withinNanoseconds
    if lateness > 0 {
      counted.copiesLate += 1
      counted.greatestLateness = max(counted.greatestLateness, lateness)
      add(
        .copyLate, message, row, expected: "every copy within \(milliseconds(UInt64(rules.withinNanoseconds)))",
        actual: "one after \(milliseconds(UInt64(clamping: echoed.at - row.pointee.sent)))")
    } else if row.pointee.state == .settled {
      // Handed over later than anybody waits for it: each missing copy of a settled message was counted as lost.
      counted.copiesLate += 1
    } else {
      counted.copiesReceived += 1
      row.pointee.copiesInTime += 1
    }
    guard row.pointee.state == .pending else {
      // Late is not lost.
      if Int(row.pointee.copies) >= expected { retract(.copyLost, message, row) }
      return
    }
    var parentID = SpanID.zero
    if echoClass == .continued || echoClass == .restarted && rules.context == .new,
      case .present(let traceparent) = echoed.context
    {
      parentID = traceparent.parentID
    }
    row.pointee.firstCopy = copies.add(
      CopyRow(
        parentID: parentID.rawValue, at: echoed.at, connection: echoed.connection, next: row.pointee.firstCopy,
        echoClass: echoClass))
    if Int(row.pointee.copies) >= expected {
      tables[Int(message.shard)].pointee.look(at: message.sequence, from: readiness(row, rules).at)
    }
  }

  /// Counts a settled message's delivery.
  mutating func countDelivery(
    _ message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules
  ) {
    let expected = rules.copies.value(members: Int(row.pointee.members))
    let inTime = Int(row.pointee.copiesInTime)
    guard rules.expectsEcho else {
      counted.messagesWithoutEcho += 1
      return
    }
    if inTime >= expected {
      counted.messagesEchoed += 1
    } else {
      counted.messagesLost += 1
      counted.copiesLost += expected - inTime
    }
    // One that is not heard out yet is not lost, as when the run was interrupted.
    let isHeardOut = heardUntil.map { $0 - row.pointee.sent > rules.withinNanoseconds } ?? true
    if Int(row.pointee.copies) < expected, isHeardOut {
      add(
        .copyLost, message, row, expected: expected == 1 ? "a copy" : "\(expected) copies",
        actual: "\(row.pointee.copies)")
    }
    if row.pointee.copies > 1, !row.pointee.isWarmUp {
      measurements.fanOutSpread.record(nanoseconds: row.pointee.lastCopyAt - row.pointee.firstCopyAt)
    }
  }
}
