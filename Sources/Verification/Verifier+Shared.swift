import Observations
import Scenarios
import Timing
import TraceContext

// Spans of traces that are not one message's alone.
extension Verifier {
  mutating func keepShared(_ span: SpanObservation, _ details: [SpanDetail], at now: Instant) {
    // Half of the room is for the spans that belong to one message: connections need never end.
    guard spans.inUse <= spanLimit / 2, let index = add(span, details, next: -1) else {
      counted.spansDropped += 1
      shared.truncate(span.traceID)
      return
    }
    let context = followsLinks ? linkedContext(of: spans[index]) : nil
    let hook = context?.spanID ?? span.parentID.rawValue
    spans.relink(index, to: shared.add(index, hangingOn: hook, to: span.traceID, at: now))
    if let context { shared.link(span.traceID, to: context) }
  }

  /// The context of ours that an entry span links to: then it hangs on that.
  private func linkedContext(of span: SpanRow) -> SpanKey? {
    guard span.detail >= 0 else { return nil }
    let detail = inspector.details[span.detail]
    let isEntry = isEntry(span) { $0.entry == .link }
    guard isEntry || span.parentID == 0 else { return nil }
    var other: SpanKey?
    for place in 0..<min(Int(detail.linkCount), SpanDetail.linkLimit) {
      let link = detail.links[place]
      let context = SpanKey(traceID: link.traceID, spanID: link.spanID.rawValue)
      if identities.identity(of: link.traceID) != nil, identities.spanID(in: link.traceID) == link.spanID {
        return context
      }
      if isEntry, other == nil, isOurs(link.traceID) { other = context }
    }
    return other
  }

  /// Whether a trace is one of those that messages or connections begin.
  func isOurs(_ traceID: TraceID) -> Bool {
    identities.identity(of: traceID) != nil || identities.connection(of: traceID) != nil
  }

  /// Says that a message is answered in a trace that the server began.
  mutating func bind(_ message: MessageIdentity, to traceID: TraceID) {
    let known = bound[message] ?? []
    guard known.count < Self.boundLimit, !known.contains(traceID) else { return }
    bound[message, default: []].append(traceID)
  }

  /// Forgets the server's own traces that have been quiet for longer than any message that may be in them waits.
  mutating func forgetUnclaimed(at now: Instant) {
    guard now >= nextForgetting else { return }
    nextForgetting = now.after(settleTime / 8)
    for traceID in shared.unused(since: now.after(-patience)) where !isOurs(traceID) {
      for (_, first) in shared.chain(traceID)?.heads ?? [] { release(spans: first) }
      shared.remove(traceID)
    }
  }

  /// Whether a message's spans are in traces that may be others' as well.
  func isShared(_ rules: MessageRules) -> Bool { sharesTraces || rules.isInSharedTrace }

  /// Moves a message's own spans from the traces that they share to the message.
  mutating func claimShared(_ message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules, _ owner: TraceOwner) {
    if rules.entry != .client, row.pointee.spanCount > 0 { dropMisplaced(message, row, rules) }
    switch rules.entry {
    case .client: claim(owner.traceID, row, rules, owner)
    case .root: for traceID in bound[message] ?? [] { claim(traceID, row, rules, owner) }
    case .link:
      for traceID in shared.takeLinks(to: owner.context) { claim(traceID, row, rules, owner) }
    }
  }

  /// Spans are in the message's trace although they should be in one of the server's own.
  private mutating func dropMisplaced(_ message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules) {
    let name = rules.top.first.map { rules.nodes[$0].name } ?? ""
    if !row.pointee.isElsewhere {
      add(
        .wrongEntrySpan, message, row, expected: "'\(name)' in a trace of the server's own",
        actual: "\(row.pointee.spanCount) spans in the message's trace")
    }
    release(spans: row.pointee.firstSpan)
    row.pointee.firstSpan = -1
    row.pointee.spanCount = 0
    row.pointee.isElsewhere = true
  }

  /// Moves what hangs on a message's context in one trace to the message.
  mutating func claim(_ traceID: TraceID, _ row: MessageRef, _ rules: MessageRules, _ owner: TraceOwner) {
    guard var chain = shared.take(traceID) else { return }
    if chain.isTruncated { row.pointee.isTruncated = true }
    var open = takeTops(of: &chain, row, rules, owner)
    while let spanID = open.popLast() {
      var index = chain.take(hangingOn: spanID)
      while index >= 0 {
        let span = spans[index]
        if sharesTraces, isOtherEntry(span, rules) {
          // It hangs on a context that another message adopted.
          putBack(index, hangingOn: spanID, in: &chain)
        } else if give(index, to: row) {
          open.append(span.spanID)
        }
        index = span.next
      }
    }
    row.pointee.lastSpanAt = max(row.pointee.lastSpanAt, chain.lastArrival)
    shared.putBack(chain, traceID)
  }

