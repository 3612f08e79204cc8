import Observations
import Timing
import TraceContext

extension Verifier {
  mutating func take(_ span: SpanObservation, _ details: [SpanDetail], at now: Instant) {
    guard let message = identities.identity(of: span.traceID), let shard = shard(of: message) else {
      return takeOfNoMessage(span, details, at: now)
    }
    counted.spansOfOurs += 1
    if span.name == .overflow { counted.spansUnnamed += 1 }
    if sharesTraces { return keepShared(span, details, at: now) }
    guard let row = tables[shard].pointee.prepare(message.sequence) else {
      counted.spansForgotten += 1
      return
    }
    switch row.pointee.state {
    case .settled: takeLate(SpanRow(span, next: -1), message, row)
    case .unheard: counted.spansForgotten += 1
    case .unknown, .pending: keep(span, details, of: message, row, at: now)
    }
  }

  private mutating func takeOfNoMessage(_ span: SpanObservation, _ details: [SpanDetail], at now: Instant) {
    if identities.connection(of: span.traceID) != nil {
      counted.spansOfOurs += 1
      if span.name == .overflow { counted.spansUnnamed += 1 }
      return keepShared(span, details, at: now)
    }
    counted.spansOfOthers += 1
    if followsNewTraces { keepShared(span, details, at: now) }
  }

  private mutating func keep(
    _ span: SpanObservation, _ details: [SpanDetail], of message: MessageIdentity,
    _ row: MessageRef, at now: Instant
  ) {
    let spanCount = row.pointee.spanCount
    guard row.pointee.hasRoomForSpan, let index = add(span, details, next: row.pointee.firstSpan) else {
      counted.spansDropped += 1
      row.pointee.isTruncated = true
      return
    }
    row.pointee.firstSpan = index
    row.pointee.spanCount = spanCount + 1
    row.pointee.lastSpanAt = max(row.pointee.lastSpanAt, now)
    if row.pointee.state == .pending, spanCount + 1 >= row.pointee.requiredSpans {
      tables[Int(message.shard)].pointee.look(
        at: message.sequence, from: row.pointee.lastArrival.after(Self.quietTime))
    }
  }

  /// Keeps a span's row, and its detail where it has one; nil where there is no room.
  mutating func add(_ span: SpanObservation, _ details: [SpanDetail], next: Int32) -> Int32? {
    guard spans.inUse < spanLimit else { return nil }
    var detail: Int32 = -1
    if span.detail > 0, Int(span.detail) <= details.count {
      detail = inspector.details.add(details[Int(span.detail) - 1])
    }
    let index = spans.add(SpanRow(span, next: next, detail: detail))
    return index >= 0 ? index : nil
  }

  /// Gives back a chain of spans.
  mutating func release(spans first: Int32) {
    var index = first
    while index >= 0 {
      let span = spans[index]
      if span.detail >= 0 { inspector.details.remove(span.detail) }
      spans.remove(index)
      index = span.next
    }
  }

  /// A span of a message that was judged already: a repeated or late one of the expected, or one that does not belong.
  mutating func takeLate(_ span: SpanRow, _ message: MessageIdentity, _ row: MessageRef) {
    let rules = self.rules[Int(row.pointee.type)]
    let name = Int(span.name)
    // Where no spans are expected, any are welcome.
    if rules.nodes.isEmpty || !names.isKnown(name) { return }
    let text = names.text(name)
    if row.pointee.trace == .unsampled {
      add(.unsampledExported, message, row, expected: "no span, because its sampled flag is 0", actual: "'\(text)'")
      return
    }
    let matching = rules.nodes.filter { names.matches(name, $0.pattern) }
    // In a complete trace nothing required is missing, and what is repeated began before.
    let isRepeat =
      row.pointee.trace != .complete || matching.contains { $0.isOptional } || span.start <= row.pointee.latestStart
    if !matching.isEmpty, isRepeat {
      counted.spansLate += 1
      retractSuspicions(message, row)
      return
    }
    let isLeak = row.pointee.entryEnd > 0 && span.start >= row.pointee.entryEnd
    let entryEnd = row.pointee.entryEnd
    add(
      isLeak ? .contextLeak : .unexpectedSpan, message, row, expected: "no such span",
      actual: "'\(text)' under \(SpanID(span.parentID))"
        + (isLeak ? ", begun \(milliseconds(span.start - entryEnd)) after the entry span had ended" : ""))
    count(.broken, insteadOf: row.pointee.trace)
    row.pointee.trace = .broken
  }
}
