import JSONText

extension JSONReader {
  /// Reads a whole number of 64 bits, as decimal text or as a number; 0 for a null.
  mutating func uint64(_ text: Span<UInt8>) throws(ScanError) -> UInt64 {
    guard let number = try whole(text) else { return 0 }
    guard let value = number.unsigned else { throw .outOfRange(at: number.start) }
    return value
  }

  /// As `uint64`, with a sign.
  mutating func int64(_ text: Span<UInt8>) throws(ScanError) -> Int64 {
    guard let number = try whole(text) else { return 0 }
    guard let value = Int64(exactly: number.value) else { throw .outOfRange(at: number.start) }
    return value
  }

  mutating func uint32(_ text: Span<UInt8>) throws(ScanError) -> UInt32 {
    guard let number = try whole(text) else { return 0 }
    guard let value = number.unsigned.flatMap(UInt32.init(exactly:)) else { throw .outOfRange(at: number.start) }
    return value
  }

  mutating func int32(_ text: Span<UInt8>) throws(ScanError) -> Int32 {
    guard let number = try whole(text) else { return 0 }
    guard let value = Int32(exactly: number.value) else { throw .outOfRange(at: number.start) }
    return value
  }

  /// Reads a number, or one of the texts "NaN", "Infinity" and "-Infinity", or a number as text; 0 for a null.
  mutating func double(_ text: Span<UInt8>) throws(ScanError) -> Double {
    guard let scalar = try scalar(text) else { return 0 }
    guard case .string(let string) = scalar else { return try Self.double(text, scalar.range, at: scalar.start) }
    if string.equals("NaN", text) { return .nan }
    if string.equals("Infinity", text) { return .infinity }
    if string.equals("-Infinity", text) { return -.infinity }
    guard !string.isEscaped, Self.isNumber(text, scalar.range) else { throw .wrongType(at: string.start) }
    return try Self.double(text, scalar.range, at: string.start)
  }

  /// Reads an enumeration's number, 0 where it has no name or is null.
  ///
  /// OTLP allows integers only, but exporters in the wild send names as well; an unknown one counts as 0, too.
  ///
  /// - Parameter names: those of the numbers from 0 on.
  mutating func enumeration(_ text: Span<UInt8>, _ names: [StaticString]) throws(ScanError) -> UInt8 {
    switch try scalar(text) {
    case nil: return 0
    case .string(let name): return UInt8(truncatingIfNeeded: names.firstIndex { name.equals($0, text) } ?? 0)
    case .number(let range):
      let number = try Self.whole(text, range, at: range.lowerBound)
      guard let value = Int32(exactly: number.value) else { throw .outOfRange(at: range.lowerBound) }
      return names.indices.contains(Int(value)) ? UInt8(truncatingIfNeeded: value) : 0
    }
  }

  /// Reads a whole number, as text or as a number; nil for a null.
  @inline(__always)
  private mutating func whole(_ text: Span<UInt8>) throws(ScanError) -> WholeNumber? {
    guard let scalar = try scalar(text) else { return nil }
    guard case .string(let string) = scalar else { return try Self.whole(text, scalar.range, at: scalar.start) }
    // Nobody escapes a digit, but one may.
    if string.isEscaped {
      let bytes = string.unescaped(text)
      guard Self.isNumber(bytes.span, 0..<bytes.count) else { throw .wrongType(at: string.start) }
      return try Self.whole(bytes.span, 0..<bytes.count, at: string.start)
    }
    if let digits = WholeNumber(digits: text, scalar.range) { return digits }
    guard Self.isNumber(text, scalar.range) else { throw .wrongType(at: string.start) }
    return try Self.whole(text, scalar.range, at: string.start)
  }

  /// Whether the bytes of `range` are one JSON number and nothing else.
  private static func isNumber(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var scanner = JSONScanner(at: range.lowerBound)
    guard case .number? = try? scanner.peek(text), scanner.position == range.lowerBound,
      (try? scanner.skipValue(text)) != nil
    else { return false }
    return scanner.position == range.upperBound
  }

  private static func whole(
    _ text: Span<UInt8>, _ range: Range<Int>, at offset: Int
  ) throws(ScanError) -> WholeNumber {
    if let digits = WholeNumber(digits: text, range) { return digits }
    return try WholeNumber(text, range, at: offset)
  }

  private static func double(_ text: Span<UInt8>, _ range: Range<Int>, at offset: Int) throws(ScanError) -> Double {
    guard range.count <= WholeNumber.longestText else { throw .outOfRange(at: offset) }
    let digits = text.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    guard let value = Double(digits) else { throw .wrongType(at: offset) }
    guard value.isFinite else { throw .outOfRange(at: offset) }
    return value
  }
}

extension JSONScalar {
  /// The bytes of the number, or between the quotes.
  fileprivate var range: Range<Int> {
    switch self {
    case .string(let string): string.start..<string.end
    case .number(let range): range
    }
  }
}
