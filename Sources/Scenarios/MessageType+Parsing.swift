import TraceContext
import Yams

extension DocumentReader {
  mutating func readMessages(_ node: Node, carrier: Carrier?) -> [MessageType]? {
    guard let pairs = mappingPairs(node, named: "messages") else { return nil }
    if pairs.isEmpty { report("'messages' is empty", at: node, hint: "name at least one message type") }
    if pairs.count > 255 { report("there are more than 255 message types", at: node) }
    let types = pairs.compactMap { readMessage($0.1, name: $0.0.text, carrier: carrier) }
    if !types.isEmpty, types.count == pairs.count, types.allSatisfy({ $0.weight == 0 }) {
      report("no message type has a weight above 0, so nothing would be sent", at: node)
    }
    return types.count == pairs.count ? types : nil
  }

  private mutating func readMessage(_ node: Node, name: String, carrier: Carrier?) -> MessageType? {
    guard
      let fields = mapping(
        node, named: "message '\(name)'", keys: ["weight", "body", "trace", "echo", "spans"])
    else { return nil }
    let weight = fields["weight"].map { integer($0, named: "weight", in: 0...1_000_000) } ?? 1
    let body = required("body", in: fields, of: node).flatMap { readBody($0, carrier: carrier) }
    var trace: TraceMode? = .fresh
    if let traceNode = fields["trace"] { trace = choice(traceNode, named: "trace") }
    var echo: EchoRule??
    if let echoNode = fields["echo"] { echo = .some(readEcho(echoNode)) }
    let spans = fields["spans"].map { readSpans($0, named: "spans", isTop: true) } ?? []
    guard let weight, let body, let trace else { return nil }
    if case .some(.none) = echo { return nil }
    let rule: EchoRule? = echo ?? nil
    if let rule, let parent = rule.parent, let place = fields["echo"], !Self.names(in: spans).contains(parent) {
      report(
        "the echo's parent '\(parent)' is none of the expected spans", at: place,
        hint: "give the name of a span under 'spans' exactly")
    }
    return MessageType(name: name, weight: weight, body: body, trace: trace, echo: rule, spans: spans)
  }

  private mutating func readBody(_ node: Node, carrier: Carrier?) -> BodyValue? {
    guard node.mapping != nil else {
      report("a message body is an object", at: node, hint: "write its members, as in 'body: { type: chat_message }'")
      return nil
    }
    guard let body = bodyValue(node, depth: 0) else { return nil }
    if let carrier, case .object(let members) = body, let key = carrier.path.first {
      if let taken = members.first(where: { $0.key == key }), carrier.path.count == 1 || !taken.value.isObject {
        report("'\(key)' is the carrier's place and is filled in", at: node, hint: "leave it out of the body")
      }
    }
    return body
  }

  private mutating func bodyValue(_ node: Node, depth: Int) -> BodyValue? {
    guard depth < 64 else {
      report("the body is nested deeper than 64 levels", at: node)
      return nil
    }
    if node.mapping != nil {
      guard let pairs = mappingPairs(node, named: "body") else { return nil }
      let members = pairs.compactMap { key, value in
        bodyValue(value, depth: depth + 1).map { BodyValue.Member(key: key.text, value: $0) }
      }
      return members.count == pairs.count ? .object(members) : nil
    }
    if let sequence = node.sequence {
      let values = sequence.compactMap { bodyValue($0, depth: depth + 1) }
      return values.count == sequence.count ? .array(values) : nil
    }
    switch scalar(node) {
    case .text: return template(node, allowing: .message).map { .string($0) }
    case .bool(let value): return .bool(value)
    case .number(let digits): return .number(digits)
    case .null: return .null
    case nil: return nil
    }
  }

