import TraceContext
import Yams

extension DocumentReader {
  static let depthLimit = 64

  /// - Parameter entry: what spans at the top hang on, unless they say it themselves.
  mutating func readSpans(_ node: Node, named name: String, depth: Int, entry: EntryParent) -> [SpanRule] {
    guard depth < Self.depthLimit else {
      report("the spans are nested deeper than \(Self.depthLimit) levels", at: node)
      return []
    }
    guard let nodes = list(node, named: name) else { return [] }
    return nodes.compactMap { readSpan($0, depth: depth, entry: entry) }
  }

  private mutating func readSpan(_ node: Node, depth: Int, entry: EntryParent) -> SpanRule? {
    if node.scalar != nil { return spanName(node).map { SpanRule(name: $0, entry: entry) } }
    let keys =
      [
        "name", "kind", "count", "optional", "async", "scope", "status", "attributes", "links", "events", "remote",
        "children",
      ] + (depth == 0 ? ["parent"] : [])
    guard let fields = mapping(node, named: "span", keys: keys) else { return nil }
    let name = required("name", in: fields, of: node, named: "span").flatMap { spanName($0) }
    // Without a name too, so that all its other mistakes are told.
    var rule = SpanRule(name: name ?? NamePattern(""), entry: entry)
    rule.kind = fields["kind"].flatMap { spanKind($0) }
    if let parent = fields["parent"], let choice: EntryParent = choice(parent, named: "parent") { rule.entry = choice }
    if let count = fields["count"] { rule.count = spanCount(count) }
    rule.isOptional = fields["optional"].flatMap { bool($0, named: "optional") } ?? false
    rule.isAsync = fields["async"].flatMap { bool($0, named: "async") } ?? false
    rule.isRemote = fields["remote"].flatMap { bool($0, named: "remote") }
    rule.scope = fields["scope"].flatMap { text($0, named: "scope") }.map { NamePattern($0) }
    if let status = fields["status"] { rule.status = choice(status, named: "status") }
    rule.attributes = fields["attributes"].map { readAttributes($0) } ?? []
    rule.links = fields["links"].map { readLinks($0) } ?? []
    rule.events = (fields["events"].flatMap { list($0, named: "events") } ?? []).compactMap { spanName($0) }
    rule.children = fields["children"].map { readSpans($0, named: "children", depth: depth + 1, entry: .client) } ?? []
    return name == nil ? nil : rule
  }

  /// A number, a group's size, or `any`, which is nil.
  private mutating func spanCount(_ node: Node) -> Count? {
    if case .text? = scalar(node), node.scalar?.string == "any" { return nil }
    return count(node, named: "count")
  }

  private mutating func readAttributes(_ node: Node) -> [AttributeRule] {
    (mappingPairs(node, named: "attributes") ?? []).compactMap { key, value in
      attributeExpectation(value).map { AttributeRule(key: key.text, value: $0) }
    }
  }

  private mutating func attributeExpectation(_ node: Node) -> AttributeExpectation? {
    if let fields = node.mapping == nil ? nil : mapping(node, named: "attributes", keys: ["present"]) {
      guard
        let isPresent = required("present", in: fields, of: node, named: "attributes")
          .flatMap({ bool($0, named: "present") })
      else { return nil }
      return isPresent ? .present : .absent
    }
    switch scalar(node) {
    case .text: return template(node, named: "attributes", allowing: .connection).map { .text($0) }
    case .bool(let flag): return .bool(flag)
    case .number(let digits): return .number(digits)
    case .null, nil:
      report(
        "attributes", isNo: "a text, a number, true, false or '{ present: true }'", at: node,
        hint: "write '{ present: false }' where the span must not have it")
      return nil
    }
  }

  private mutating func readLinks(_ node: Node) -> [LinkRule] {
    (list(node, named: "links") ?? []).compactMap { choice($0, named: "links") }
  }

  private mutating func spanName(_ node: Node) -> NamePattern? {
    guard let name = text(node, named: "name") else { return nil }
    guard name.contains(where: { $0 != "*" }) else {
      report("the span name \(quoted(name)) would match every span", at: node, hint: "name a part, as in 'chat.*'")
      return nil
    }
    return NamePattern(name)
  }

  private mutating func spanKind(_ node: Node) -> SpanKind? {
    guard let word = text(node, named: "kind") else { return nil }
    if let kind = SpanKind.allCases.first(where: { $0.description == word }) { return kind }
    reportUnknown(word, what: "kind", among: SpanKind.allCases.map(\.description), at: node)
    return nil
  }

  mutating func checkParent(_ parent: NamePattern, isIn spans: [SpanRule], at node: Node) {
    let known = Self.names(in: spans)
    guard !known.contains(parent) else { return }
    if known.isEmpty {
      report("unknown span \(quoted(parent.text)) in 'parent'", at: node, hint: "say under 'spans' which are expected")
    } else {
      reportUnknown(parent.text, what: "span", in: "parent", among: known.map(\.text), at: node)
    }
  }

  private static func names(in rules: [SpanRule]) -> [NamePattern] {
    rules.flatMap { [$0.name] + names(in: $0.children) }
  }
}
