import Scenarios
import Timing
import TraceContext

/// A message type's expectations, made ready for quick comparison.
struct MessageRules: Sendable {
  /// A span rule, flattened; parents stand before their children.
  struct Node: Sendable {
    var pattern: Int
    var name: String
    var kind: SpanKind?
    var count: Count
    /// Whether it or a node above it may be missing.
    var isOptional: Bool
    /// Index of the parent node, or nil under the span ID that we sent.
    var parent: Int?
    var children: [Int]
  }

  var name: String
  var nodes: [Node] = []
  /// The nodes directly under the span ID that we sent.
  var top: [Int] = []
  /// The pattern of the span that an echo's parent ID must name.
  var echoParent: Int?
  var copies: Count
  /// How long after the send copies are waited for.
  var withinNanoseconds: Int64
  var expectsEcho: Bool

  init(_ type: MessageType, patterns: inout [NamePattern]) {
    name = type.name
    expectsEcho = type.echo != nil
    copies = type.echo?.copies ?? .fixed(0)
    withinNanoseconds = type.echo?.within.clampedNanoseconds ?? 0
    top = add(type.spans, under: nil, isOptional: false, &patterns)
    echoParent = type.echo?.parent.map { Self.index(of: $0, in: &patterns) }
  }

  /// Spans that must arrive before the trace can be complete.
  func requiredSpans(members: Int) -> Int {
    var totals = [Int](repeating: 0, count: nodes.count)
    for (index, node) in nodes.enumerated() where !node.isOptional {
      totals[index] = node.count.value(members: members) * (node.parent.map { totals[$0] } ?? 1)
    }
    return totals.reduce(0, +)
  }

  private mutating func add(
    _ rules: [SpanRule], under parent: Int?, isOptional: Bool, _ patterns: inout [NamePattern]
  ) -> [Int] {
    rules.map { rule in
      let index = nodes.count
      let isOptional = isOptional || rule.isOptional
      nodes.append(
        Node(
          pattern: Self.index(of: rule.name, in: &patterns), name: rule.name.text, kind: rule.kind, count: rule.count,
          isOptional: isOptional, parent: parent, children: []))
      nodes[index].children = add(rule.children, under: index, isOptional: isOptional, &patterns)
      return index
    }
  }

  private static func index(of pattern: NamePattern, in patterns: inout [NamePattern]) -> Int {
    if let index = patterns.firstIndex(of: pattern) { return index }
    patterns.append(pattern)
    return patterns.count - 1
  }
}

/// The names of spans, and which patterns of the scenario each of them matches.
struct NameTable: Sendable {
  private let patterns: [NamePattern]
  private let words: Int
  private var bits: [UInt64] = []
  private var texts: [String] = []

  init(patterns: [NamePattern]) {
    self.patterns = patterns
    words = (patterns.count + 63) / 64
  }

  mutating func add(_ text: String, at index: Int) {
    while texts.count <= index {
      texts.append("")
      bits.append(contentsOf: repeatElement(0, count: words))
    }
    texts[index] = text
    for (pattern, rule) in patterns.enumerated() where rule.matches(text) {
      bits[index * words + pattern / 64] |= 1 << UInt64(pattern % 64)
    }
  }

  func matches(_ name: Int, _ pattern: Int) -> Bool {
    guard name < texts.count else { return false }
    return bits[name * words + pattern / 64] >> UInt64(pattern % 64) & 1 == 1
  }

  func text(_ name: Int) -> String { name < texts.count ? texts[name] : "(name not kept)" }
}
