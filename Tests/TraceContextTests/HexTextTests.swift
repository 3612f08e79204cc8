import TestInputs
import Testing
import TraceContext

@Suite struct HexTextTests {
  private static let digits = "0123456789abcdef".utf8

  @Test func aDigitIsReadExactlyWhereItIsOne() {
    for byte in UInt8.min...UInt8.max {
      let expected = Self.digits.firstIndex(of: byte).map {
        UInt8(Self.digits.distance(from: Self.digits.startIndex, to: $0))
      }
      #expect(HexText.nibble(byte) == expected, "byte \(byte)")
    }
  }

  @Test func everyByteAtEveryPlaceOfSixteenDigitsIsJudgedExactly() {
    let text = Array("0123456789abcdef".utf8)
    for place in 0..<16 {
      for byte in UInt8.min...UInt8.max {
        var changed = text
        changed[place] = byte
        let expected = UInt64(String(decoding: changed, as: UTF8.self), radix: 16)
        let isAllowed = Self.digits.contains(byte)
        #expect(Self.value(changed, at: 0) == (isAllowed ? expected : nil), "byte \(byte) at \(place)")
      }
    }
  }

  @Test func everyPairOfBytesIsJudgedExactly() {
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        let isAllowed = Self.digits.contains(first) && Self.digits.contains(second)
        let value = Self.byte([first, second], at: 0)
        if (value != nil) != isAllowed { Issue.record("bytes \(first), \(second)") }
      }
    }
  }

  @Test(arguments: [1, 2] as [UInt64])
  func whatIsWrittenIsReadAgain(seed: UInt64) {
    var dice = Dice(seed: seed)
    for value in [0, 1, .max, 1 << 63] + (0..<2000).map({ _ in dice.next() }) {
      let text = HexText.string(value)
      let plain = String(value, radix: 16)
      #expect(text == String(repeating: "0", count: 16 - plain.count) + plain)
      #expect(Self.value(Array(text.utf8), at: 0) == value)
    }
  }

  @Test(
    arguments: [
      ("before the text", -1, nil), ("at its beginning", 0, 0x0123_4567_89ab_cdef),
      ("at its end", 1, 0x1234_5678_9abc_def0),
      ("one byte too late", 2, nil), ("far behind it", .max, nil), ("far before it", .min, nil),
    ] as [(String, Int, UInt64?)])
  func anOffsetOutsideOfTheTextHasNoValue(label: String, offset: Int, value: UInt64?) {
    let text = Array("0123456789abcdef0".utf8)
    #expect(Self.value(text, at: offset) == value)
    if value == nil { #expect(Self.byte(text, at: offset < 0 ? offset : max(offset, 16)) == nil) }
  }

  @Test func aTextThatIsTooShortHasNoValue() {
    #expect(Self.value([], at: 0) == nil)
    #expect(Self.byte([UInt8(ascii: "1")], at: 0) == nil)
  }

  private static func value(_ text: [UInt8], at offset: Int) -> UInt64? { HexText.value(text.span.bytes, at: offset) }
  private static func byte(_ text: [UInt8], at offset: Int) -> UInt8? { HexText.byte(text.span.bytes, at: offset) }
}
