import Observations
import Scenarios
import TraceContext

/// Compares the spans of one message with the tree that its type expects.
///
/// It keeps its arrays between traces, so that judging allocates nothing once they have grown.
struct TraceJudge {
  struct Judgement {
    /// Whether every required span is there, or its absence is explained by a finding.
    var isComplete = true
    var findings: [(kind: FindingKind, expected: String, actual: String)] = []
  }

  /// Where a span hangs.
  private enum Parent: Equatable {
    case client
    case span(Int)
    case unknown
  }

  private var byID: [UInt64: Int] = [:]
  private var parents: [Parent] = []
  private var nodes: [Int?] = []
  private var order: [Int] = []
  private var children: [[Int]] = []
  private var entryEnd: UInt64 = 0

  init() {}

  /// - Parameters:
  ///   - isTruncated: whether spans were dropped, so that the trace is incomplete whatever it looks like.
  ///   - entryEnd: when the entry span ended; 0 where there is none.
  mutating func judge(
    _ spans: [SpanRow], _ rules: MessageRules, members: Int, clientSpan: UInt64, isTruncated: Bool, entryEnd: UInt64,
    _ names: NameTable
  ) -> Judgement {
    index(spans, clientSpan: clientSpan)
    self.entryEnd = entryEnd
    var judgement = Judgement(isComplete: !isTruncated)
    let orphans = assign(spans, rules, members: members, names, &judgement)
    checkCompleteness(spans, rules, members: members, names, &judgement)
    checkSurplus(spans, rules, members: members, &judgement)
    if judgement.isComplete {
      for orphan in orphans where names.isKnown(Int(spans[orphan].name)) {
        judgement.findings.append(
          (
            .orphanSpan, "a parent in the trace",
            "'\(names.text(Int(spans[orphan].name)))' has the parent \(SpanID(spans[orphan].parentID)), which no span has, though every expected span is there"
          ))
      }
    }
    return judgement
  }

  private mutating func index(_ spans: [SpanRow], clientSpan: UInt64) {
    byID.removeAll(keepingCapacity: true)
    for (index, span) in spans.enumerated() { byID[span.spanID] = index }
    parents.removeAll(keepingCapacity: true)
    nodes = Array(repeating: nil, count: spans.count)
    while children.count < spans.count { children.append([]) }
    for index in spans.indices { children[index].removeAll(keepingCapacity: true) }
    for (index, span) in spans.enumerated() {
      if span.parentID == clientSpan {
        parents.append(.client)
      } else if let parent = byID[span.parentID] {
        parents.append(.span(parent))
        children[parent].append(index)
      } else {
        parents.append(.unknown)
      }
    }
  }

  /// Walks from the top and takes each span for a node. Returns the spans whose parent is not there.
  private mutating func assign(
    _ spans: [SpanRow], _ rules: MessageRules, members: Int, _ names: NameTable, _ judgement: inout Judgement
  ) -> [Int] {
    order.removeAll(keepingCapacity: true)
    var reached = [Bool](repeating: false, count: spans.count)
    for index in spans.indices where parents[index] == .client {
      order.append(index)
      reached[index] = true
    }
    let orphans = spans.indices.filter { parents[$0] == .unknown }
    for index in orphans {
      order.append(index)
      reached[index] = true
    }
    var next = 0
    while next < order.count {
      let index = order[next]
      next += 1
      take(index, spans, rules, members: members, names, &judgement)
      for child in children[index] where !reached[child] {
        reached[child] = true
        order.append(child)
      }
    }
    for index in spans.indices where !reached[index] {
      judgement.findings.append(
        (.wrongParent, "a tree", "'\(names.text(Int(spans[index].name)))' is among its own ancestors"))
    }
    return orphans
  }

