import Observations
import Scenarios
import TraceContext

extension Verifier {
  /// Adds a finding to a message that has a row, once for each kind.
  mutating func add(
    _ kind: FindingKind, _ message: MessageIdentity, _ row: MessageRef,
    expected: @autoclosure () -> String, actual: @autoclosure () -> String, excerpt: String? = nil
  ) {
    guard row.pointee.shown & kind.bit == 0 else { return }
    row.pointee.shown |= kind.bit
    let key = Self.key(of: message)
    findings.count(kind)
    guard findings.wantsEvidence(kind, key) else { return }
    findings.keep(kind, key, evidence(of: message, row, expected(), actual(), excerpt: excerpt))
  }

  /// Takes back what a message turned out not to show.
  mutating func retract(_ kind: FindingKind, _ message: MessageIdentity, _ row: MessageRef) {
    guard row.pointee.shown & kind.bit != 0 else { return }
    row.pointee.shown &= ~kind.bit
    findings.retract(kind, Self.key(of: message))
  }

  func evidence(
    of message: MessageIdentity, _ row: MessageRef, _ expected: String, _ actual: String, excerpt: String? = nil
  ) -> Evidence {
    let rules = self.rules[Int(row.pointee.type)]
    var sent: String?
    if rules.mode.isTraced {
      let context = context(of: message, row, rules)
      sent =
        Traceparent(traceID: context.traceID, parentID: SpanID(context.clientSpan), flags: row.pointee.flags)
        .description
    }
    return Evidence(
      connection: row.pointee.connection, message: identities.text(of: message), sent: sent, expected: expected,
      actual: actual, excerpt: excerpt)
  }

  /// Evidence is sorted by the order in which messages were sent.
  static func key(of message: MessageIdentity) -> UInt64 { UInt64(message.sequence) << 16 | UInt64(message.shard) }

  func describe(_ context: EchoedContext, traced: MessageIdentity?, answering message: MessageIdentity) -> String {
    guard let traced, traced != message else { return context.text }
    let row = Int(traced.shard) < tables.count ? tables[Int(traced.shard)].pointee.row(traced.sequence) : nil
    let connection = row.map { " of connection \($0.pointee.connection)" } ?? ""
    let age =
      traced.shard == message.shard && traced.sequence < message.sequence
      ? ", sent \(message.sequence - traced.sequence) messages before" : ""
    return "\(context.text), message \(identities.text(of: traced))\(connection)\(age)"
  }

  /// What is wrong with an echo that is in the right trace: flags, form, tracestate and baggage.
  mutating func judgeForm(
    _ echoed: Observation.Echoed, _ traceparent: Traceparent, _ message: MessageIdentity,
    _ row: MessageRef, _ rules: MessageRules, isContinued: Bool, excerpt: String?
  ) {
    let (flags, sent) = (traceparent.flags, row.pointee.flags)
    func tell(_ kind: FindingKind, _ expected: String, _ actual: String) {
      add(kind, message, row, expected: expected, actual: actual, excerpt: excerpt)
    }
    if !flags.isSubset(of: .defined) { tell(.unknownFlags, "flags of 03 at most", "\(traceparent)") }
    if isContinued, rules.mode.isTraced {
      if flags.contains(.sampled) != sent.contains(.sampled) {
        tell(.sampledFlagChanged, "sampled \(sent.contains(.sampled) ? 1 : 0), as we sent it", "\(traceparent)")
      }
      if flags.contains(.random) != sent.contains(.random) {
        tell(.randomFlagChanged, "the random flag \(sent.contains(.random) ? 1 : 0), as we sent it", "\(traceparent)")
      }
    }
    if echoed.form.contains(.laterVersion) { tell(.wrongVersion, "version 00", "a later version") }
    if echoed.form.contains(.repeated) { tell(.duplicateContext, "one trace context", "a member that is there twice") }
    guard isContinued else { return }
    if let kind = echoed.tracestate.finding { tell(kind, "the tracestate that we sent", echoed.tracestate.words) }
    if let kind = echoed.baggage.finding { tell(kind, "the baggage that we sent", echoed.baggage.words) }
  }
}

extension TracestateChange {
  var finding: FindingKind? {
    switch self {
    case .kept: nil
    case .lost: .tracestateLost
    case .truncated: .tracestateTruncated
    case .reordered: .tracestateReordered
    case .altered: .tracestateAltered
    case .misplaced: .tracestateMisplaced
    case .malformed: .tracestateMalformed
    }
  }

  var words: String {
    switch self {
    case .kept: "it"
    case .lost: "none"
    case .truncated: "one without some of its members"
    case .reordered: "one with its members in another order"
    case .altered: "one with another value for a member of ours"
    case .misplaced: "one with a new member to the right of ours"
    case .malformed: "one that breaks the grammar"
    }
  }
}

extension BaggageChange {
  var finding: FindingKind? {
    switch self {
    case .kept: nil
    case .lost: .baggageLost
    case .truncated: .baggageTruncated
    case .altered: .baggageAltered
    }
  }

  var words: String {
    switch self {
    case .kept: "it"
    case .lost: "none"
    case .truncated: "one without some of its members"
    case .altered: "one with another value for a member of ours"
    }
  }
}
