/// What a scan of spans reads of their attributes, links and events.
package struct WatchedParts: Sendable {
  package let attributes: AttributeKeys
  package let links: Bool
  package let events: Bool

  /// - Parameter attributes: keys, of which the first `AttributeKeys.limit` count.
  package init(attributes: [String] = [], links: Bool = false, events: Bool = false) {
    self.attributes = AttributeKeys(attributes)
    self.links = links
    self.events = events
  }

  /// The text of a value that is beyond the bounds of `MetricLimit`: nobody compares it, and its body is not refused.
  package static let oversize = "(a larger value)"
}

/// A few keys of attributes, made ready to be found by their bytes.
package struct AttributeKeys: Sendable {
  package static let limit = 8

  private struct Key: Sendable, BitwiseCopyable {
    var start = 0
    var count = 0
    /// Of its end, where the keys of one namespace differ.
    var lastWord: UInt64 = 0
  }

  private var keys = InlineArray<8, Key>(repeating: Key())
  private var count = 0
  /// A bit for each length that a key has; the last for all lengths from 63 on.
  private var lengths: UInt64 = 0
  /// All keys one after the other.
  private var bytes: [UInt8] = []

  init(_ texts: [String]) {
    for text in texts.prefix(Self.limit) {
      let key = Array(text.utf8)
      keys[count] = Key(start: bytes.count, count: key.count, lastWord: Self.lastWord(key.span.bytes))
      count += 1
      lengths |= Self.bit(key.count)
      bytes += key
    }
  }

  package var isEmpty: Bool { count == 0 }

  /// The place of a key among those that are watched; nil where it is none of them.
  @inline(__always)
  func place(of key: RawSpan) -> Int? {
    guard lengths & Self.bit(key.byteCount) != 0 else { return nil }
    return search(key)
  }

  private func search(_ key: RawSpan) -> Int? {
    let word = Self.lastWord(key)
    for place in 0..<count
    where keys[place].count == key.byteCount && keys[place].lastWord == word && isEqual(key, to: keys[place]) {
      return place
    }
    return nil
  }

  /// - Precondition: they are as long and end in the same word.
  private func isEqual(_ text: RawSpan, to key: Key) -> Bool {
    let known = bytes.span.bytes.extracting(key.start..<key.start &+ key.count)
    var offset = 0
    while offset < key.count &- 8 {
      guard Self.word(known, at: offset) == Self.word(text, at: offset) else { return false }
      offset &+= 8
    }
    return true
  }

  private static func bit(_ count: Int) -> UInt64 { 1 &<< UInt64(truncatingIfNeeded: min(count, 63)) }

  /// The last eight bytes, or all where there are fewer.
  private static func lastWord(_ bytes: RawSpan) -> UInt64 {
    guard bytes.byteCount < 8 else { return word(bytes, at: bytes.byteCount &- 8) }
    var word: UInt64 = 0
    for offset in 0..<bytes.byteCount {
      word = word << 8 | UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
    }
    return word
  }

  /// The eight bytes at `offset`, which the caller has made sure of.
  private static func word(_ bytes: RawSpan, at offset: Int) -> UInt64 {
    bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
}
