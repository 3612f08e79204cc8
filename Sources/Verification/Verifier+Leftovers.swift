import Observations
import TraceContext

// What is left of our shared traces once everything is settled: no message's, and no connection's.
extension Verifier {
  /// - Parameter isWhole: whether every fact was told, so that no message is unknown that it might belong to.
  mutating func settleLeftovers(isWhole: Bool) {
    for traceID in shared.traceIDs where isOurs(traceID) {
      dropConnectionSpans(of: traceID)
      guard var chain = shared.take(traceID) else { continue }
      takeLate(of: &chain, traceID, isWhole: isWhole)
      for (spanID, first) in chain.heads {
        tellLeftovers(first, hangingOn: spanID, traceID, isSuspect: isWhole && !chain.isTruncated)
        release(spans: first)
      }
    }
  }

  /// Spans below an upgrade's context are nobody else's, where nothing is said of them too.
  private mutating func dropConnectionSpans(of traceID: TraceID) {
    guard let rules = upgradeRules, let connection = identities.connection(of: traceID) else { return }
    let owner = owner(ofConnection: connection)
    var row = MessageRow.ofConnection
    withUnsafeMutablePointer(to: &row) { claim(traceID, $0, rules, owner) }
    release(spans: row.firstSpan)
  }

  /// Takes what hangs on spans that were judged: late ones of their messages.
  private mutating func takeLate(of chain: inout SharedTraces.Chain, _ traceID: TraceID, isWhole: Bool) {
    var open = chain.heads.map(\.spanID)
    while let spanID = open.popLast() {
      guard let message = settledSpans[SpanKey(traceID: traceID, spanID: spanID)] else { continue }
      let first = chain.take(hangingOn: spanID)
      var index = first
      while index >= 0 {
        let span = spans[index]
        index = span.next
        settledSpans.add(SpanKey(traceID: traceID, spanID: span.spanID), of: message)
        open.append(span.spanID)
        if isWhole, let row = tables[Int(message.shard)].pointee.sentRow(message.sequence) {
          takeLate(span, message, row)
        } else {
          counted.spansLate += 1
        }
      }
      release(spans: first)
    }
  }

  private mutating func tellLeftovers(
    _ first: Int32, hangingOn parentID: UInt64, _ traceID: TraceID, isSuspect: Bool
  ) {
    var index = first
    while index >= 0 {
      let span = spans[index]
      index = span.next
      if parentID == 0 {
        findings.add(.secondRoot, Self.leftoverKey, evidence(of: span, traceID, "has no parent"))
        continue
      }
      counted.spansLate += 1
      guard isSuspect, names.isKnown(Int(span.name)) else { continue }
      let actual = "has the parent \(SpanID(parentID)), which no span has"
      suspicions.add(.orphanSpan, Self.leftoverKey, evidence(of: span, traceID, actual))
    }
  }

  private func evidence(of span: SpanRow, _ traceID: TraceID, _ actual: String) -> Evidence {
    Evidence(
      connection: identities.connection(of: traceID), expected: "a parent in the trace",
      actual: "'\(names.text(Int(span.name)))' in the trace \(traceID) \(actual)")
  }

  /// After those of all messages, and before those of connections.
  private static var leftoverKey: FindingLedger.Key { 1 << 62 }
}
