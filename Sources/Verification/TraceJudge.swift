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
    var findings: [Broken] = []
    /// What is a finding if, and only if, no telemetry was lost.
    var suspicions: [Broken] = []
    /// The names of expected spans that are not there.
    var missing: [String] = []
  }

  struct Broken {
    var kind: FindingKind
    var expected: String
    var actual: String
  }

  /// Where a span hangs.
  private enum Parent: Equatable {
    case client
    case span(Int)
    /// It has one, which is not there.
    case unknown
    /// It has none.
    case nothing

    /// Whether nothing above the span is there.
    var isMissing: Bool {
      switch self {
      case .client, .span: false
      case .unknown, .nothing: true
      }
    }
  }

  private var byID: [UInt64: Int] = [:]
  private var parents: [Parent] = []
  private var nodes: [Int?] = []
  /// By span: whether it stands where its rule expects it, and whether it is as that demands.
  private var isPlaced: [Bool] = []
  private var isRight: [Bool] = []
  private var order: [Int] = []
  private var children: [[Int]] = []
  private var entryEnd: UInt64 = 0
  /// IDs that several spans have, so that one of them stands for all.
  private var ambiguous: [UInt64] = []

  init() {}

  /// - Parameters:
  ///   - trace: what was gathered of the message.
  ///   - isTruncated: whether spans were dropped, so that the trace is incomplete whatever it looks like.
  mutating func judge(
    _ trace: borrowing GatheredTrace<SpanRow>, _ rules: MessageRules, for owner: TraceOwner, isTruncated: Bool,
    _ names: NameTable, _ inspector: inout SpanInspector
  ) -> Judgement {
    let spans = trace.spans
    index(spans, clientSpan: owner.clientSpan)
    entryEnd = trace.entryEnd
    ambiguous = trace.conflicting > 0 ? trace.conflictingIDs : []
    var judgement = Judgement(isComplete: !isTruncated)
    if trace.conflicting > 0 {
      judgement.add(.duplicateSpanID, "a span ID of its own in each span", "\(trace.conflicting) with another's")
    }
    let orphans = assign(spans, rules, members: owner.members, names, &judgement)
    inspect(spans, rules, for: owner, names, &inspector, &judgement)
    checkCompleteness(spans, rules, members: owner.members, names, &judgement)
    checkSurplus(spans, rules, members: owner.members, &judgement)
    for orphan in orphans where names.isKnown(Int(spans[orphan].name)) {
      let broken = Self.orphan(spans[orphan], parents[orphan], names)
      if parents[orphan] == .nothing {
        judgement.findings.append(broken)
      } else {
        // Its parent may be lost, also where it is one that nobody expects.
        judgement.suspicions.append(broken)
        judgement.isComplete = false
      }
    }
    return judgement
  }

  private static func orphan(_ span: SpanRow, _ parent: Parent, _ names: NameTable) -> Broken {
    let name = "'\(names.text(Int(span.name)))'"
    return parent == .nothing
      ? Broken(kind: .secondRoot, expected: "a parent in the trace", actual: "\(name) has no parent")
      : Broken(
        kind: .orphanSpan, expected: "a parent in the trace",
        actual: "\(name) has the parent \(SpanID(span.parentID)), which no span has")
  }

  private mutating func index(_ spans: [SpanRow], clientSpan: UInt64) {
    byID.removeAll(keepingCapacity: true)
    for (index, span) in spans.enumerated() { byID[span.spanID] = index }
    parents.removeAll(keepingCapacity: true)
    nodes = Array(repeating: nil, count: spans.count)
    isPlaced = Array(repeating: false, count: spans.count)
    isRight = Array(repeating: true, count: spans.count)
    while children.count < spans.count { children.append([]) }
    for index in spans.indices { children[index].removeAll(keepingCapacity: true) }
    for (index, span) in spans.enumerated() {
      if span.parentID == clientSpan {
        parents.append(.client)
      } else if span.parentID == 0 {
        parents.append(.nothing)
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
    let orphans = spans.indices.filter { parents[$0].isMissing }
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
      // It is there, although nobody can say where.
      nodes[index] = rules.nodes.indices.first { names.matches(Int(spans[index].name), rules.nodes[$0].pattern) }
      judgement.add(.spanCycle, "a tree", "'\(names.text(Int(spans[index].name)))' is among its own ancestors")
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
    case .unknown, .nothing: candidates = []
    }
    if let node = best(of: candidates, for: index, named: name, rules, members: members, names) {
      nodes[index] = node
      isPlaced[index] = true
      return
    }
    let elsewhere =
      parents[index].isMissing
      ? nodeWithoutParent(index, spans, rules, names)
      : rules.nodes.indices.first { names.matches(name, rules.nodes[$0].pattern) }
    nodes[index] = elsewhere
    guard isNamed(index, spans, names), !isBelowUnexpected(index), !ambiguous.contains(span.spanID) else { return }
    let isLate = entryEnd > 0 && span.start >= entryEnd
    switch (elsewhere, parents[index]) {
    case (_, .unknown), (_, .nothing): break  // judged once it is known whether anything was lost
    case (let node?, .client):
      let expected =
        rules.nodes[node].parent.map { "'\(rules.nodes[$0].name)' above '\(rules.nodes[node].name)'" } ?? ""
      judgement.add(.wrongEntrySpan, expected, "'\(names.text(name))' directly under the span ID that we sent")
    case (let node?, .span(let parent)):
      let expected =
        rules.nodes[node].parent.map { "the parent '\(rules.nodes[$0].name)'" } ?? "the span ID that we sent"
      // An entry span that begins after the message was handled is another message's.
      let isOther = isLate && rules.nodes[node].parent == nil
      let delay = isOther ? late(span) : ""
      judgement.add(
        isOther ? .contextLeak : .wrongParent, expected,
        "'\(names.text(name))' has the parent '\(names.text(Int(spans[parent].name)))'\(delay)")
    case (nil, .client), (nil, .span):
      judgement.add(
        isLate ? .contextLeak : .unexpectedSpan, "no such span", "'\(names.text(name))'\(isLate ? late(span) : "")")
    }
  }

  /// Whether the span above it does not belong here, so that nothing more is to be said of it.
  private func isBelowUnexpected(_ index: Int) -> Bool {
    if case .span(let parent) = parents[index] { nodes[parent] == nil } else { false }
  }

  private func late(_ span: SpanRow) -> String {
    ", begun \(milliseconds(span.start - entryEnd)) after the entry span had ended"
  }

  /// What the spans that stand where they should break beside that.
  private mutating func inspect(
    _ spans: [SpanRow], _ rules: MessageRules, for owner: TraceOwner, _ names: NameTable,
    _ inspector: inout SpanInspector, _ judgement: inout Judgement
  ) {
    for index in spans.indices where isPlaced[index] {
      guard let node = nodes[index] else { continue }
      let parent: SpanRow? = if case .span(let place) = parents[index] { spans[place] } else { nil }
      for fault in inspector.faults(of: spans[index], under: parent, rules.nodes[node].checks, for: owner) {
        isRight[index] = false
        let (expected, actual) = inspector.describe(
          fault, of: spans[index], under: parent, rules.nodes[node], for: owner, names)
        judgement.add(fault.finding, expected, actual)
      }
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
      case .unknown, .nothing: []
      }
    func hasRoom(_ node: Int) -> Bool {
      siblings.count { nodes[$0] == node } < rules.nodes[node].most(members: members)
    }
    let exact = matching.filter { !rules.nodes[$0].name.contains("*") }
    let ordered = exact + matching.filter { rules.nodes[$0].name.contains("*") }
    return ordered.first(where: hasRoom) ?? ordered.first
  }

  /// Are all expected spans there? Only their absence leaves a trace open: it may be lost telemetry.
  private func checkCompleteness(
    _ spans: [SpanRow], _ rules: MessageRules, members: Int, _ names: NameTable, _ judgement: inout Judgement
  ) {
    var present = [Int](repeating: 0, count: rules.nodes.count)
    for case let node? in nodes { present[node] += 1 }
    let explained = explainedNodes(spans, rules, present, names)
    func miss(_ index: Int, _ expected: Int) {
      judgement.isComplete = false
      let node = rules.nodes[index]
      judgement.missing.append(node.name)
      // What another process should have made may be lost there, and nobody can tell.
      guard ambiguous.isEmpty, !node.isElsewhere, node.parent.map({ present[$0] > 0 }) ?? !spans.isEmpty else { return }
      judgement.suspicions.append(
        Broken(
          kind: .missingSpan, expected: "\(expected) of '\(node.name)'",
          actual: "\(present[index]), and no telemetry was lost"))
    }
    for (index, total) in rules.totals(members: members).enumerated()
    where present[index] < total && !explained.contains(index) {
      miss(index, total)
    }
    // An optional part is there whole or not at all: children tell that their parent was there too.
    for (index, node) in rules.nodes.enumerated() where node.isOptional && node.count != nil {
      let expected = node.least(members: members).multipliedSaturated(by: node.parent.map { present[$0] } ?? 1)
      if present[index] > expected {
        judgement.isComplete = false
      } else if !node.beginsOptional, present[index] < expected {
        miss(index, expected)
      }
    }
  }

  /// Nodes without a span whose place another span has taken, which is a finding and not a loss.
  private func explainedNodes(
    _ spans: [SpanRow], _ rules: MessageRules, _ present: [Int], _ names: NameTable
  ) -> Set<Int> {
    var explained = Set<Int>()
    for index in spans.indices where !parents[index].isMissing && isNamed(index, spans, names) {
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
      judgement.add(
        rules.nodes[node].parent == nil ? .duplicateEntrySpan : .wrongSpanCount,
        "\(count) of '\(rules.nodes[node].name)' under \(parent())", "\(actual)")
    }
  }

  /// The last judged trace as text, a line a span, with what differs from the expected tree marked; long trees are cut.
  func tree(_ spans: [SpanRow], _ names: NameTable, clientSpan: UInt64) -> [String] {
    let origin = spans.map(\.start).min() ?? 0
    let above = parents.map { if case .span(let parent) = $0 { parent } else { Int?.none } }
    return [clientSpan == 0 ? "no parent" : "\(SpanID(clientSpan)) the span ID that we sent"]
      + TraceTree.lines(parents: above, starts: spans.map(\.start)) { place in
        let span = spans[place]
        let orphan =
          switch parents[place] {
          case .unknown: " (its parent \(SpanID(span.parentID)) is not there)"
          case .nothing: " (it has no parent)"
          case .client, .span: ""
          }
        let strange = nodes[place] == nil ? " (not expected)" : isPlaced[place] ? "" : " (not expected here)"
        let mark = isPlaced[place] && isRight[place] ? "" : "≠ "
        let error = span.status == .error ? " ERROR" : ""
        return "\(mark)\(SpanID(span.spanID)) \(names.text(Int(span.name))) [\(span.kind)] "
          + "\(TraceTree.times(start: span.start, end: span.end, origin: origin))\(error)\(orphan)\(strange)"
      }
  }
}

extension TraceJudge.Judgement {
  mutating func add(_ kind: FindingKind, _ expected: String, _ actual: String) {
    findings.append(TraceJudge.Broken(kind: kind, expected: expected, actual: actual))
  }
}

/// Nanoseconds as milliseconds with three digits after the point.
func milliseconds(_ nanoseconds: UInt64) -> String {
  let microseconds = nanoseconds / 1000
  let digits = String(microseconds % 1000)
  return "\(microseconds / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits) ms"
}
