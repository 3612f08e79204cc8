import Observations
import Scenarios
import TraceContext

/// Compares single spans with what their rules demand beside place and name.
struct SpanInspector: ~Copyable {
  let scenario: Scenario
  let identities: IdentityPermutation
  var words: NameTable
  var details = Pool<SpanDetail>()
  /// The digests of templates filled in, by template and connection or group.
  private var digests: [DigestKey: UInt64] = [:]

  private struct DigestKey: Hashable {
    var template: Template
    var number: Int
  }

  /// Digests that are remembered at most.
  private static let digestLimit = 1 << 16

  init(_ scenario: Scenario, identities: IdentityPermutation, words: [NamePattern]) {
    self.scenario = scenario
    self.identities = identities
    self.words = NameTable(patterns: words)
  }

  /// Every fault of a span that stands where its rule expects it.
  ///
  /// - Parameter parent: the span above it; nil at the top.
  mutating func faults(
    of span: SpanRow, under parent: SpanRow?, _ checks: SpanChecks, for owner: TraceOwner
  ) -> [SpanFault] {
    let plain = checks.plain
    var faults: [SpanFault] = []
    if let kind = plain.kind, kind != span.kind { faults.append(.kind) }
    if let status = plain.status, status != span.status { faults.append(.status) }
    if let isRemote = plain.isRemote, !PlainChecks.agrees(span.parentPlace, isRemote) { faults.append(.remote) }
    if span.end < span.start { faults.append(.reversed) }
    if let parent, plain.isOutside(span, parent) { faults.append(.outsideParent) }
    guard plain.needsDetail else { return faults }
    _ = inspectDetail(of: span, checks, for: owner) { fault in
      faults.append(fault)
      return true
    }
    return faults
  }

  /// Whether the detail of a span is as its rule demands.
  mutating func detailHolds(_ span: SpanRow, _ checks: SpanChecks, for owner: TraceOwner) -> Bool {
    inspectDetail(of: span, checks, for: owner) { _ in false }
  }

  /// Tells each fault of a span's detail until one is enough.
  ///
  /// - Parameter tell: returns whether to go on.
  /// - Returns: whether there was none.
  private mutating func inspectDetail(
    of span: SpanRow, _ checks: SpanChecks, for owner: TraceOwner, tell: (SpanFault) -> Bool
  ) -> Bool {
    let detail = span.detail >= 0 ? details[span.detail] : SpanDetail()
    var isRight = true
    if let scope = checks.scope, isKnown(detail.scope), !matches(detail.scope, scope.pattern) {
      isRight = false
      guard tell(.scope) else { return false }
    }
    for index in checks.attributes.indices where !holds(checks.attributes[index], detail, for: owner) {
      isRight = false
      guard tell(.attribute(index)) else { return false }
    }
    for index in checks.links.indices where !hasLink(checks.links[index], detail, for: owner) {
      isRight = false
      guard tell(.link(index)) else { return false }
    }
    for index in checks.events.indices where !hasEvent(checks.events[index].pattern, detail) {
      isRight = false
      guard tell(.event(index)) else { return false }
    }
    return isRight
  }

  private mutating func holds(_ check: SpanChecks.Attribute, _ detail: SpanDetail, for owner: TraceOwner) -> Bool {
    guard check.place < SpanDetail.attributeLimit else { return true }
    let digest = detail.attributes[check.place].digest
    switch check.value {
    case .digest(let expected, _): return digest == expected
    case .template(let template): return digest == self.digest(of: template, for: owner)
    case .present: return digest != 0
    case .absent: return digest == 0
    }
  }

  private mutating func digest(of template: Template, for owner: TraceOwner) -> UInt64 {
    let connection = Int(owner.connection)
    let isOfGroup = !template.values.contains(.connectionIndex)
    let key = DigestKey(
      template: template, number: isOfGroup ? scenario.group(ofConnection: connection) : -1 - connection)
    if let digest = digests[key] { return digest }
    let digest = AttributeDigest.of(.string, scenario.filled(template, connection: connection))
    if digests.count >= Self.digestLimit { digests.removeAll(keepingCapacity: true) }
    digests[key] = digest
    return digest
  }

  private func hasLink(_ rule: LinkRule, _ detail: SpanDetail, for owner: TraceOwner) -> Bool {
    // Which of those that are not kept is the one nobody can say.
    if Int(detail.linkCount) > SpanDetail.linkLimit { return true }
    for place in 0..<Int(detail.linkCount) {
      let link = detail.links[place]
      let leads =
        switch rule {
        case .client: SpanKey(traceID: link.traceID, spanID: link.spanID.rawValue) == owner.context
        case .connection: link.traceID == identities.traceID(ofConnection: owner.connection)
        case .any: true
        }
      if leads { return true }
    }
    return false
  }

