import Scenarios

/// Texts that the collector numbers, names of spans or other words, and which patterns of the scenario each matches.
struct NameTable: Sendable {
  /// Texts that are kept at most, and the index of every other one; the collector numbers as many.
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

  /// Whether the text is there: the collector's table may have been full, or the delivery that told it was dropped.
  func isKnown(_ name: Int) -> Bool { name < texts.count && texts[name] != nil }

  func text(_ name: Int) -> String { (name < texts.count ? texts[name] : nil) ?? "(name not kept)" }
}
