/// Where a string stands in JSON text: the bytes between its quotes.
package struct JSONString: Hashable, Sendable {
  package var start: Int
  package var end: Int
  /// Whether a backslash is among the bytes, so that they are not the string itself.
  package var isEscaped: Bool

  @inlinable package init(start: Int, end: Int, isEscaped: Bool) {
    self.start = start
    self.end = end
    self.isEscaped = isEscaped
  }

  @inlinable package var count: Int { end &- start }

  /// Whether the string is `expected`, after unescaping.
  @inlinable
  package func equals(_ expected: Span<UInt8>, in text: Span<UInt8>) -> Bool {
    guard isEscaped else { return Self.equal(text.extracting(start..<end), expected) }
    let bytes = unescaped(text)
    return Self.equal(bytes.span, expected)
  }

  @inlinable
  package func equals(_ expected: [UInt8], in text: Span<UInt8>) -> Bool { equals(expected.span, in: text) }

  /// Eight bytes at a time.
  @inlinable
  static func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    let count = left.count
    guard count == right.count else { return false }
    let (left, right) = (left.bytes, right.bytes)
    var offset = 0
    while offset <= count &- 8 {
      guard
        left.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
          == right.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      else { return false }
      offset &+= 8
    }
    while offset < count {
      guard
        left.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
          == right.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      else { return false }
      offset &+= 1
    }
    return true
  }

  /// The string's UTF-8 bytes. A lone surrogate becomes U+FFFD.
  @inlinable
  package func unescaped(_ text: Span<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    var index = start
    while index < end {
      let byte = text[index]
      guard byte == UInt8(ascii: "\\"), index &+ 1 < end else {
        bytes.append(byte)
        index &+= 1
        continue
      }
      switch text[index &+ 1] {
      case UInt8(ascii: "b"): bytes.append(0x08)
      case UInt8(ascii: "f"): bytes.append(0x0c)
      case UInt8(ascii: "n"): bytes.append(0x0a)
      case UInt8(ascii: "r"): bytes.append(0x0d)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "u"):
        let (scalar, length) = Self.scalar(text, at: index)
        bytes.append(contentsOf: Array(String(Character(scalar)).utf8))
        index &+= length
        continue
      case let other: bytes.append(other)
      }
      index &+= 2
    }
    return bytes
  }

  /// The scalar of the `\u` escape at `index`, joined with the low surrogate behind it; and the bytes that it takes.
  @inlinable
  static func scalar(_ text: Span<UInt8>, at index: Int) -> (Unicode.Scalar, length: Int) {
    guard let first = codeUnit(text, at: index &+ 2) else { return ("\u{fffd}", 2) }
    if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
    let isHigh = (0xd800...0xdbff).contains(first)
    if isHigh, index &+ 12 <= text.count, text[index &+ 6] == UInt8(ascii: "\\"),
      text[index &+ 7] == UInt8(ascii: "u"), let second = codeUnit(text, at: index &+ 8),
      (0xdc00...0xdfff).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    {
      return (scalar, 12)
    }
    return ("\u{fffd}", 6)
  }

  /// The value of four hexadecimal digits of either case at `index`, or nil.
  @inlinable
  static func codeUnit(_ text: Span<UInt8>, at index: Int) -> UInt32? {
    guard index >= 0, text.count &- index >= 4 else { return nil }
    var value: UInt32 = 0
    for offset in 0..<4 {
      let byte = text[index &+ offset]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte &- UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte &- UInt8(ascii: "a") &+ 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte &- UInt8(ascii: "A") &+ 10
      default: return nil
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}
