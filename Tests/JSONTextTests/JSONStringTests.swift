import JSONText
import Testing

@Suite struct JSONStringTests {
  @Test(arguments: [
    ("nothing", #""""#, "", false), ("plain text", #""abc""#, "abc", false), ("UTF-8", #""é€😀""#, "é€😀", false),
    ("every short escape", #""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t", true),
    ("a code unit in capitals", #""\u00E9""#, "é", true),
    ("EN-15: digits as escapes", #""\u0030\u0030-12""#, "00-12", true),
    ("NUL", #""a\u0000b""#, "a\0b", true), ("a surrogate pair", #""\uD83D\ude00!""#, "😀!", true),
    ("the lowest pair", #""\ud800\udc00""#, "\u{10000}", true),
    ("the highest pair", #""\udbff\udfff""#, "\u{10ffff}", true),
    ("a lone high surrogate", #""a\ud83db""#, "a\u{fffd}b", true),
    ("a lone low surrogate", #""\ude00""#, "\u{fffd}", true),
    ("a pair the wrong way round", #""\ude00\ud83d""#, "\u{fffd}\u{fffd}", true),
    ("two high surrogates and a low one", #""\ud83d\ud83d\ude00""#, "\u{fffd}😀", true),
    ("a high surrogate and another escape", #""\ud83d\n""#, "\u{fffd}\n", true),
    ("a high surrogate and a letter's code unit", #""\ud83d\u0041""#, "\u{fffd}A", true),
    ("a high surrogate at the end", #""\ud83d""#, "\u{fffd}", true),
  ])
  func theStringIsUnescaped(label: String, text: String, expected: String, isEscaped: Bool) throws {
    let bytes = Array(text.utf8)
    var scanner = JSONScanner()
    let string = try scanner.string(bytes.span)
    #expect(scanner.position == bytes.count)
    #expect(string.isEscaped == isEscaped)
    #expect(string.count == bytes.count - 2)
    let unescaped = string.unescaped(bytes.span)
    #expect(unescaped == Array(expected.utf8))
    let isEqual = string.equals(Array(expected.utf8), in: bytes.span)
    let isEqualToMore = string.equals(Array(expected.utf8) + [0x21], in: bytes.span)
    let isEqualToOther = string.equals(Array("?\(expected)".utf8.dropLast()), in: bytes.span)
    #expect(isEqual)
    #expect(!isEqualToMore)
    #expect(isEqualToOther == expected.isEmpty)
  }

  @Test func everyCodeUnitIsReadAsFourDigits() throws {
    for value in stride(from: 0, through: 0xffff, by: 7) {
      let digits = String(value, radix: 16)
      let bytes = Array("\"\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)\"".utf8)
      var scanner = JSONScanner()
      let unescaped = try scanner.string(bytes.span).unescaped(bytes.span)
      let expected = Unicode.Scalar(UInt32(value)) ?? "\u{fffd}"
      if unescaped != Array(String(expected).utf8) { Issue.record("code unit \(value)") }
    }
  }
}
