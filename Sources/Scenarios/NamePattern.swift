/// A span name to be matched: exact text, in which a `*` at the beginning or the end stands for any text.
package struct NamePattern: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) { self.text = text }

  package func matches(_ name: String) -> Bool {
    let isPrefixFree = text.hasPrefix("*")
    let isSuffixFree = text.hasSuffix("*") && text.utf8.count > 1
    let core = text.utf8.dropFirst(isPrefixFree ? 1 : 0).dropLast(isSuffixFree ? 1 : 0)
    switch (isPrefixFree, isSuffixFree) {
    case (false, false): return name.utf8.elementsEqual(text.utf8)
    case (true, false): return name.utf8.suffix(core.count).elementsEqual(core)
    case (false, true): return name.utf8.starts(with: core)
    case (true, true): return Self.contains(Array(name.utf8), Array(core))
    }
  }

  package var description: String { text }

  private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    guard bytes.count >= part.count else { return false }
    return (0...bytes.count - part.count).contains { bytes[$0..<$0 + part.count].elementsEqual(part) }
  }
}