  /// Moves the spans that hang on a message's own context. Of several messages with one adopted context each takes its
  /// share of the entry spans, the earliest first, and the last of them the rest.
  ///
  /// - Returns: the IDs of these spans, on which the others hang.
  private mutating func takeTops(
    of chain: inout SharedTraces.Chain, _ row: MessageRef, _ rules: MessageRules, _ owner: TraceOwner
  ) -> [UInt64] {
    var open: [UInt64] = []
    var tops: [Int32] = []
    var index = chain.take(hangingOn: owner.clientSpan)
    while index >= 0 {
      tops.append(index)
      index = spans[index].next
    }
    let users = chain.users(of: owner.clientSpan)
    if users.wereSeveral { isWhoseUnknown = true }
    let own = ownTops(tops, users, rules, owner)
    for index in tops.reversed() {
      if own.contains(index) {
        let spanID = spans[index].spanID
        if rules.entry == .link { spans.rehang(index, on: owner.clientSpan) }
        if give(index, to: row) { open.append(spanID) }
      } else {
        putBack(index, hangingOn: owner.clientSpan, in: &chain)
      }
    }
    return open
  }

  private func ownTops(
    _ tops: [Int32], _ users: SharedTraces.Users, _ rules: MessageRules, _ owner: TraceOwner
  ) -> Set<Int32> {
    let entries = owner.hasAdopted ? tops.filter { isEntry(spans[$0]) { _ in true } } : tops
    guard users.count > 1 else { return Set(entries) }
    let ordered = entries.sorted { (spans[$0].start, spans[$0].spanID) < (spans[$1].start, spans[$1].spanID) }
    return Set(
      rules.top.flatMap { node in
        ordered.filter { names.matches(Int(spans[$0].name), rules.nodes[node].pattern) }
          .prefix(rules.nodes[node].most(members: owner.members))
      })
  }

  /// Leaves a span in the trace that it was taken from.
  private mutating func putBack(_ index: Int32, hangingOn spanID: UInt64, in chain: inout SharedTraces.Chain) {
    spans.relink(index, to: chain.head(of: spanID))
    chain.put(index, hangingOn: spanID)
  }

  /// Hands a span over to a message; not beyond what one may have, which is given back.
  @discardableResult
  mutating func give(_ index: Int32, to row: MessageRef) -> Bool {
    guard row.pointee.hasRoomForSpan else {
      counted.spansDropped += 1
      row.pointee.isTruncated = true
      spans.relink(index, to: -1)
      release(spans: index)
      return false
    }
    spans.relink(index, to: row.pointee.firstSpan)
    row.pointee.firstSpan = index
    row.pointee.spanCount += 1
    return true
  }

  /// Whether a span's name is that of an entry span, of some message of the wanted kind.
  private func isEntry(_ span: SpanRow, where isWanted: (MessageRules) -> Bool) -> Bool {
    rules.contains { rules in
      isWanted(rules) && rules.top.contains { names.matches(Int(span.name), rules.nodes[$0].pattern) }
    }
  }

  /// Whether a span below a message's entry span is another message's entry span.
  private func isOtherEntry(_ span: SpanRow, _ own: MessageRules) -> Bool {
    guard isEntry(span, where: { _ in true }) else { return false }
    return !own.nodes.contains { $0.parent != nil && names.matches(Int(span.name), $0.pattern) }
  }

  /// Forgets what a settled message was known by, and remembers whose its spans were.
  mutating func forgetShared(_ message: MessageIdentity, _ rules: MessageRules, _ owner: TraceOwner) {
    if rules.entry == .client {
      settledSpans.add(owner.context, of: message)
      for place in 0..<trace.count {
        settledSpans.add(SpanKey(traceID: owner.traceID, spanID: trace[place].pointee.spanID), of: message)
      }
    }
    bound[message] = nil
    guard sharesTraces else { return }
    shared.endUse(owner.context)
    adopted[message] = nil
  }
}

extension TraceOwner {
  /// The context that a message carried.
  var context: SpanKey { SpanKey(traceID: traceID, spanID: sentSpan ?? clientSpan) }
}

extension Pool where Row == SpanRow {
  /// Makes `next` the one that follows a row in its chain.
  mutating func relink(_ index: Int32, to next: Int32) { change(index) { $0.next = next } }

  /// Gives a span another parent.
  mutating func rehang(_ index: Int32, on parentID: UInt64) { change(index) { $0.parentID = parentID } }
}
