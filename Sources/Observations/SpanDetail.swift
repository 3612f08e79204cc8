package import TraceContext

/// What the scenario looks at in spans beyond their place, name, kind and status.
package struct SpanWatch: Hashable, Sendable {
  /// Keys of attributes; at most `SpanDetail.attributeLimit`.
  package var attributes: [String]
  package var scope: Bool
  package var links: Bool
  package var events: Bool

  package init(attributes: [String] = [], scope: Bool = false, links: Bool = false, events: Bool = false) {
    self.attributes = attributes
    self.scope = scope
    self.links = links
    self.events = events
  }

  package var isEmpty: Bool { attributes.isEmpty && !scope && !links && !events }
}

/// What is watched of one span; fixed size, no references.
package struct SpanDetail: Sendable, BitwiseCopyable {
  package static let attributeLimit = 8
  package static let linkLimit = 3
  package static let eventLimit = 4

  /// The name of its instrumentation scope.
  package var scope = WordIndex.none
  /// By place of the key in `SpanWatch.attributes`.
  package var attributes = InlineArray<8, SeenValue>(repeating: SeenValue())
  /// The first of its links.
  package var links = InlineArray<3, SpanLink>(repeating: SpanLink(traceID: .zero, spanID: .zero))
  /// All of its links.
  package var linkCount: UInt16 = 0
  /// The names of its first events.
  package var events = InlineArray<4, WordIndex>(repeating: .none)
  /// All of its events.
  package var eventCount: UInt16 = 0

  package init() {}

  /// The value of an attribute: its digest decides, its text is for people.
  package struct SeenValue: Hashable, Sendable, BitwiseCopyable {
    /// `AttributeDigest` of the value; 0 where the span has no such attribute.
    package var digest: UInt64
    package var text: WordIndex

    package init(digest: UInt64 = 0, text: WordIndex = .none) {
      self.digest = digest
      self.text = text
    }
  }

  /// The span that a link leads to.
  package struct SpanLink: Hashable, Sendable, BitwiseCopyable {
    package var traceID: TraceID
    package var spanID: SpanID

    package init(traceID: TraceID, spanID: SpanID) {
      self.traceID = traceID
      self.spanID = spanID
    }
  }
}

/// Index of a text in the collector's table of words.
package struct WordIndex: Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt32
  package init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// Nothing is there.
  package static let none = WordIndex(.max)
  /// A text that no longer fitted the table.
  package static let overflow = WordIndex(.max - 1)
}

/// A number that stands for an attribute's value and its type, so that two values can be compared without their texts.
package enum AttributeDigest {
  /// What a value is; values of different types are never equal.
  package enum ValueType: UInt8, Sendable {
    case string, bool, int, double, other
  }

  /// - Parameter text: of a string its bytes; of a truth value `true` or `false`; of a number its shortest decimal
  ///   digits, as Swift writes it; of anything else any bytes that are the same for the same value.
  /// - Returns: never 0.
  package static func of(_ type: ValueType, _ text: RawSpan) -> UInt64 {
    // FNV-1a of 64 bits, whose last step is mixed so that short texts differ in all bits.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    hash = (hash ^ UInt64(type.rawValue)) &* 0x100_0000_01b3
    for offset in 0..<text.byteCount {
      hash = (hash ^ UInt64(text.unsafeLoad(fromByteOffset: offset, as: UInt8.self))) &* 0x100_0000_01b3
    }
    hash ^= hash >> 32
    hash = hash &* 0xd6e8_feb8_6659_fd93
    hash ^= hash >> 32
    return hash == 0 ? 1 : hash
  }

  package static func of(_ type: ValueType, _ text: String) -> UInt64 {
    of(type, Array(text.utf8).span.bytes)
  }
}
