/// The decimal digits of a whole number, without an allocation.
struct DecimalText {
  /// The digits end with it.
  private(set) var bytes = InlineArray<20, UInt8>(repeating: 0)
  private(set) var start = 20

  var range: Range<Int> { start..<20 }

  init(_ number: Int64) {
    var rest = number.magnitude
    repeat {
      start &-= 1
      bytes[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    guard number < 0 else { return }
    start &-= 1
    bytes[start] = UInt8(ascii: "-")
  }
}
