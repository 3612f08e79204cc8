import Scenarios
import Timing
import TraceContext

/// A message type's expectations, made ready for quick comparison; a class, so that looking at it copies nothing.
final class MessageRules: Sendable {
  /// A span rule, flattened; parents stand before their children.
  struct Node: Sendable {
    var pattern: Int
    var name: String
    var kind: SpanKind?
    /// Nil for any number.
    var count: Count?
    /// Whether it or a node above it may be missing.
    var isOptional: Bool
    /// Whether it may be missing although its parent is there.
    var beginsOptional: Bool
    /// Index of the parent node, or nil under the span ID that we sent.
    var parent: Int?
    var children: [Int]
    /// Its place among its parent's children.
    var place: Int

    /// How many of it each parent must have at least, and may have at most.
    func least(members: Int) -> Int { count?.value(members: members) ?? 0 }
    func most(members: Int) -> Int { count?.value(members: members) ?? .max }
  }

  let name: String
  let nodes: [Node]
  /// The nodes directly under the span ID that we sent.
  let top: [Int]
  /// The pattern of the span that an echo's parent ID must name.
  let echoParent: (pattern: Int, name: String)?
  let copies: Count
  /// How long after the send copies are waited for.
  let withinNanoseconds: Int64
  let expectsEcho: Bool
  let context: ContextRule
  /// Whether the span that an echo names may be one that need not be there.
  let echoParentMayBeOptional: Bool
  /// Children of the node, or nodes at the top, where there are most.
  let greatestFamily: Int

  init(_ type: MessageType, patterns: inout [NamePattern]) {
    name = type.name
    expectsEcho = type.echo != nil
    context = type.echo?.context ?? .continued
    copies = type.echo?.copies ?? .fixed(0)
    withinNanoseconds = type.echo?.within.clampedNanoseconds ?? 0
    var nodes: [Node] = []
    top = Self.add(type.spans, under: nil, isOptional: false, to: &nodes, &patterns)
    let echoParent = type.echo?.parent.map { (pattern: Self.index(of: $0, in: &patterns), name: $0.text) }
    echoParentMayBeOptional = nodes.contains { node in
      node.isOptional && (echoParent.map { $0.name == node.name } ?? true)
    }
    greatestFamily = max(nodes.map(\.children.count).max() ?? 0, top.count)
    self.nodes = nodes
    self.echoParent = echoParent
  }

  /// Spans that must arrive before the trace can be complete.
  func requiredSpans(members: Int) -> Int {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: nodes.count) { totals in
      fill(totals, members: members)
      return totals.reduce(0) { $0.addingSaturated($1) }
    }
  }

  /// By node: how many of it must be there; 0 for an optional one.
  func totals(members: Int) -> [Int] {
    [Int](unsafeUninitializedCapacity: nodes.count) { totals, count in
      fill(UnsafeMutableBufferPointer(rebasing: totals[..<nodes.count]), members: members)
      count = nodes.count
    }
  }

  /// - Parameter totals: uninitialised, one for each node.
  func fill(_ totals: UnsafeMutableBufferPointer<Int>, members: Int) {
    for index in 0..<min(nodes.count, totals.count) {
      var total = 0
      if !nodes[index].isOptional {
        let above = nodes[index].parent.map { totals[$0] } ?? 1
        total = nodes[index].least(members: members).multipliedSaturated(by: above)
      }
      totals.initializeElement(at: index, to: total)
    }
  }

  private static func add(
    _ rules: [SpanRule], under parent: Int?, isOptional: Bool, to nodes: inout [Node],
    _ patterns: inout [NamePattern]
  ) -> [Int] {
    var added: [Int] = []
    for rule in rules {
      let index = nodes.count
      let isOptional = isOptional || rule.isOptional
      nodes.append(
        Node(
          pattern: Self.index(of: rule.name, in: &patterns), name: rule.name.text, kind: rule.kind, count: rule.count,
          isOptional: isOptional, beginsOptional: rule.isOptional, parent: parent, children: [], place: added.count))
      nodes[index].children = add(rule.children, under: index, isOptional: isOptional, to: &nodes, &patterns)
      added.append(index)
    }
    return added
  }

  private static func index(of pattern: NamePattern, in patterns: inout [NamePattern]) -> Int {
    if let index = patterns.firstIndex(of: pattern) { return index }
    patterns.append(pattern)
    return patterns.count - 1
  }
}

extension Int {
  /// The product, or the greatest integer where it is beyond: a room's size, raised to the depth of a tree.
  func multipliedSaturated(by factor: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }

  func addingSaturated(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

/// The names of spans, and which patterns of the scenario each of them matches.
struct NameTable: Sendable {
  /// Names that are kept at most, and the index of every other one; the collector numbers as many.
  static let limit = Int(UInt16.max)

  private let patterns: [NamePattern]
  private let words: Int
  private var bits: [UInt64] = []
  private var texts: [String?] = []

  init(patterns: [NamePattern]) {
    self.patterns = patterns
    words = (patterns.count + 63) / 64
  }

  mutating func add(_ text: String, at index: Int) {
    guard index >= 0, index < Self.limit else { return }
    while texts.count <= index {
      texts.append(nil)
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

  /// Whether the name is there: the collector's table may have been full, or the delivery that told it was dropped.
  func isKnown(_ name: Int) -> Bool { name < texts.count && texts[name] != nil }

  func text(_ name: Int) -> String { (name < texts.count ? texts[name] : nil) ?? "(name not kept)" }
}
