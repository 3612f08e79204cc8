/// Why a text is no JSON (RFC 8259).
package enum JSONFault: Error, Hashable, Sendable {
  /// What stands at this byte offset, or the end there, breaks the grammar.
  case syntax(at: Int)
  /// Objects and arrays are nested deeper than `JSONScanner.depthLimit`.
  case tooDeep(at: Int)
}

/// What kind of value begins at a place.
package enum JSONKind: Sendable {
  case object, array, string, number, literal
}

/// Walks over JSON text strictly and in one pass, without building values.
///
/// The text must be UTF-8 already (RFC 6455 makes sure of it for text messages). The caller passes the same `text` to
/// each call. Nothing is allocated and nothing recurses, so hostile text costs time in proportion to its length only.
package struct JSONScanner: Sendable {
  package static let depthLimit = 128

  /// The next byte to look at.
  package var position: Int

  @inlinable package init(at position: Int = 0) { self.position = position }

  /// Skips blanks and tells what begins there.
  @inlinable
  package mutating func peek(_ text: Span<UInt8>) throws(JSONFault) -> JSONKind {
    skipBlanks(text)
    guard position < text.count else { throw .syntax(at: position) }
    switch text[position] {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return .literal
    default: throw .syntax(at: position)
    }
  }

  /// Steps into an object. Returns the first key, or nil where the object is empty (it is then behind us).
  @inlinable
  package mutating func enterObject(_ text: Span<UInt8>) throws(JSONFault) -> JSONString? {
    try expect(UInt8(ascii: "{"), text)
    skipBlanks(text)
    if position < text.count, text[position] == UInt8(ascii: "}") {
      position &+= 1
      return nil
    }
    return try key(text)
  }

  /// Steps from the end of a member's value to the next key, or nil past the object's end.
  @inlinable
  package mutating func nextKey(_ text: Span<UInt8>) throws(JSONFault) -> JSONString? {
    skipBlanks(text)
    guard position < text.count else { throw .syntax(at: position) }
    switch text[position] {
    case UInt8(ascii: ","):
      position &+= 1
      skipBlanks(text)
      return try key(text)
    case UInt8(ascii: "}"):
      position &+= 1
      return nil
    default: throw .syntax(at: position)
    }
  }

  /// Reads a string.
  @inlinable
  package mutating func string(_ text: Span<UInt8>) throws(JSONFault) -> JSONString {
    try expect(UInt8(ascii: "\""), text)
    let start = position
    var isEscaped = false
    while true {
      skipPlain(text)
      guard position < text.count else { throw .syntax(at: position) }
      switch text[position] {
      case UInt8(ascii: "\""):
        let string = JSONString(start: start, end: position, isEscaped: isEscaped)
        position &+= 1
        return string
      case UInt8(ascii: "\\"):
        isEscaped = true
        try skipEscape(text)
      default: throw .syntax(at: position)
      }
    }
  }

  /// Moves to the next quote, backslash or control character, or to the end: eight bytes at a time.
  @inlinable @inline(__always)
  mutating func skipPlain(_ text: Span<UInt8>) {
    let bytes = text.bytes
    while position <= bytes.byteCount &- 8 {
      let word = UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
      let quotes = word ^ 0x2222_2222_2222_2222
      let backslashes = word ^ 0x5c5c_5c5c_5c5c_5c5c
      // A byte below n sets its top bit in (x - n) & ~x; a borrow may set later ones too, never earlier ones.
      let marks =
        ((quotes &- 0x0101_0101_0101_0101) & ~quotes | (backslashes &- 0x0101_0101_0101_0101) & ~backslashes
          | (word &- 0x2020_2020_2020_2020) & ~word) & 0x8080_8080_8080_8080
      if marks != 0 {
        position &+= marks.trailingZeroBitCount &>> 3
        return
      }
      position &+= 8
    }
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { return }
      position &+= 1
    }
  }

  /// Skips one whole value of any kind, strictly.
  @inlinable
  package mutating func skipValue(_ text: Span<UInt8>) throws(JSONFault) {
    // One bit a level says whether it is an object (1) or an array (0).
    var levels: (UInt64, UInt64) = (0, 0)
    var depth = 0
    while true {
      // A value begins here.
      var isComplete = true
      switch try peek(text) {
      case .string: _ = try string(text)
      case .number: try skipNumber(text)
      case .literal: try skipLiteral(text)
      case .object:
        guard depth < Self.depthLimit else { throw .tooDeep(at: position) }
        if try enterObject(text) != nil {
          Self.set(&levels, depth, to: true)
          depth &+= 1
          isComplete = false
        }
      case .array:
        guard depth < Self.depthLimit else { throw .tooDeep(at: position) }
        position &+= 1
        skipBlanks(text)
        if position < text.count, text[position] == UInt8(ascii: "]") {
          position &+= 1
        } else {
          Self.set(&levels, depth, to: false)
          depth &+= 1
          isComplete = false
        }
      }
      // A value ended here: close levels until another one begins.
      while isComplete {
        if depth == 0 { return }
        if Self.isSet(levels, depth &- 1) {
          if try nextKey(text) != nil { isComplete = false } else { depth &-= 1 }
        } else {
          skipBlanks(text)
          guard position < text.count else { throw .syntax(at: position) }
          switch text[position] {
          case UInt8(ascii: ","):
            position &+= 1
            isComplete = false
          case UInt8(ascii: "]"):
            position &+= 1
            depth &-= 1
          default: throw .syntax(at: position)
          }
        }
      }
    }
  }

  /// Makes sure that nothing but blanks follows.
  @inlinable
  package mutating func expectEnd(_ text: Span<UInt8>) throws(JSONFault) {
    skipBlanks(text)
    guard position == text.count else { throw .syntax(at: position) }
  }

  @inlinable @inline(__always)
  mutating func skipBlanks(_ text: Span<UInt8>) {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position &+= 1
      default: return
      }
    }
  }

  @inlinable @inline(__always)
  mutating func expect(_ byte: UInt8, _ text: Span<UInt8>) throws(JSONFault) {
    guard position < text.count, text[position] == byte else { throw .syntax(at: position) }
    position &+= 1
  }

  @inlinable
  mutating func key(_ text: Span<UInt8>) throws(JSONFault) -> JSONString {
    let key = try string(text)
    skipBlanks(text)
    try expect(UInt8(ascii: ":"), text)
    return key
  }

  @inlinable
  mutating func skipEscape(_ text: Span<UInt8>) throws(JSONFault) {
    guard position &+ 1 < text.count else { throw .syntax(at: position) }
    switch text[position &+ 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position &+= 2
    case UInt8(ascii: "u"):
      guard JSONString.codeUnit(text, at: position &+ 2) != nil else { throw .syntax(at: position) }
      position &+= 6
    default: throw .syntax(at: position)
    }
  }

  @inlinable
  mutating func skipNumber(_ text: Span<UInt8>) throws(JSONFault) {
    if text[position] == UInt8(ascii: "-") { position &+= 1 }
    if position < text.count, text[position] == UInt8(ascii: "0") {
      position &+= 1
    } else {
      try skipDigits(text)
    }
    if position < text.count, text[position] == UInt8(ascii: ".") {
      position &+= 1
      try skipDigits(text)
    }
    if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
      position &+= 1
      if position < text.count, text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") {
        position &+= 1
      }
      try skipDigits(text)
    }
  }

  @inlinable
  mutating func skipDigits(_ text: Span<UInt8>) throws(JSONFault) {
    let start = position
    while position < text.count, text[position] &- UInt8(ascii: "0") < 10 { position &+= 1 }
    guard position > start else { throw .syntax(at: position) }
  }

  @inlinable
  mutating func skipLiteral(_ text: Span<UInt8>) throws(JSONFault) {
    let word: StaticString =
      switch text[position] {
      case UInt8(ascii: "t"): "true"
      case UInt8(ascii: "f"): "false"
      default: "null"
      }
    let length = word.utf8CodeUnitCount
    guard text.count &- position >= length else { throw .syntax(at: position) }
    for offset in 0..<length where text[position &+ offset] != word.utf8Start[offset] {
      throw .syntax(at: position)
    }
    position &+= length
  }

  @inlinable @inline(__always)
  static func set(_ levels: inout (UInt64, UInt64), _ depth: Int, to isObject: Bool) {
    let bit: UInt64 = 1 << UInt64(depth & 63)
    if depth < 64 {
      levels.0 = isObject ? levels.0 | bit : levels.0 & ~bit
    } else {
      levels.1 = isObject ? levels.1 | bit : levels.1 & ~bit
    }
  }

  @inlinable @inline(__always)
  static func isSet(_ levels: (UInt64, UInt64), _ depth: Int) -> Bool {
    (depth < 64 ? levels.0 : levels.1) >> UInt64(depth & 63) & 1 == 1
  }
}
