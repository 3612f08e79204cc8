import Observations
import Scenarios
import TraceContext

// What is a finding if, and only if, no telemetry was lost.
extension Verifier {
  /// Keeps what would be a finding of a message if nothing was lost.
  mutating func suspect(
    _ suspected: [TraceJudge.Broken], _ message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules
  ) {
    var suspected = suspected
    if trace.count == 0 {
      // Whether the server got a message that it did not answer nobody knows.
      guard row.pointee.copies > 0 || !rules.expectsEcho && !endedConnections.contains(row.pointee.connection) else {
        return
      }
      suspected = [
        TraceJudge.Broken(
          kind: .traceNotExported, expected: "the spans of a sampled message",
          actual: "none, and no telemetry was lost")
      ]
    }
    // In which trace the server has begun it is known from the echo alone.
    if rules.entry == .root, bound[message] == nil { return }
    guard !row.pointee.isTruncated, !suspected.isEmpty else { return }
    row.pointee.isSuspected = true
    for broken in suspected where row.pointee.shown & broken.kind.bit == 0 {
      row.pointee.shown |= broken.kind.bit
      suspicions.add(
        broken.kind, Self.key(of: message), evidence(of: message, row, broken.expected, broken.actual))
    }
    countSuspected(row.pointee.trace, by: 1)
  }

  /// Counts a trace that is broken if nothing was lost.
  private mutating func countSuspected(_ trace: MessageRow.Trace, by change: Int) {
    switch trace {
    case .unseen: counted.suspectedUnseen += change
    case .partial: counted.suspectedPartial += change
    case .none, .complete, .broken, .unsampled: break
    }
  }

  /// Calls a trace broken by what came after it was settled.
  mutating func breakLate(_ row: MessageRef) {
    if row.pointee.isSuspected { countSuspected(row.pointee.trace, by: -1) }
    count(.broken, insteadOf: row.pointee.trace)
    row.pointee.trace = .broken
  }

  /// Takes back what a message is suspected of: some of what was missing came later than anybody waited for it.
  mutating func retractSuspicions(_ message: MessageIdentity, _ row: MessageRef) {
    guard row.pointee.isSuspected else { return }
    row.pointee.isSuspected = false
    for kind in Self.suspectedKinds where row.pointee.shown & kind.bit != 0 {
      row.pointee.shown &= ~kind.bit
      suspicions.retract(kind, Self.key(of: message))
    }
    countSuspected(row.pointee.trace, by: -1)
  }

  /// What a trace from which something is missing may be suspected of, and then is no finding already.
  private static let suspectedKinds: [FindingKind] = [
    .missingSpan, .traceNotExported, .orphanSpan, .echoNamesNoSpan,
  ]

  /// Nothing was lost: what is missing was never there.
  mutating func confirmSuspicions() {
    findings.add(suspicions)
    counted.tracesUnseen -= counted.suspectedUnseen
    counted.tracesPartial -= counted.suspectedPartial
    counted.tracesBroken += counted.suspectedUnseen + counted.suspectedPartial
  }
}