  private func hasEvent(_ pattern: Int, _ detail: SpanDetail) -> Bool {
    if Int(detail.eventCount) > SpanDetail.eventLimit { return true }
    for place in 0..<Int(detail.eventCount) {
      let word = detail.events[place]
      if !isKnown(word) || matches(word, pattern) { return true }
    }
    return false
  }

  private func isKnown(_ word: WordIndex) -> Bool { word == .none || words.isKnown(Int(word.rawValue)) }
  private func matches(_ word: WordIndex, _ pattern: Int) -> Bool { words.matches(Int(word.rawValue), pattern) }
}

// The words of findings.
extension SpanInspector {
  /// What was expected and what is there.
  func describe(
    _ fault: SpanFault, of span: SpanRow, under parent: SpanRow?, _ node: MessageRules.Node, for owner: TraceOwner,
    _ names: NameTable
  ) -> (expected: String, actual: String) {
    let checks = node.checks
    let name = "'\(names.text(Int(span.name)))'"
    let detail = span.detail >= 0 ? details[span.detail] : SpanDetail()
    switch fault {
    case .kind:
      return ("'\(node.name)' of kind \(checks.plain.kind.map { "\($0)" } ?? "")", "\(name) of kind \(span.kind)")
    case .status:
      return (
        "'\(node.name)' with status \(checks.plain.status.map { "\($0)" } ?? "")", "\(name) with status \(span.status)"
      )
    case .remote:
      let isRemote = checks.plain.isRemote == true
      return (
        "'\(node.name)' whose parent is \(isRemote ? "remote" : "local")",
        "\(name), whose flags say that its parent is \(isRemote ? "local" : "remote")"
      )
    case .reversed:
      return ("an end after the start", "\(name) ends \(milliseconds(span.start &- span.end)) before it starts")
    case .outsideParent:
      return ("'\(node.name)' within the time of its parent", "\(name) \(Self.overlap(of: span, parent))")
    case .scope:
      return ("'\(node.name)' of scope '\(checks.scope?.name ?? "")'", "\(name) of scope \(text(detail.scope))")
    case .attribute(let index): return describe(checks.attributes[index], detail, name, for: owner)
    case .link(let index):
      let target =
        switch checks.links[index] {
        case .client: "the span ID that we sent"
        case .connection: "the trace of the connection's upgrade"
        case .any: "any span"
        }
      return ("'\(node.name)' with a link to \(target)", "\(name) with \(Self.links(detail))")
    case .event(let index):
      let events = (0..<min(Int(detail.eventCount), SpanDetail.eventLimit)).map { text(detail.events[$0]) }
      return (
        "'\(node.name)' with an event '\(checks.events[index].name)'",
        "\(name) with \(events.isEmpty ? "no event" : events.joined(separator: ", "))"
      )
    }
  }

  private func describe(
    _ check: SpanChecks.Attribute, _ detail: SpanDetail, _ name: String, for owner: TraceOwner
  ) -> (expected: String, actual: String) {
    let expected =
      switch check.value {
      case .digest(_, let text): "\(check.key) = \(text)"
      case .template(let template):
        "\(check.key) = '\(scenario.filled(template, connection: Int(owner.connection)))', as connection \(owner.connection) has it"
      case .present: "an attribute \(check.key)"
      case .absent: "no attribute \(check.key)"
      }
    let seen = check.place < SpanDetail.attributeLimit ? detail.attributes[check.place] : SpanDetail.SeenValue()
    return (expected, "\(name) with " + (seen.digest == 0 ? "no \(check.key)" : "\(check.key) = \(text(seen.text))"))
  }

  private static func overlap(of span: SpanRow, _ parent: SpanRow?) -> String {
    guard let parent else { return "" }
    return span.start < parent.start
      ? "begins \(milliseconds(parent.start - span.start)) before it"
      : "ends \(milliseconds(span.end &- parent.end)) after it"
  }

  private static func links(_ detail: SpanDetail) -> String {
    guard detail.linkCount > 0 else { return "no link" }
    return (0..<min(Int(detail.linkCount), SpanDetail.linkLimit))
      .map { "a link to \(detail.links[$0].traceID) \(detail.links[$0].spanID)" }.joined(separator: ", ")
  }

  private func text(_ word: WordIndex) -> String {
    word == .none ? "none" : "'\(words.text(Int(word.rawValue)))'"
  }
}
