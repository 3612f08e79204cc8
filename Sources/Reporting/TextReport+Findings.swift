import Verification

extension Report {
  /// Lines of a span tree that are printed.
  private static let treeLimit = 24
  /// Columns that the expected tree may take beside the observed one.
  private static let widestExpected = 48

  static func lines(_ finding: Finding) -> [String] {
    var lines = [
      "Finding \(finding.kind.rawValue) × \(finding.count)", "  \(finding.kind.requirement) [\(finding.kind.source)]",
    ]
    for (index, evidence) in finding.evidence.enumerated() {
      let place = [
        evidence.message.map { "message \($0)" }, evidence.connection.map { "connection \($0)" },
      ].compactMap { $0 }.joined(separator: ", ")
      lines.append("  \(place.isEmpty ? "somewhere" : place)")
      if let sent = evidence.sent { lines.append("    sent      \(sent)") }
      lines.append("    expected  \(evidence.expected)")
      lines.append("    actual    \(evidence.actual)")
      if let excerpt = evidence.excerpt { lines.append("    arrived   \(excerpt)") }
      // One case is shown whole; the others are in the JSON report.
      guard index == 0 else { continue }
      lines += evidence.echoes.map { "    echo      \($0)" }
      lines += trees(evidence)
    }
    return lines + ["  'spanstorm explain \(finding.kind.rawValue)' tells what usually causes it"]
  }

  /// The expected tree beside the observed one.
  private static func trees(_ evidence: Evidence) -> [String] {
    guard !evidence.tree.isEmpty else { return [] }
    let width = min(evidence.expectedTree.map(\.count).max() ?? 0, widestExpected)
    let rows = max(evidence.tree.count, evidence.expectedTree.count)
    var lines = ["    | " + "expected".padded(to: width) + " | seen"]
    for row in 0..<min(rows, treeLimit) {
      let expected = row < evidence.expectedTree.count ? evidence.expectedTree[row] : ""
      let seen = row < evidence.tree.count ? evidence.tree[row] : ""
      let shown = expected.count > width ? expected.prefix(width - 1) + "…" : expected[...]
      lines.append("    | " + String(shown).padded(to: width) + " | " + seen)
    }
    if rows > treeLimit { lines.append("    | … (the rest is in report.json)") }
    return lines
  }
}
