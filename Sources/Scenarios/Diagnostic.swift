/// A mistake of the scenario's author, with its place and, where we know one, a way out.
package struct Diagnostic: Error, Hashable, Sendable, CustomStringConvertible {
  package var file: String
  /// From 1.
  package var line: Int
  /// From 1, in characters.
  package var column: Int
  package var message: String
  package var hint: String?

  /// One line, whatever the author wrote: control characters are shown as escapes.
  package var description: String {
    let text = "\(file):\(line):\(column): error: \(message)" + (hint.map { "; \($0)" } ?? "")
    return text.unicodeScalars.map {
      $0.properties.generalCategory == .control ? $0.escaped(asASCII: true) : String($0)
    }
    .joined()
  }
}

/// Every mistake of one scenario, in the order of the file; never empty.
package struct Diagnostics: Error, Sendable {
  package var all: [Diagnostic]
}

/// A word of the author in quotes, cut where it is long.
func quoted(_ word: some StringProtocol) -> String { word.count <= 60 ? "'\(word)'" : "'\(word.prefix(59))…'" }

/// The nearest of `candidates` to a misspelt word, if one is near enough to be meant.
package func nearest(to word: String, among candidates: [String]) -> String? {
  guard word.utf8.count <= 64 else { return nil }
  let scored = candidates.map { (candidate: $0, distance: editDistance(word, $0)) }
  guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
  return best.distance <= max(1, word.count / 3) ? best.candidate : nil
}

/// Insertions, deletions, substitutions and swaps of neighbours between two words.
private func editDistance(_ first: String, _ second: String) -> Int {
  let a = Array(first.lowercased())
  let b = Array(second.lowercased())
  var before: [Int] = []
  var previous = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
      row.append(cost)
    }
    before = previous
    previous = row
  }
  return previous[b.count]
}
