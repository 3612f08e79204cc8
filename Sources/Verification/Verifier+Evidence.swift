import Observations
import Scenarios
import Timing
import TraceContext

// Evidence is made whole when its message is settled: what came back, what was seen, what was expected.
extension Verifier {
  mutating func amendEvidence(
    of message: MessageIdentity, _ row: MessageRef, _ rules: MessageRules, _ owner: TraceOwner
  ) {
    let key = Self.key(of: message)
    guard findings.wantsTree(key) || suspicions.wantsTree(key) else { return }
    let echoes = echoLines(row, owner)
    var (tree, expected): ([String], [String]) = ([], [])
    if !rules.nodes.isEmpty {
      _ = judge.judge(trace, rules, for: owner, isTruncated: row.pointee.isTruncated, names, &inspector)
      tree = judge.tree(trace.spans, names, clientSpan: owner.clientSpan)
      expected = ExpectedTree.lines(rules, members: owner.members)
    }
    func amend(_ evidence: inout Evidence) {
      evidence.echoes = echoes
      evidence.show(tree, expected)
    }
    findings.amend(key, amend)
    suspicions.amend(key, amend)
  }

  /// Echoes that are shown of one message.
  private static let echoLimit = 8

  private func echoLines(_ row: MessageRef, _ owner: TraceOwner) -> [String] {
    var seen: [CopyRow] = []
    var index = row.pointee.firstCopy
    while index >= 0 {
      seen.append(copies[index])
      index = copies[index].next
    }
    seen.sort { ($0.at, $0.connection) < ($1.at, $1.connection) }
    return seen.prefix(Self.echoLimit).map { copy in
      let parent = copy.parentID == 0 ? "" : ", parent ID \(SpanID(copy.parentID))"
      return
        "\(milliseconds(UInt64(clamping: copy.at - row.pointee.sent))) after the send, to connection \(copy.connection):"
        + " \(copy.echoClass.rawValue)\(parent)"
    }
  }
}

extension Evidence {
  mutating func show(_ tree: [String], _ expected: [String]) {
    self.tree = tree
    expectedTree = expected
  }
}

/// Draws the tree that a scenario expects of a message, a line a rule.
enum ExpectedTree {
  static func lines(_ rules: MessageRules, members: Int) -> [String] {
    let head =
      switch rules.entry {
      case .client: "the span ID that we sent"
      case .link: "the span ID that we sent, by a link"
      case .root: "no parent"
      }
    return [head] + lines(rules.top, rules, members: members, depth: 1)
  }

  private static func lines(_ nodes: [Int], _ rules: MessageRules, members: Int, depth: Int) -> [String] {
    nodes.flatMap { index in
      let node = rules.nodes[index]
      let kind = node.checks.plain.kind.map { " [\($0)]" } ?? ""
      let count =
        switch node.count?.value(members: members) {
        case nil: " × any number"
        case 1?: ""
        case let number?: " × \(number)"
        }
      let optional = node.beginsOptional && node.count != nil ? " (may be missing)" : ""
      return [String(repeating: "  ", count: depth) + node.name + kind + count + optional]
        + lines(node.children, rules, members: members, depth: depth + 1)
    }
  }
}
