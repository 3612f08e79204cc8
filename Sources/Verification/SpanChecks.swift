import Observations
import Scenarios
import TraceContext

/// What a rule demands of a span beside its place and name, made ready for quick comparison.
struct SpanChecks: Sendable {
  struct Attribute: Sendable {
    /// Its place in `SpanWatch.attributes`.
    var place: Int
    var key: String
    var value: Value
  }

  enum Value: Sendable {
    case digest(UInt64, text: String)
    /// A text that is another for each connection.
    case template(Template)
    case present
    case absent
  }

  let plain: PlainChecks
  let scope: (pattern: Int, name: String)?
  let attributes: [Attribute]
  let links: [LinkRule]
  let events: [(pattern: Int, name: String)]

  init(_ rule: SpanRule, _ patterns: inout Patterns) {
    plain = PlainChecks(rule)
    scope = rule.scope.map { (pattern: patterns.words.index(of: $0), name: $0.text) }
    attributes = rule.attributes.map { attribute in
      Attribute(
        place: patterns.attributes.index(of: attribute.key), key: attribute.key, value: Self.value(attribute.value))
    }
    links = rule.links
    events = rule.events.map { (pattern: patterns.words.index(of: $0), name: $0.text) }
  }

  private static func value(_ expectation: AttributeExpectation) -> Value {
    switch expectation {
    case .text(let template):
      let values = template.values
      if !values.isEmpty { return .template(template) }
      let text = template.filled { _ in "" }
      return .digest(AttributeDigest.of(.string, text), text: "'\(text)'")
    case .bool(let flag): return .digest(AttributeDigest.of(.bool, "\(flag)"), text: "\(flag)")
    case .number(let digits):
      if let whole = Int64(digits) { return .digest(AttributeDigest.of(.int, "\(whole)"), text: "\(whole)") }
      let number = Double(digits) ?? .nan
      return .digest(AttributeDigest.of(.double, "\(number)"), text: "\(number)")
    case .present: return .present
    case .absent: return .absent
    }
  }
}

/// What needs no more than a span's row; plain bytes, so that looking at it counts no references.
struct PlainChecks: Sendable, BitwiseCopyable {
  /// How much earlier than its parent a span may begin, or later end, before its times are called wrong: clocks are
  /// set while programs run.
  static let clockTolerance: UInt64 = 1_000_000

  let kind: SpanKind?
  let status: SpanStatus?
  let isRemote: Bool?
  let isAsync: Bool
  /// Whether a span's detail is looked at.
  let needsDetail: Bool

  init(_ rule: SpanRule) {
    kind = rule.kind
    status = rule.status.map { status in
      switch status {
      case .unset: .unset
      case .ok: .ok
      case .error: .error
      }
    }
    isRemote = rule.isRemote
    isAsync = rule.isAsync
    needsDetail = rule.scope != nil || !rule.attributes.isEmpty || !rule.links.isEmpty || !rule.events.isEmpty
  }

  /// Whether a span breaks none of it.
  @inline(__always)
  func hold(_ span: SpanRow) -> Bool {
    if let kind, kind != span.kind { return false }
    if let status, status != span.status { return false }
    if let isRemote, !Self.agrees(span.parentPlace, isRemote) { return false }
    return span.end >= span.start
  }

  /// Whether a span of its parent's process is where its parent's time is not.
  @inline(__always)
  func isOutside(_ span: SpanRow, _ parent: SpanRow) -> Bool {
    // A reversed one is told of already.
    guard !isAsync, span.parentPlace == .sameProcess, span.end >= span.start, parent.end >= parent.start else {
      return false
    }
    return span.start &+ Self.clockTolerance < parent.start || span.end > parent.end &+ Self.clockTolerance
  }

  static func agrees(_ place: ParentPlace, _ isRemote: Bool) -> Bool {
    switch place {
    case .unknown: true
    case .sameProcess: !isRemote
    case .elsewhere: isRemote
    }
  }
}

/// What of a rule a span breaks.
enum SpanFault {
  case kind, status, scope, remote, reversed, outsideParent
  /// By place in the rule.
  case attribute(Int)
  case link(Int)
  case event(Int)

  var finding: FindingKind {
    switch self {
    case .kind: .wrongKind
    case .status: .wrongStatus
    case .scope: .wrongScope
    case .remote: .wrongRemoteFlag
    case .reversed: .spanReversed
    case .outsideParent: .spanOutsideParent
    case .attribute: .wrongAttribute
    case .link: .missingLink
    case .event: .missingEvent
    }
  }
}

/// The message that a trace is judged for.
struct TraceOwner {
  /// That sent it.
  var connection: UInt32
  var members: Int
  /// The trace that it carried, and the span ID that spans at the top hang on.
  var traceID: TraceID
  var clientSpan: UInt64
  /// Whether that is a context that its connection received.
  var hasAdopted = false
}
