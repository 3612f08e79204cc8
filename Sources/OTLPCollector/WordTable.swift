import Observations

/// Numbers the words of span details, `NameTable`'s 65,535 at most in all.
///
/// Values may be of any number, so scopes and events have parts of their own, which values cannot fill, nor they each
/// other. A word is at most 256 bytes of its text, cut where a character ends: 16 MiB are never exceeded.
struct WordTable {
  private static let textLimit = 256
  private static let scopeLimit = 8192
  private static let eventLimit = 8192
  private static let valueLimit = Int(UInt16.max) - scopeLimit - eventLimit

  private var scopes = Self.table(of: scopeLimit)
  private var events = Self.table(of: eventLimit)
  private var values = Self.table(of: valueLimit)
  /// The values' digests by number, 0 where it is not known: looking one up takes less than computing it.
  private var digests: [(type: AttributeDigest.ValueType, digest: UInt64)] = []

  private static func table(of count: Int) -> TextTable {
    TextTable(countLimit: count, byteLimit: count * textLimit)
  }

  /// - Returns: none for an empty text.
  mutating func scope(_ text: RawSpan) -> WordIndex {
    text.isEmpty ? .none : Self.word(scopes.index(of: text.extracting(first: Self.keptBytes(of: text))), from: 0)
  }

  /// - Returns: none for an empty text.
  mutating func event(_ text: RawSpan) -> WordIndex {
    text.isEmpty
      ? .none : Self.word(events.index(of: text.extracting(first: Self.keptBytes(of: text))), from: Self.scopeLimit)
  }

  /// An attribute's value: its digest is of the whole text.
  mutating func value(_ type: AttributeDigest.ValueType, _ text: RawSpan) -> SpanDetail.SeenValue {
    let index = values.index(of: text.extracting(first: Self.keptBytes(of: text)))
    return SpanDetail.SeenValue(
      digest: digest(type, text, index), text: Self.word(index, from: Self.scopeLimit + Self.eventLimit))
  }

  @inline(__always)
  private mutating func digest(_ type: AttributeDigest.ValueType, _ text: RawSpan, _ index: UInt32?) -> UInt64 {
    // A longer text shares its number with others that begin alike.
    guard let index, text.byteCount <= Self.textLimit else { return AttributeDigest.of(type, text) }
    let place = Int(index)
    if place < digests.count {
      let known = digests[place]
      if known.digest != 0, known.type == type { return known.digest }
    }
    return learnDigest(type, text, at: place)
  }

  @inline(never)
  private mutating func learnDigest(_ type: AttributeDigest.ValueType, _ text: RawSpan, at place: Int) -> UInt64 {
    while digests.count <= place { digests.append((type, 0)) }
    let digest = AttributeDigest.of(type, text)
    digests[place] = (type, digest)
    return digest
  }

  /// The words that no earlier call has returned.
  mutating func takeUnannounced() -> [(index: WordIndex, text: String)] {
    Self.words(scopes.takeUnannounced(), from: 0) + Self.words(events.takeUnannounced(), from: Self.scopeLimit)
      + Self.words(values.takeUnannounced(), from: Self.scopeLimit + Self.eventLimit)
  }

  private static func words(
    _ texts: [(index: UInt32, text: String)], from first: Int
  ) -> [(index: WordIndex, text: String)] {
    texts.map { (index: word($0.index, from: first), text: $0.text) }
  }

  private static func word(_ index: UInt32?, from first: Int) -> WordIndex {
    index.map { WordIndex($0 &+ UInt32(truncatingIfNeeded: first)) } ?? .overflow
  }

  /// Bytes of a text that are kept.
  @inline(__always)
  private static func keptBytes(of text: RawSpan) -> Int {
    guard text.byteCount > textLimit else { return text.byteCount }
    var end = textLimit
    // Bytes 10xxxxxx continue a character of UTF-8, which has at most three of them.
    while end > textLimit - 3, text.unsafeLoad(fromByteOffset: end, as: UInt8.self) & 0xc0 == 0x80 { end -= 1 }
    return end
  }
}
