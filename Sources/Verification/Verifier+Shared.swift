import Observations
import Scenarios
import Timing
import TraceContext

// Spans of traces that are not one message's alone.
extension Verifier {
  mutating func keepShared(_ span: SpanObservation, _ details: [SpanDetail], at now: Instant) {
    var chain = shared[span.traceID]
    defer { shared[span.traceID] = chain }
    guard chain.count < SharedTraces.chainLimit, let index = add(span, details, next: chain.first) else {
      counted.spansDropped += 1
      chain.isTruncated = true
      return
    }
    chain.first = index
    chain.count += 1
    chain.lastArrival = max(chain.lastArrival, now)
  }

  /// Says that a message is answered in a trace that the server began.
  mutating func bind(_ message: MessageIdentity, to traceID: TraceID) {
    guard bound[message] == nil else { return }
    bound[message] = traceID
    shared[traceID].isClaimed = true
  }

  /// A span of a trace of the server's own whose link leads to one of our messages is that message's.
  mutating func bindByLinks(of detail: SpanDetail, to traceID: TraceID) {
    for place in 0..<min(Int(detail.linkCount), SpanDetail.linkLimit) {
      let link = detail.links[place]
      guard let message = identities.identity(of: link.traceID), identities.spanID(in: link.traceID) == link.spanID
      else { continue }
      bind(message, to: traceID)
    }
  }

  mutating func forgetUnclaimed(at now: Instant) {
    for traceID in shared.unclaimed(since: now.after(-settleTime)) where identities.connection(of: traceID) == nil {
      release(spans: shared[traceID].first)
      shared.remove(traceID)
    }
  }

  /// The shared trace that a message's spans are in; nil where they are kept beside the message itself.
  func sharedTrace(of message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules) -> TraceID? {
    if rules.nodes.isEmpty { return nil }
    switch rules.entry {
    case .root, .link: return bound[message]
    case .client: break
    }
    if rules.mode == .connection { return identities.traceID(ofConnection: row.pointee.connection) }
    return sharesTraces ? context(of: message, row, rules).traceID : nil
  }

  /// Moves a message's own spans from the trace that it shares to the message.
  mutating func claim(
    _ traceID: TraceID, _ row: MessageRef, _ rules: MessageRules, _ owner: TraceOwner
  ) {
    var chain = shared[traceID]
    let (own, others) = divide(chain, rules, owner)
    chain.first = -1
    chain.count = 0
    var index = own
    while index >= 0 {
      let next = spans[index].next
      spans.relink(index, to: row.pointee.firstSpan)
      row.pointee.firstSpan = index
      row.pointee.spanCount += 1
      index = next
    }
    index = others
    while index >= 0 {
      let next = spans[index].next
      spans.relink(index, to: chain.first)
      chain.first = index
      chain.count += 1
      index = next
    }
    if chain.isTruncated { row.pointee.isTruncated = true }
    row.pointee.lastSpanAt = max(row.pointee.lastSpanAt, chain.lastArrival)
    shared[traceID] = chain
  }

  /// Gives a message's spans back to the trace that it shares: it is not complete yet.
  mutating func giveBack(_ traceID: TraceID, _ row: MessageRef) {
    var chain = shared[traceID]
    var index = row.pointee.firstSpan
    while index >= 0 {
      let next = spans[index].next
      spans.relink(index, to: chain.first)
      chain.first = index
      chain.count += 1
      index = next
    }
    row.pointee.firstSpan = -1
    row.pointee.spanCount = 0
    shared[traceID] = chain
  }

  /// Splits a chain into the spans below a message's own top and the others; both are linked anew.
  private mutating func divide(
    _ chain: SharedTraces.Chain, _ rules: MessageRules, _ owner: TraceOwner
  ) -> (own: Int32, others: Int32) {
    var places: [Int32] = []
    var byID: [UInt64: Int32] = [:]
    var index = chain.first
    while index >= 0 {
      places.append(index)
      byID[spans[index].spanID] = index
      index = spans[index].next
    }
    let tops = ownTops(places, chain, rules, owner)
    var isOwn: [Int32: Bool] = [:]
    var (own, others): (Int32, Int32) = (-1, -1)
    for place in places {
      if belongs(place, tops, byID, chain, rules, owner, &isOwn) {
        spans.relink(place, to: own)
        own = place
      } else {
        spans.relink(place, to: others)
        others = place
      }
    }
    return (own, others)
  }

  /// The spans that hang on a message's context. Of several messages with one adopted context each takes its own share
  /// of the entry spans, the earliest first.
  private mutating func ownTops(
    _ places: [Int32], _ chain: SharedTraces.Chain, _ rules: MessageRules, _ owner: TraceOwner
  ) -> Set<Int32> {
    var tops: [Int32] = []
    for place in places where isTop(spans[place], rules, owner) {
      tops.append(place)
      // By a link: from here on it hangs on what the link leads to.
      if rules.entry == .link { spans.rehang(place, on: owner.clientSpan) }
    }
    guard chain.adopted.contains(owner.clientSpan) else { return Set(tops) }
    tops.sort { (spans[$0].start, spans[$0].spanID) < (spans[$1].start, spans[$1].spanID) }
    return Set(
      rules.top.flatMap { node in
        tops.filter { names.matches(Int(spans[$0].name), rules.nodes[node].pattern) }
          .prefix(rules.nodes[node].most(members: owner.members))
      })
  }

  private func isTop(_ span: SpanRow, _ rules: MessageRules, _ owner: TraceOwner) -> Bool {
    switch rules.entry {
    case .client, .root: span.parentID == owner.clientSpan
    case .link: span.parentID == owner.clientSpan || hasLink(span, to: owner)
    }
  }

  private func hasLink(_ span: SpanRow, to owner: TraceOwner) -> Bool {
    guard span.detail >= 0 else { return false }
    let detail = inspector.details[span.detail]
    return (0..<min(Int(detail.linkCount), SpanDetail.linkLimit)).contains {
      detail.links[$0].traceID == owner.traceID && detail.links[$0].spanID.rawValue == owner.clientSpan
    }
  }

  /// Whether a span is below one of the tops, with no other message's entry span between.
  private func belongs(
    _ place: Int32, _ tops: Set<Int32>, _ byID: [UInt64: Int32], _ chain: SharedTraces.Chain, _ rules: MessageRules,
    _ owner: TraceOwner, _ known: inout [Int32: Bool]
  ) -> Bool {
    var path: [Int32] = []
    var next: Int32? = place
    var isOwn = false
    while let at = next, path.count <= chain.count {
      if let answer = known[at] {
        isOwn = answer
        break
      }
      path.append(at)
      if tops.contains(at) {
        isOwn = true
        break
      }
      let span = spans[at]
      if span.parentID != owner.clientSpan, chain.adopted.contains(span.parentID), isEntry(span) { break }
      next = byID[span.parentID]
    }
    for at in path { known[at] = isOwn }
    return isOwn
  }

  /// Whether a span's name is that of some message's entry span.
  private func isEntry(_ span: SpanRow) -> Bool {
    rules.contains { rules in
      rules.top.contains { names.matches(Int(span.name), rules.nodes[$0].pattern) }
    }
  }
}

extension Pool where Row == SpanRow {
  /// Makes `next` the one that follows a row in its chain.
  mutating func relink(_ index: Int32, to next: Int32) { change(index) { $0.next = next } }

  /// Gives a span another parent.
  mutating func rehang(_ index: Int32, on parentID: UInt64) { change(index) { $0.parentID = parentID } }
}
