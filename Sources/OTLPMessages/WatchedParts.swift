/// What a scan of spans reads of their attributes, links and events; a class, because it would be copied for every span.
package final class WatchedParts: Sendable {
  /// Keys that are watched at most.
  package static let attributeLimit = 8
  /// The text of a value that is beyond the bounds of `MetricLimit`: nobody compares it, and its body is not refused.
  package static let oversize = "(a larger value)"

  private struct Key: BitwiseCopyable {
    var start = 0
    var count = 0
    /// Of its end, where the keys of one namespace differ.
    var lastWord: UInt64 = 0
  }

  let links: Bool
  let events: Bool
  private let keys: InlineArray<8, Key>
  private let count: Int
  /// A bit for each length that a key has; the last for all lengths from 63 on.
  private let lengths: UInt64
  /// All keys one after the other.
  private let bytes: [UInt8]

  /// - Parameter attributes: keys, of which the first `attributeLimit` count.
  package init(attributes: [String] = [], links: Bool = false, events: Bool = false) {
    self.links = links
    self.events = events
    var keys = InlineArray<8, Key>(repeating: Key())
    var (lengths, bytes): (UInt64, [UInt8]) = (0, [])
    for (place, text) in attributes.prefix(Self.attributeLimit).enumerated() {
      let key = Array(text.utf8)
      keys[place] = Key(start: bytes.count, count: key.count, lastWord: Self.lastWord(key.span.bytes))
      lengths |= Self.bit(key.count)
      bytes += key
    }
    self.keys = keys
    count = min(attributes.count, Self.attributeLimit)
    self.lengths = lengths
    self.bytes = bytes
  }

  var hasAttributes: Bool { count > 0 }

  /// Whether a key of so many bytes may be watched.
  @inline(__always)
  func hasKey(ofLength count: Int) -> Bool { lengths & Self.bit(count) != 0 }

  /// The place of a key among those that are watched; nil where it is none of them.
  func place(of key: RawSpan) -> Int? {
    guard hasKey(ofLength: key.byteCount) else { return nil }
    let word = Self.lastWord(key)
    for place in 0..<count
    where keys[place].count == key.byteCount && keys[place].lastWord == word && isEqual(key, to: keys[place]) {
      return place
    }
    return nil
  }

  /// - Precondition: they are as long and end in the same word.
  @inline(__always)
  private func isEqual(_ text: RawSpan, to key: Key) -> Bool {
    bytes.withUnsafeBytes { bytes in
      let known = bytes.bytes
      var offset = 0
      while offset < key.count &- 8 {
        guard Self.word(known, at: key.start &+ offset) == Self.word(text, at: offset) else { return false }
        offset &+= 8
      }
      return true
    }
  }

  @inline(__always)
  private static func bit(_ count: Int) -> UInt64 { 1 &<< UInt64(truncatingIfNeeded: min(count, 63)) }

  /// The last eight bytes, or all where there are fewer.
  @inline(__always)
  private static func lastWord(_ bytes: RawSpan) -> UInt64 {
    guard bytes.byteCount < 8 else { return word(bytes, at: bytes.byteCount &- 8) }
    var word: UInt64 = 0
    for offset in 0..<bytes.byteCount {
      word = word << 8 | UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
    }
    return word
  }

  /// The eight bytes at `offset`, which the caller has made sure of.
  @inline(__always)
  private static func word(_ bytes: RawSpan, at offset: Int) -> UInt64 {
    bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
}
