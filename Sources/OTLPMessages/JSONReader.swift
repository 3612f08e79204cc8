import JSONText

/// Reads OTLP's JSON in place: a scanner that knows which kind of value a field has to have.
///
/// A null stands for a field that is missing, wherever the JSON mapping of Protocol Buffers allows it: everywhere but
/// as an element of an array. The text has been found to be UTF-8.
struct JSONReader {
  private var scanner = JSONScanner()

  /// The next byte to look at.
  var position: Int { scanner.position }

  @inline(__always)
  private mutating func peek(_ text: Span<UInt8>) throws(ScanError) -> JSONKind {
    do throws(JSONFault) { return try scanner.peek(text) } catch { throw ScanError(error) }
  }

  @inline(__always)
  mutating func skipValue(_ text: Span<UInt8>) throws(ScanError) {
    do throws(JSONFault) { try scanner.skipValue(text) } catch { throw ScanError(error) }
  }

  /// Steps over a null, or refuses the literals that are none.
  private mutating func skipNull(_ text: Span<UInt8>) throws(ScanError) {
    let start = position
    guard text[start] == UInt8(ascii: "n") else { throw .wrongType(at: start) }
    try skipValue(text)
  }

  /// Steps over a null; false, and not a step, where something else begins.
  mutating func takeNull(_ text: Span<UInt8>) throws(ScanError) -> Bool {
    guard nextByte(text) == UInt8(ascii: "n") else { return false }
    try skipValue(text)
    return true
  }

  /// Makes sure that nothing but blanks follows.
  mutating func expectEnd(_ text: Span<UInt8>) throws(ScanError) {
    do throws(JSONFault) { try scanner.expectEnd(text) } catch { throw ScanError(error) }
  }

  /// Steps into an object and returns its first key; nil where there is none, or a null.
  @inline(__always)
  mutating func enterObject(_ text: Span<UInt8>) throws(ScanError) -> JSONString? {
    switch try peek(text) {
    case .object:
      do throws(JSONFault) { return try scanner.enterObject(text) } catch { throw ScanError(error) }
    case .literal:
      try skipNull(text)
      return nil
    case .array, .string, .number: throw .wrongType(at: position)
    }
  }

  /// Steps from the end of a member's value to the next key; nil past the object's end.
  @inline(__always)
  mutating func nextKey(_ text: Span<UInt8>) throws(ScanError) -> JSONString? {
    do throws(JSONFault) { return try scanner.nextKey(text) } catch { throw ScanError(error) }
  }

  /// Steps into an array. Returns whether an element begins there; false where it is empty, or a null.
  mutating func enterArray(_ text: Span<UInt8>) throws(ScanError) -> Bool {
    switch try peek(text) {
    case .array: break
    case .literal:
      try skipNull(text)
      return false
    case .object, .string, .number: throw .wrongType(at: position)
    }
    scanner.position &+= 1
    if nextByte(text) == UInt8(ascii: "]") {
      scanner.position &+= 1
      return false
    }
    try expectElement(text)
    return true
  }

  /// Steps from the end of an element to the next. Returns false past the array's end.
  mutating func nextElement(_ text: Span<UInt8>) throws(ScanError) -> Bool {
    switch nextByte(text) {
    case UInt8(ascii: ","):
      scanner.position &+= 1
      try expectElement(text)
      return true
    case UInt8(ascii: "]"):
      scanner.position &+= 1
      return false
    default: throw .syntax(at: position)
    }
  }

  /// An array has no missing elements.
  private mutating func expectElement(_ text: Span<UInt8>) throws(ScanError) {
    if nextByte(text) == UInt8(ascii: "n") { throw .wrongType(at: position) }
  }

  /// The next byte that is no blank, without stepping over it; nil at the end.
  private mutating func nextByte(_ text: Span<UInt8>) -> UInt8? {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0a, 0x0d: scanner.position &+= 1
      case let byte: return byte
      }
    }
    return nil
  }

  /// Reads a string; nil for a null.
  @inline(__always)
  mutating func string(_ text: Span<UInt8>) throws(ScanError) -> JSONString? {
    switch try peek(text) {
    case .string:
      do throws(JSONFault) { return try scanner.string(text) } catch { throw ScanError(error) }
    case .literal:
      try skipNull(text)
      return nil
    case .object, .array, .number: throw .wrongType(at: position)
    }
  }

  /// Reads true or false; false for a null.
  mutating func bool(_ text: Span<UInt8>) throws(ScanError) -> Bool {
    guard case .literal = try peek(text) else { throw .wrongType(at: position) }
    let isTrue = text[position] == UInt8(ascii: "t")
    try skipValue(text)
    return isTrue
  }

  /// Reads a string or a number; nil for a null.
  @inline(__always)
  mutating func scalar(_ text: Span<UInt8>) throws(ScanError) -> JSONScalar? {
    switch try peek(text) {
    case .string: return try string(text).map(JSONScalar.string)
    case .number:
      let start = position
      try skipValue(text)
      return .number(start..<position)
    case .literal:
      try skipNull(text)
      return nil
    case .object, .array: throw .wrongType(at: position)
    }
  }
}

/// A value that fields of several kinds may have, and where it stands.
enum JSONScalar {
  case string(JSONString)
  case number(Range<Int>)

  var start: Int {
    switch self {
    case .string(let string): string.start
    case .number(let range): range.lowerBound
    }
  }
}

extension JSONString {
  /// Whether a key is this field's name; only one with an escape allocates for it.
  @inline(__always)
  func equals(_ name: StaticString, _ text: Span<UInt8>) -> Bool {
    if isEscaped { return equalsUnescaped(name, text) }
    let length = end &- start
    guard length == name.utf8CodeUnitCount, start >= 0, end <= text.count else { return false }
    let bytes = text.bytes
    for offset in 0..<length
    where bytes.unsafeLoad(fromByteOffset: start &+ offset, as: UInt8.self) != name.utf8Start[offset] {
      return false
    }
    return true
  }

  @inline(never)
  private func equalsUnescaped(_ name: StaticString, _ text: Span<UInt8>) -> Bool {
    let bytes = unescaped(text)
    guard bytes.count == name.utf8CodeUnitCount else { return false }
    for (offset, byte) in bytes.enumerated() where byte != name.utf8Start[offset] { return false }
    return true
  }
}
