import Observations
import Scenarios
import TraceContext

extension Verifier {
  /// Adds a finding to a message that has a row, once for each kind.
  mutating func add(
    _ kind: FindingKind, _ message: MessageIdentity, _ row: UnsafeMutablePointer<MessageRow>, expected: String,
    actual: String,
    excerpt: String? = nil
  ) {
    let bit = UInt32(1) << UInt32(kind.ordinal)
    guard row.pointee.shown & bit == 0 else { return }
    row.pointee.shown |= bit
    guard findings.wantsEvidence(kind) else {
      findings.count(kind)
      return
    }
    let traceID = identities.traceID(of: message)
    let sent = Traceparent(traceID: traceID, parentID: identities.spanID(in: traceID), flags: .sampled)
    findings.add(
      kind,
      Evidence(
        connection: row.pointee.connection, message: identities.text(of: message),
        sent: sent.description, expected: expected, actual: actual, excerpt: excerpt))
  }

  static func expectation(of echoClass: EchoClass) -> String {
    switch echoClass {
    case .continued, .restarted, .crossed, .stale, .foreign: "the same trace and a new parent ID"
    case .unchanged: "a new parent ID"
    case .malformed: "a well-formed traceparent"
    case .absent: "a trace context"
    }
  }

  func describe(_ context: EchoedContext, traced: MessageIdentity?) -> String {
    guard let traced else { return context.text }
    let row = Int(traced.shard) < tables.count ? tables[Int(traced.shard)].pointee.row(traced.sequence) : nil
    let connection = row.map { " of connection \($0.pointee.connection)" } ?? ""
    return "\(context.text), message \(identities.text(of: traced))\(connection)"
  }
}
