import Yams

extension DocumentReader {
  /// - Parameter trace: of the messages that it answers; nil where that could not be read.
  mutating func readEcho(_ node: Node, to trace: TraceSettings?) -> EchoRule? {
    guard
      let fields = mapping(
        node, named: "echo", keys: ["match", "copies", "within", "trace-context", "parent"])
    else { return nil }
    let match = required("match", in: fields, of: node, named: "echo").flatMap { readMatch($0) }
    let copies = fields["copies"].map { count($0, named: "copies") } ?? .fixed(1)
    let within = fields["within"].map { duration($0, named: "within") } ?? .seconds(5)
    var context: ContextRule? = trace?.mode.isTraced == false ? .new : .continued
    if let contextNode = fields["trace-context"] { context = choice(contextNode, named: "trace-context") }
    let parent = fields["parent"].flatMap { text($0, named: "parent") }.map { NamePattern($0) }
    if let within, within <= .zero || within > .seconds(600), let place = fields["within"] {
      report("within", must: "be above 0s and at most 600s", at: place)
    }
    guard let match, let copies, let within, let context else { return nil }
    let rule = EchoRule(match: match, copies: copies, within: within, context: context, parent: parent)
    if let trace { check(rule, of: fields, answers: trace.mode) }
    return rule
  }

  private mutating func check(_ rule: EchoRule, of fields: [String: Node], answers mode: TraceMode) {
    if mode == TraceMode.none, rule.context == .continued, let place = fields["trace-context"] {
      report(
        "'trace-context' is 'continued', but there is nothing to continue: the message carries no trace", at: place,
        hint: "write 'new' or 'absent'")
    }
    if !rule.namesMessage, !Self.isTold(by: rule.context, answerTo: mode), let place = fields["match"] {
      report(
        "nothing tells which message such an echo answers", at: place,
        hint: "match a text with '{{ message.id }}', which the body sends")
    }
  }

  /// Whether the trace of an echo is that of the one message that it answers.
  private static func isTold(by rule: ContextRule, answerTo mode: TraceMode) -> Bool {
    switch (mode, rule) {
    case (.fresh, .continued), (.fresh, .unchanged): true
    case (.fresh, .new), (.fresh, .absent), (.connection, _), (.sticky, _), (.none, _), (.raw, _): false
    }
  }

  private mutating func readMatch(_ node: Node) -> [(key: String, value: MatchValue)]? {
    guard let pairs = mappingPairs(node, named: "match") else { return nil }
    if pairs.isEmpty {
      report(
        "'match' is empty, so every message would be an echo", at: node, hint: "name a member, as in '{ type: chat }'")
    }
    if pairs.count > 16 { report("'match' has \(pairs.count) members, but 16 is the most", at: node) }
    var match: [(key: String, value: MatchValue)] = []
    var idPlaces = 0
    for (key, value) in pairs {
      switch scalar(value) {
      case .text:
        guard let text = template(value, named: "match", allowing: .message) else { continue }
        idPlaces += text.values.count
        match.append((key.text, .text(text)))
      case .bool(let flag): match.append((key.text, .bool(flag)))
      case .number(let digits): match.append((key.text, .number(digits)))
      case .null: match.append((key.text, .null))
      case nil:
        report(key.text, isNo: "text, a number, true, false or null", at: value)
      }
    }
    if idPlaces > 1 { report("'{{ message.id }}' is matched more than once", at: node) }
    return match.count == pairs.count ? match : nil
  }
}

extension EchoRule {
  /// Whether an echo has a text that names the message which it answers.
  package var namesMessage: Bool {
    match.contains { member in
      if case .text(let text) = member.value { text.values.contains(.messageID) } else { false }
    }
  }
}