  private mutating func readEcho(_ node: Node) -> EchoRule? {
    guard
      let fields = mapping(
        node, named: "echo", keys: ["match", "copies", "within", "trace-context", "parent"])
    else { return nil }
    let match = required("match", in: fields, of: node).flatMap { readMatch($0) }
    let copies = fields["copies"].map { count($0, named: "copies") } ?? .fixed(1)
    let within = fields["within"].map { duration($0, named: "within") } ?? .seconds(5)
    var context: ContextRule? = .continued
    if let contextNode = fields["trace-context"] { context = choice(contextNode, named: "trace-context") }
    let parent = fields["parent"].map { text($0) }.map { $0.map { NamePattern($0) } }
    if let within, within <= .zero || within > .seconds(600), let place = fields["within"] {
      report("'within' lies above 0s and at most 600s", at: place)
    }
    guard let match, let copies, let within, let context else { return nil }
    return EchoRule(match: match, copies: copies, within: within, context: context, parent: parent ?? nil)
  }

  private mutating func readMatch(_ node: Node) -> [(key: String, value: MatchValue)]? {
    guard let pairs = mappingPairs(node, named: "match") else { return nil }
    if pairs.isEmpty { report("'match' is empty, so every message would be an echo", at: node) }
    if pairs.count > 16 { report("'match' has more than 16 members", at: node) }
    var match: [(key: String, value: MatchValue)] = []
    var idPlaces = 0
    for (key, value) in pairs {
      switch scalar(value) {
      case .text:
        guard let text = template(value, allowing: .message) else { return nil }
        if text.values.contains(where: { $0 != .messageID }) {
          report("only '{{ message.id }}' can be matched", at: value)
        }
        idPlaces += text.values.count
        match.append((key.text, .text(text)))
      case .bool(let flag): match.append((key.text, .bool(flag)))
      case .number(let digits): match.append((key.text, .number(digits)))
      case .null: match.append((key.text, .null))
      case nil:
        report("'match' compares text, numbers, true, false and null", at: value)
        return nil
      }
    }
    if idPlaces > 1 { report("'{{ message.id }}' is matched more than once", at: node) }
    return match
  }

  private mutating func readSpans(_ node: Node, named name: String, isTop: Bool) -> [SpanRule] {
    guard let nodes = list(node, named: name) else { return [] }
    return nodes.compactMap { readSpan($0, isTop: isTop) }
  }

  private mutating func readSpan(_ node: Node, isTop: Bool) -> SpanRule? {
    if node.scalar != nil {
      return text(node).map {
        SpanRule(name: NamePattern($0), kind: nil, count: .fixed(1), isOptional: false, children: [])
      }
    }
    var keys = ["name", "kind", "count", "optional", "children"]
    if isTop { keys.append("parent") }
    guard let fields = mapping(node, named: "span", keys: keys) else { return nil }
    let name = required("name", in: fields, of: node).flatMap { text($0) }
    if name == "" || name == "*" , let place = fields["name"] { report("a span's name is not empty", at: place) }
    var kind: SpanKind??
    if let kindNode = fields["kind"], let word = text(kindNode) {
      kind = SpanKind.allCases.first { $0.description == word }
      if case .some(.none) = kind {
        reportUnknown(word, what: "kind", among: SpanKind.allCases.map(\.description), at: kindNode)
      }
    }
    if let parent = fields["parent"], let word = text(parent), word != "client" {
      report("'\(word)' is no parent that is known", at: parent, hint: "write 'client': the span ID that we sent")
    }
    let count = fields["count"].map { self.count($0, named: "count") } ?? .fixed(1)
    let isOptional = fields["optional"].map { bool($0, named: "optional") } ?? false
    let children = fields["children"].map { readSpans($0, named: "children", isTop: false) } ?? []
    guard let name, let count, let isOptional else { return nil }
    return SpanRule(
      name: NamePattern(name), kind: kind ?? nil, count: count, isOptional: isOptional, children: children)
  }

  private static func names(in rules: [SpanRule]) -> Set<NamePattern> {
    rules.reduce(into: []) { names, rule in
      names.insert(rule.name)
      names.formUnion(self.names(in: rule.children))
    }
  }
}

extension BodyValue {
  fileprivate var isObject: Bool {
    if case .object = self { true } else { false }
  }
}
