import Observations
import Scenarios
import Timing
import TraceContext

/// A message type's expectations, made ready for quick comparison; a class, so that looking at it copies nothing.
final class MessageRules: Sendable {
  /// A span rule, flattened; parents stand before their children.
  struct Node: Sendable {
    var pattern: Int
    var name: String
    /// Nil for any number.
    var count: Count?
    /// Whether it or a node above it may be missing.
    var isOptional: Bool
    /// Whether it may be missing although its parent is there.
    var beginsOptional: Bool
    /// Whether another process may make it, whose telemetry nobody can answer for.
    var isElsewhere: Bool
    /// Index of the parent node, or nil at the top.
    var parent: Int?
    var children: [Int]
    /// Its place among its parent's children.
    var place: Int
    var checks: SpanChecks

    /// How many of it each parent must have at least, and may have at most.
    func least(members: Int) -> Int { count?.value(members: members) ?? 0 }
    func most(members: Int) -> Int { count?.value(members: members) ?? .max }
  }

  let name: String
  let mode: TraceMode
  /// Whether it carries a trace of ours, and whether that is its own.
  let isTraced: Bool
  let isFresh: Bool
  let nodes: [Node]
  /// The nodes at the top.
  let top: [Int]
  /// What spans at the top hang on.
  let entry: EntryParent
  /// The pattern of the span that an echo's parent ID must name.
  let echoParent: (pattern: Int, name: String)?
  /// Whether its spans are exported if, and only if, its sampled flag is set: they are in the trace that it carries.
  let followsSampling: Bool
  let copies: Count
  /// How long after the send copies are waited for.
  let withinNanoseconds: Int64
  let expectsEcho: Bool
  let context: ContextRule
  /// Whether the span that an echo names may be one that need not be there.
  let echoParentMayBeOptional: Bool
  /// Children of the node, or nodes at the top, where there are most.
  let greatestFamily: Int

  convenience init(_ type: MessageType, patterns: inout Patterns) {
    self.init(name: type.name, type.trace.mode, type.echo, type.spans, &patterns)
  }

  /// The rules of a connection's own spans.
  convenience init(_ upgrade: UpgradeRule, patterns: inout Patterns) {
    self.init(name: "upgrade", .connection, nil, upgrade.spans, &patterns)
  }

  private init(
    name: String, _ mode: TraceMode, _ echo: EchoRule?, _ spans: [SpanRule], _ patterns: inout Patterns
  ) {
    self.name = name
    self.mode = mode
    isTraced = mode.isTraced
    isFresh = mode == .fresh
    expectsEcho = echo != nil
    context = echo?.context ?? .continued
    copies = echo?.copies ?? .fixed(0)
    withinNanoseconds = echo?.within.clampedNanoseconds ?? 0
    entry = spans.first?.entry ?? .client
    followsSampling = mode.isTraced && entry == .client
    var nodes: [Node] = []
    top = Self.add(spans, under: nil, isOptional: false, isElsewhere: false, to: &nodes, &patterns)
    let echoParent = echo?.parent.map { (pattern: patterns.names.index(of: $0), name: $0.text) }
    echoParentMayBeOptional = nodes.contains { node in
      node.isOptional && (echoParent.map { $0.name == node.name } ?? true)
    }
    greatestFamily = max(nodes.map(\.children.count).max() ?? 0, top.count)
    self.nodes = nodes
    self.echoParent = echoParent
  }

  /// How many nodes are above one.
  func depth(of node: Int) -> Int { nodes[node].parent.map { depth(of: $0) + 1 } ?? 0 }

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
    _ rules: [SpanRule], under parent: Int?, isOptional: Bool, isElsewhere: Bool, to nodes: inout [Node],
    _ patterns: inout Patterns
  ) -> [Int] {
    var added: [Int] = []
    for rule in rules {
      let index = nodes.count
      // Of any number none is required, and of what is below it as much as there are of it.
      let isOptional = isOptional || rule.isOptional || rule.count == nil
      let isElsewhere = isElsewhere || rule.kind == .consumer || parent != nil && rule.isRemote == true
      nodes.append(
        Node(
          pattern: patterns.names.index(of: rule.name), name: rule.name.text, count: rule.count,
          isOptional: isOptional, beginsOptional: rule.isOptional || rule.count == nil, isElsewhere: isElsewhere,
          parent: parent,
          children: [], place: added.count, checks: SpanChecks(rule, &patterns)))
      nodes[index].children = add(
        rule.children, under: index, isOptional: isOptional, isElsewhere: isElsewhere, to: &nodes, &patterns)
      added.append(index)
    }
    return added
  }
}

/// All patterns and keys that the scenario's rules look for, each once.
struct Patterns {
  var names: [NamePattern] = []
  /// Of scopes and events.
  var words: [NamePattern] = []
  var attributes: [String] = []
}

extension Array where Element: Equatable {
  /// The place of an element, which is appended where it is not there.
  mutating func index(of element: Element) -> Int {
    if let index = firstIndex(of: element) { return index }
    append(element)
    return count - 1
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
