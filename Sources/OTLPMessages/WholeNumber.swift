/// A whole number that JSON has as decimal text, read without a detour over floating point.
struct WholeNumber {
  private var isNegative = false
  private var magnitude: UInt64
  /// Where it stands in the body.
  var start: Int

  var value: Int128 { isNegative ? 0 - Int128(magnitude) : Int128(magnitude) }

  /// Nil where there is a minus; even zero has none where the field has no sign.
  var unsigned: UInt64? { isNegative ? nil : magnitude }

  /// Bytes of the longest number that anyone means.
  static let longestText = 1024

  /// Digits alone, as nearly all are; nil where there is something else, nothing, or more than 19 of them.
  @inline(__always)
  init?(digits text: Span<UInt8>, _ range: Range<Int>) {
    guard range.count > 0, range.count <= 19, range.lowerBound >= 0, range.upperBound <= text.count else { return nil }
    let bytes = text.bytes
    var value: UInt64 = 0
    for index in range {
      let digit = bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      // 19 digits stay below 2⁶⁴.
      value = value &* 10 &+ UInt64(digit)
    }
    // A leading zero is no JSON; whoever checks the grammar refuses it.
    guard range.count == 1 || text[range.lowerBound] != UInt8(ascii: "0") else { return nil }
    magnitude = value
    start = range.lowerBound
  }

  /// Any JSON number whose value is whole, such as 1.5e18.
  ///
  /// - Parameter range: one number by JSON's grammar.
  /// - Throws: `.wrongType` where the value is not whole, `.outOfRange` where it exceeds 64 bits.
  init(_ text: Span<UInt8>, _ range: Range<Int>, at offset: Int) throws(ScanError) {
    start = offset
    magnitude = 0
    // The value is the digits without their trailing zeros, times ten to the power of `scale`.
    var scale = 0
    var zeros = 0
    var isFraction = false
    var index = range.lowerBound
    if text[index] == UInt8(ascii: "-") {
      isNegative = true
      index += 1
    }
    while index < range.upperBound, text[index] | 0x20 != UInt8(ascii: "e") {
      let byte = text[index]
      index += 1
      if byte == UInt8(ascii: ".") {
        isFraction = true
        continue
      }
      if isFraction { scale -= 1 }
      if byte == UInt8(ascii: "0") {
        zeros += 1
      } else {
        for _ in 0..<zeros where magnitude != 0 { try shift(at: offset) }
        try shift(adding: byte &- UInt8(ascii: "0"), at: offset)
        zeros = 0
      }
    }
    guard magnitude != 0 else { return }
    scale += zeros + Self.exponent(text, index..<range.upperBound)
    guard scale >= 0 else { throw .wrongType(at: offset) }
    for _ in 0..<scale { try shift(at: offset) }
  }

  private mutating func shift(adding digit: UInt8 = 0, at offset: Int) throws(ScanError) {
    let (product, overflows) = magnitude.multipliedReportingOverflow(by: 10)
    let (sum, exceeds) = product.addingReportingOverflow(UInt64(digit))
    guard !overflows, !exceeds else { throw .outOfRange(at: offset) }
    magnitude = sum
  }

  /// The exponent behind the digits, 0 without one; one beyond any body's length counts as 2⁴⁰.
  private static func exponent(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
    var value = 0
    var isNegative = false
    for index in range {
      switch text[index] {
      case UInt8(ascii: "-"): isNegative = true
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        value = min(value * 10 + Int(text[index] &- UInt8(ascii: "0")), 1 << 40)
      default: break
      }
    }
    return isNegative ? -value : value
  }
}
