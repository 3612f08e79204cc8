import Observations
import Scenarios
import TraceContext

/// What is known of one connection whose upgrade carried a context.
struct ConnectionRow {
  /// How often it was opened.
  var opened = 0
  /// How often it was not, although its upgrade may have reached the server.
  var failed = 0
  /// Finding kinds that it shows, by `FindingKind.bit`.
  private var shown: UInt64 = 0

  /// Says that it shows a kind; false where that is known.
  mutating func shows(_ kind: FindingKind) -> Bool {
    guard shown & kind.bit == 0 else { return false }
    shown |= kind.bit
    return true
  }
}

extension MessageRow {
  /// What the spans of a connection are gathered in: there are as many as it lives long.
  static var ofConnection: MessageRow {
    var row = MessageRow()
    row.requiredSpans = .max
    return row
  }
}

// The traces of upgrades, which end with their connections.
extension Verifier {
  mutating func settleConnections() {
    guard let rules = upgradeRules, !rules.nodes.isEmpty else { return }
    for (connection, row) in connections.sorted(by: { $0.key < $1.key }) where row.opened > 0 {
      // Each attempt carries the same context: whose span is whose nobody can say.
      if row.opened + row.failed == 1 {
        settle(connection: connection, rules)
      } else {
        counted.connectionsReopened += 1
      }
    }
  }

  private mutating func settle(connection: UInt32, _ rules: MessageRules) {
    let traceID = identities.traceID(ofConnection: connection)
    let owner = owner(ofConnection: connection)
    let isSampled = inspector.scenario.upgrade?.trace.flags.flags(ofConnection: connection).contains(.sampled) ?? true
    var row = MessageRow.ofConnection
    withUnsafeMutablePointer(to: &row) { claim(traceID, $0, rules, owner) }
    if !sharesConnections { withUnsafeMutablePointer(to: &row) { takeRest(of: traceID, $0) } }
    defer { release(spans: row.firstSpan) }
    guard isSampled else {
      counted.connectionTracesUnsampled += 1
      if row.spanCount > 0 {
        add(.unsampledExported, connection, owner, "no span, because its sampled flag is 0", "\(row.spanCount) spans")
      }
      return
    }
    counted.connectionTracesExpected += 1
    gather(row, rules, owner)
    guard !fit.fits(trace, rules, for: owner, names, &inspector) || row.isTruncated else {
      counted.connectionTracesComplete += 1
      return
    }
    let judgement = judge.judge(trace, rules, for: owner, isTruncated: row.isTruncated, names, &inspector)
    for broken in judgement.findings { add(broken.kind, connection, owner, broken.expected, broken.actual) }
    if trace.count == 0 {
      suspect(.traceNotExported, connection, owner, "the spans of the connection", "none, and no telemetry was lost")
    }
    for broken in judgement.suspicions { suspect(broken.kind, connection, owner, broken.expected, broken.actual) }
    if !judgement.findings.isEmpty {
      counted.connectionTracesBroken += 1
    } else if judgement.isComplete {
      counted.connectionTracesComplete += 1
    }
    let tree = judge.tree(trace.spans, names, clientSpan: owner.clientSpan)
    let expected = ExpectedTree.lines(rules, members: owner.members)
    let key = Self.key(ofConnection: connection)
    findings.amend(key) { $0.show(tree, expected) }
    suspicions.amend(key) { $0.show(tree, expected) }
  }

  func owner(ofConnection connection: UInt32) -> TraceOwner {
    let traceID = identities.traceID(ofConnection: connection)
    return TraceOwner(
      connection: connection, members: max(groupSize, 1), traceID: traceID,
      clientSpan: identities.spanID(in: traceID).rawValue)
  }

  /// Whether messages may be in connections' traces, so that what is left there need not be the connection's.
  private var sharesConnections: Bool {
    sharesTraces || followsLinks || rules.contains { $0.mode == .connection }
  }

  /// Moves all other spans of a connection's trace to it.
  private mutating func takeRest(of traceID: TraceID, _ row: MessageRef) {
    for (_, first) in shared.take(traceID)?.heads ?? [] {
      var index = first
      while index >= 0 {
        let next = spans[index].next
        give(index, to: row)
        index = next
      }
    }
  }

  private mutating func add(
    _ kind: FindingKind, _ connection: UInt32, _ owner: TraceOwner, _ expected: String, _ actual: String
  ) {
    guard connections[connection, default: ConnectionRow()].shows(kind) else { return }
    findings.add(kind, Self.key(ofConnection: connection), evidence(connection, owner, expected, actual))
  }

  private mutating func suspect(
    _ kind: FindingKind, _ connection: UInt32, _ owner: TraceOwner, _ expected: String, _ actual: String
  ) {
    guard connections[connection, default: ConnectionRow()].shows(kind) else { return }
    suspicions.add(kind, Self.key(ofConnection: connection), evidence(connection, owner, expected, actual))
  }

  private func evidence(
    _ connection: UInt32, _ owner: TraceOwner, _ expected: String, _ actual: String
  ) -> Evidence {
    let sent = Traceparent(
      traceID: owner.traceID, parentID: SpanID(owner.clientSpan),
      flags: inspector.scenario.upgrade?.trace.flags.flags(ofConnection: connection) ?? .sampled)
    return Evidence(
      connection: connection, message: nil, sent: sent.description, expected: expected, actual: actual)
  }

  /// After those of all messages.
  private static func key(ofConnection connection: UInt32) -> UInt64 { 1 << 63 | UInt64(connection) }
}
