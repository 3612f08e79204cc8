import Scenarios

/// Tells in one pass, without allocation, whether a trace is just what its type expects.
///
/// That is nearly every trace of a right server. Of any other it says nothing: the judge finds out what is wrong.
struct TraceFit: ~Copyable, @unchecked Sendable {
  // What the pointers lead to belongs to this value alone, and is freed with it.
  private var parents: UnsafeMutablePointer<Int32>
  private var nodes: UnsafeMutablePointer<Int32>
  /// Spans between the one to be placed and the nearest placed ancestor.
  private var path: UnsafeMutablePointer<Int32>
  private var capacity = 64
  /// Spans of the trace that was looked at last.
  private var count = 0
  /// By parent span, and for the span ID that we sent behind them, and by place among the parent node's children.
  private var childCounts: [Int32] = []
  /// By node: how many spans were taken for it.
  private var present: [Int] = []

  private static let unplaced: Int32 = -1

  init() {
    parents = .allocate(capacity: capacity)
    nodes = .allocate(capacity: capacity)
    path = .allocate(capacity: capacity)
  }

  deinit { free() }

  /// The place of a span's parent in the trace that was looked at last and fits; nil at the top.
  func parent(of place: Int) -> Int? {
    let parent = Int(parents[place])
    return parent < count ? parent : nil
  }

  /// The node that a span of that trace was taken for.
  func node(of place: Int) -> Int { Int(nodes[place]) }

  /// Whether every span hangs where a rule expects it, and none is missing or too many.
  mutating func fits(
    _ trace: borrowing GatheredTrace<SpanRow>, _ rules: MessageRules, for owner: TraceOwner, _ names: NameTable,
    _ inspector: inout SpanInspector
  ) -> Bool {
    let count = trace.count
    guard count > 0, count <= 1 << 16, trace.conflicting == 0, !rules.nodes.isEmpty else { return false }
    reserve(count)
    self.count = count
    for index in 0..<count {
      let parentID = trace[index].pointee.parentID
      if parentID == owner.clientSpan {
        parents[index] = Int32(count)
      } else {
        guard let parent = trace.place(of: parentID) else { return false }
        parents[index] = Int32(parent)
      }
      nodes[index] = Self.unplaced
    }
    clearCounts(count, rules)
    // An exporter sends a parent after its children, and the last to arrive stands first: parents are mostly placed.
    for index in 0..<count where nodes[index] == Self.unplaced {
      guard placeWithAncestors(index, trace, rules, for: owner, names, &inspector) else { return false }
    }
    return isComplete(rules, members: owner.members)
  }

  private mutating func placeWithAncestors(
    _ index: Int, _ trace: borrowing GatheredTrace<SpanRow>, _ rules: MessageRules, for owner: TraceOwner,
    _ names: NameTable, _ inspector: inout SpanInspector
  ) -> Bool {
    let root = Int32(trace.count)
    var depth = 0
    var next = Int32(index)
    while parents[Int(next)] != root, nodes[Int(parents[Int(next)])] == Self.unplaced {
      // In a circle.
      guard depth < trace.count - 1 else { return false }
      path[depth] = next
      depth += 1
      next = parents[Int(next)]
    }
    while true {
      guard place(Int(next), trace, rules, for: owner, names, &inspector) else { return false }
      guard depth > 0 else { return true }
      depth -= 1
      next = path[depth]
    }
  }

  /// Takes a span, whose parent is placed, for the one node that fits.
  private mutating func place(
    _ index: Int, _ trace: borrowing GatheredTrace<SpanRow>, _ rules: MessageRules, for owner: TraceOwner,
    _ names: NameTable, _ inspector: inout SpanInspector
  ) -> Bool {
    let parent = Int(parents[index])
    let isTop = parent == trace.count
    let parentNode = isTop ? 0 : Int(nodes[parent])
    let choices = isTop ? rules.top.count : rules.nodes[parentNode].children.count
    let name = Int(trace[index].pointee.name)
    var found = -1
    for choice in 0..<choices {
      let node = isTop ? rules.top[choice] : rules.nodes[parentNode].children[choice]
      guard names.matches(name, rules.nodes[node].pattern) else { continue }
      // Which of two siblings it is takes more thought.
      guard found < 0 else { return false }
      found = node
    }
    guard found >= 0 else { return false }
    let checks = rules.nodes[found].checks.plain
    guard checks.hold(trace[index].pointee) else { return false }
    if !isTop, checks.isOutside(trace[index].pointee, trace[parent].pointee) { return false }
    if checks.needsDetail, !inspector.detailHolds(trace[index].pointee, rules.nodes[found].checks, for: owner) {
      return false
    }
    let counter = parent * rules.greatestFamily + rules.nodes[found].place
    childCounts[counter] += 1
    guard Int(childCounts[counter]) <= rules.nodes[found].most(members: owner.members) else { return false }
    present[found] += 1
    nodes[index] = Int32(found)
    return true
  }

  /// Whether every required span is there, and of what is optional the whole or nothing.
  private func isComplete(_ rules: MessageRules, members: Int) -> Bool {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: rules.nodes.count) { totals in
      rules.fill(totals, members: members)
      for index in 0..<rules.nodes.count {
        guard rules.nodes[index].isOptional else {
          if present[index] < totals[index] { return false }
          continue
        }
        let above = rules.nodes[index].parent.map { present[$0] } ?? 1
        // Of any number every one is right.
        guard rules.nodes[index].count != nil else { continue }
        let expected = rules.nodes[index].least(members: members).multipliedSaturated(by: above)
        let isThere = present[index] == expected || rules.nodes[index].beginsOptional && present[index] < expected
        if !isThere { return false }
      }
      return true
    }
  }

  private mutating func clearCounts(_ count: Int, _ rules: MessageRules) {
    let size = (count + 1) * rules.greatestFamily
    if childCounts.count < size { childCounts = Array(repeating: 0, count: size) }
    for index in 0..<size { childCounts[index] = 0 }
    if present.count < rules.nodes.count { present = Array(repeating: 0, count: rules.nodes.count) }
    for index in 0..<rules.nodes.count { present[index] = 0 }
  }

  private mutating func reserve(_ count: Int) {
    guard count > capacity else { return }
    free()
    capacity = count * 2
    parents = .allocate(capacity: capacity)
    nodes = .allocate(capacity: capacity)
    path = .allocate(capacity: capacity)
  }

  private func free() {
    parents.deallocate()
    nodes.deallocate()
    path.deallocate()
  }
}