  private mutating func take(
    _ index: Int, _ spans: [SpanRow], _ rules: MessageRules, members: Int, _ names: NameTable,
    _ judgement: inout Judgement
  ) {
    let span = spans[index]
    let name = Int(span.name)
    let candidates: [Int]
    switch parents[index] {
    case .client: candidates = rules.top
    case .span(let parent): candidates = nodes[parent].map { rules.nodes[$0].children } ?? []
    case .unknown: candidates = []
    }
    if let node = best(of: candidates, for: index, named: name, rules, members: members, names) {
      nodes[index] = node
      checkKind(span, rules.nodes[node], names, &judgement)
      return
    }
    let elsewhere =
      parents[index] == .unknown
      ? nodeWithoutParent(index, spans, rules, names)
      : rules.nodes.indices.first { names.matches(name, rules.nodes[$0].pattern) }
    nodes[index] = elsewhere
    guard isNamed(index, spans, names) else { return }
    switch (elsewhere, parents[index]) {
    case (_, .unknown): break  // judged once it is known whether anything was lost
    case (let node?, .client):
      let expected =
        rules.nodes[node].parent.map { "'\(rules.nodes[$0].name)' above '\(rules.nodes[node].name)'" } ?? ""
      judgement.findings.append(
        (.wrongEntrySpan, expected, "'\(names.text(name))' directly under the span ID that we sent"))
    case (let node?, .span(let parent)):
      let expected =
        rules.nodes[node].parent.map { "the parent '\(rules.nodes[$0].name)'" } ?? "the span ID that we sent"
      judgement.findings.append(
        (.wrongParent, expected, "'\(names.text(name))' has the parent '\(names.text(Int(spans[parent].name)))'"))
    case (nil, .client), (nil, .span):
      let isLate = entryEnd > 0 && span.start >= entryEnd
      let delay =
        isLate ? ", begun \(milliseconds(span.start - entryEnd)) after the entry span had ended" : ""
      judgement.findings.append(
        (isLate ? .contextLeak : .unexpectedSpan, "no such span", "'\(names.text(name))'\(delay)"))
    }
  }

  /// Whether the names of a span and its parent are known; without them nothing can be held against it.
  private func isNamed(_ index: Int, _ spans: [SpanRow], _ names: NameTable) -> Bool {
    guard names.isKnown(Int(spans[index].name)) else { return false }
    if case .span(let parent) = parents[index] { return names.isKnown(Int(spans[parent].name)) }
    return true
  }

  /// The node of a span whose parent is not there, which may be lost: of several that match the one that its
  /// descendants fit, and rather an optional one, whose parent may be lost although everything required is there.
  private func nodeWithoutParent(
    _ index: Int, _ spans: [SpanRow], _ rules: MessageRules, _ names: NameTable
  ) -> Int? {
    let matching = rules.nodes.indices.filter { names.matches(Int(spans[index].name), rules.nodes[$0].pattern) }
    guard matching.count > 1 else { return matching.first }
    let fitting = matching.filter { fits(index, $0, spans, rules, names) }
    return fitting.first { rules.nodes[$0].isOptional } ?? fitting.first ?? matching.first
  }

  /// Whether all below a span is below the node as well; no deeper than the scenario's tree.
  private func fits(_ index: Int, _ node: Int, _ spans: [SpanRow], _ rules: MessageRules, _ names: NameTable) -> Bool {
    children[index].allSatisfy { child in
      rules.nodes[node].children.contains {
        names.matches(Int(spans[child].name), rules.nodes[$0].pattern) && fits(child, $0, spans, rules, names)
      }
    }
  }

  /// The sibling rule that a span is taken for: an exact name goes before a pattern, and a rule with room left before
  /// a full one.
  private func best(
    of candidates: [Int], for index: Int, named name: Int, _ rules: MessageRules, members: Int, _ names: NameTable
  ) -> Int? {
    let matching = candidates.filter { names.matches(name, rules.nodes[$0].pattern) }
    guard matching.count > 1 else { return matching.first }
    let siblings: [Int] =
      switch parents[index] {
      case .span(let parent): children[parent]
      case .client: parents.indices.filter { parents[$0] == .client }
      case .unknown: []
      }
    func hasRoom(_ node: Int) -> Bool {
      siblings.count { nodes[$0] == node } < rules.nodes[node].most(members: members)
    }
    let exact = matching.filter { !rules.nodes[$0].name.contains("*") }
    let ordered = exact + matching.filter { rules.nodes[$0].name.contains("*") }
    return ordered.first(where: hasRoom) ?? ordered.first
  }

