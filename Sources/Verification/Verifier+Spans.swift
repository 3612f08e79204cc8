import Observations
import Timing
import TraceContext

extension Verifier {
  mutating func take(_ span: SpanObservation, at now: Instant) {
    guard let message = identities.identity(of: span.traceID), let shard = shard(of: message) else {
      counted.spansOfOthers += 1
      return
    }
    counted.spansOfOurs += 1
    if span.name == .overflow { counted.spansUnnamed += 1 }
    guard let row = tables[shard].pointee.prepare(message.sequence) else {
      counted.spansForgotten += 1
      return
    }
    switch row.pointee.state {
    case .settled: takeLate(span, message, row)
    case .unheard: counted.spansForgotten += 1
    case .unknown, .pending: keep(span, of: message, row, at: now)
    }
  }

  private mutating func keep(
    _ span: SpanObservation, of message: MessageIdentity, _ row: UnsafeMutablePointer<MessageRow>, at now: Instant
  ) {
    let spanCount = row.pointee.spanCount
    guard spans.inUse < spanLimit, UInt64(spanCount) < UInt64(row.pointee.requiredSpans) * 4 + 4096 else {
      counted.spansDropped += 1
      row.pointee.isTruncated = true
      return
    }
    row.pointee.firstSpan = spans.add(SpanRow(span, next: row.pointee.firstSpan))
    row.pointee.spanCount = spanCount + 1
    row.pointee.lastArrival = max(row.pointee.lastArrival, now)
    if row.pointee.state == .pending, spanCount + 1 >= row.pointee.requiredSpans {
      tables[Int(message.shard)].pointee.look(
        at: message.sequence, from: row.pointee.lastArrival.after(Self.quietTime))
    }
  }

  /// A span of a message that was judged already: a repeated or late one of the expected, or one that does not belong.
  private mutating func takeLate(
    _ span: SpanObservation, _ message: MessageIdentity, _ row: UnsafeMutablePointer<MessageRow>
  ) {
    let rules = self.rules[Int(row.pointee.type)]
    let name = Int(span.name.rawValue)
    // Where no spans are expected, any are welcome.
    if rules.nodes.isEmpty || !names.isKnown(name) { return }
    let matching = rules.nodes.filter { names.matches(name, $0.pattern) }
    // In a complete trace nothing required is missing, and what is repeated began before.
    let isRepeat =
      row.pointee.trace != .complete || matching.contains { $0.isOptional } || span.start <= row.pointee.latestStart
    if !matching.isEmpty, isRepeat {
      counted.spansLate += 1
      return
    }
    let isLeak = row.pointee.entryEnd > 0 && span.start >= row.pointee.entryEnd
    let delay =
      isLeak ? ", begun \(milliseconds(span.start - row.pointee.entryEnd)) after the entry span had ended" : ""
    add(
      isLeak ? .contextLeak : .unexpectedSpan, message, row, expected: "no such span",
      actual: "'\(names.text(name))' under \(span.parentID)\(delay)")
    count(.broken, insteadOf: row.pointee.trace)
    row.pointee.trace = .broken
  }

}