  private func checkKind(
    _ span: SpanRow, _ node: MessageRules.Node, _ names: NameTable, _ judgement: inout Judgement
  ) {
    guard let kind = node.kind, kind != span.kind else { return }
    judgement.findings.append(
      (.wrongKind, "'\(node.name)' of kind \(kind)", "'\(names.text(Int(span.name)))' of kind \(span.kind)"))
  }

  /// Are all expected spans there? Only their absence leaves a trace open: it may be lost telemetry.
  private func checkCompleteness(
    _ spans: [SpanRow], _ rules: MessageRules, members: Int, _ names: NameTable, _ judgement: inout Judgement
  ) {
    var present = [Int](repeating: 0, count: rules.nodes.count)
    for case let node? in nodes { present[node] += 1 }
    let explained = explainedNodes(spans, rules, present, names)
    for (index, total) in rules.totals(members: members).enumerated()
    where present[index] < total && !explained.contains(index) {
      judgement.isComplete = false
    }
    // An optional part is there whole or not at all: children tell that their parent was there too.
    for (index, node) in rules.nodes.enumerated() where node.isOptional {
      let expected = node.least(members: members).multipliedSaturated(by: node.parent.map { present[$0] } ?? 1)
      if node.beginsOptional ? present[index] > expected : present[index] != expected { judgement.isComplete = false }
    }
  }

  /// Nodes without a span whose place another span has taken, which is a finding and not a loss.
  private func explainedNodes(
    _ spans: [SpanRow], _ rules: MessageRules, _ present: [Int], _ names: NameTable
  ) -> Set<Int> {
    var explained = Set<Int>()
    for index in spans.indices where parents[index] != .unknown && isNamed(index, spans, names) {
      if let node = nodes[index], let parent = rules.nodes[node].parent, present[parent] == 0 {
        explained.insert(parent)
      }
    }
    return explained
  }

  /// Has any span more children of a node than the node allows? Loss cannot make more of them.
  private func checkSurplus(
    _ spans: [SpanRow], _ rules: MessageRules, members: Int, _ judgement: inout Judgement
  ) {
    let tops = spans.indices.filter { parents[$0] == .client }
    checkSurplus(of: rules.top, among: tops, rules, members: members, under: "the span ID that we sent", &judgement)
    for index in spans.indices {
      guard let node = nodes[index] else { continue }
      let name = "one '\(rules.nodes[node].name)'"
      checkSurplus(
        of: rules.nodes[node].children, among: children[index], rules, members: members, under: name, &judgement)
    }
  }

  private func checkSurplus(
    of expected: [Int], among siblings: [Int], _ rules: MessageRules, members: Int,
    under parent: @autoclosure () -> String, _ judgement: inout Judgement
  ) {
    for node in expected {
      let count = rules.nodes[node].most(members: members)
      let actual = siblings.count { nodes[$0] == node }
      guard actual > count else { continue }
      judgement.findings.append(
        (.unexpectedSpan, "\(count) of '\(rules.nodes[node].name)' under \(parent())", "\(actual)"))
    }
  }

  /// The last judged trace as text, a line a span; long trees are cut.
  func tree(_ spans: [SpanRow], _ names: NameTable, clientSpan: UInt64) -> [String] {
    let origin = spans.map(\.start).min() ?? 0
    let above = parents.map { if case .span(let parent) = $0 { parent } else { Int?.none } }
    return ["\(SpanID(clientSpan)) the span ID that we sent"]
      + TraceTree.lines(parents: above, starts: spans.map(\.start)) { place in
        let span = spans[place]
        let orphan = parents[place] == .unknown ? " (its parent \(SpanID(span.parentID)) is not there)" : ""
        let strange = nodes[place] == nil ? " (not expected)" : ""
        let error = span.status == .error ? " ERROR" : ""
        return "\(SpanID(span.spanID)) \(names.text(Int(span.name))) [\(span.kind)] "
          + "\(TraceTree.times(start: span.start, end: span.end, origin: origin))\(error)\(orphan)\(strange)"
      }
  }
}

/// Nanoseconds as milliseconds with three digits after the point.
func milliseconds(_ nanoseconds: UInt64) -> String {
  let microseconds = nanoseconds / 1000
  let digits = String(microseconds % 1000)
  return "\(microseconds / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits) ms"
}
