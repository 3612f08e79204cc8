import Foundation
import JSONText
import TestInputs
import Testing

@Suite struct JSONScannerTests {
  @Test(arguments: [
    ("an object", "{}"), ("an object with blanks", " \t\r\n{ \t\r\n} \t\r\n"), ("an array", "[]"),
    ("a list", "[1, 2 ,3]"),
    ("members", #"{"a":1,"b":[{"c":null}],"":{}}"#), ("a key twice", #"{"a":1,"a":2}"#), ("a string alone", #""""#),
    ("every escape", #""\"\\\/\b\f\n\r\t\u0000\uFFFF\uabCD""#), ("a surrogate pair", #""\ud83d\ude00""#),
    ("a lone high surrogate", #""\ud83d""#), ("a lone low surrogate", #""\ude00""#), ("UTF-8", "\"é€😀\""),
    ("DEL and NEL in a string", "\"\u{7f}\u{85}\""), ("true", "true"), ("false", " false "), ("null", "null"),
    ("0", "0"),
    ("-0", "-0"), ("a number of each part", "-12.340e+56"), ("an exponent without sign", "1E5"), ("0e0", "0e0"),
    ("0.0", "0.0"), ("a negative exponent", "9e-9"), ("many digits", String(repeating: "9", count: 1000)),
    ("an exponent that no Double has", "1e999999"), ("128 arrays", nested("[", 128, "]")),
    ("128 objects", nested(#"{"a":"#, 127, "}", around: "{}")),
  ])
  func theTextIsAccepted(label: String, text: String) throws {
    try Self.scan(Array(text.utf8))
  }

  @Test(
    arguments: [
      ("nothing", "", .syntax(at: 0)), ("blanks", "  ", .syntax(at: 2)),
      ("another value behind", "{} {}", .syntax(at: 3)),
      ("a comma behind", "1,", .syntax(at: 1)), ("a leading comma", "[,1]", .syntax(at: 1)),
      ("a trailing comma in an array", "[1,]", .syntax(at: 3)), ("two commas", "[1,,2]", .syntax(at: 3)),
      ("a trailing comma in an object", #"{"a":1,}"#, .syntax(at: 7)), ("a comma alone", "{,}", .syntax(at: 1)),
      ("no comma in an array", "[1 2]", .syntax(at: 3)), ("no comma in an object", #"{"a":1 "b":2}"#, .syntax(at: 7)),
      ("no colon", #"{"a" 1}"#, .syntax(at: 5)), ("a key that is no string", "{a:1}", .syntax(at: 1)),
      ("a number as a key", "{1:1}", .syntax(at: 1)), ("no value", #"{"a":}"#, .syntax(at: 5)),
      ("an array closed as an object", "[1}", .syntax(at: 2)),
      ("an object closed as an array", #"{"a":1]"#, .syntax(at: 6)),
      ("a closing bracket alone", "]", .syntax(at: 0)), ("an open array", "[", .syntax(at: 1)),
      ("an open object", "{", .syntax(at: 1)),
      ("an open string", #""abc"#, .syntax(at: 4)), ("single quotes", "'a'", .syntax(at: 0)),
      ("a newline in a string", "\"a\nb\"", .syntax(at: 2)), ("a tab in a string", "\"\t\"", .syntax(at: 1)),
      ("a NUL in a string", "\"\0\"", .syntax(at: 1)), ("an unknown escape", #""\x41""#, .syntax(at: 1)),
      ("an escaped quote mark of C", #""\'""#, .syntax(at: 1)), ("an escape at the end", #""\"#, .syntax(at: 1)),
      ("three digits", #""\u123""#, .syntax(at: 1)), ("a letter among the digits", #""\u12g4""#, .syntax(at: 1)),
      ("a plus sign among the digits", #""\u+123""#, .syntax(at: 1)),
      ("an escape that the end cuts off", #""\u12"#, .syntax(at: 1)),
      ("a leading zero", "01", .syntax(at: 1)), ("two zeros", "00", .syntax(at: 1)),
      ("a negative leading zero", "-01", .syntax(at: 2)),
      ("a plus sign", "+1", .syntax(at: 0)), ("a minus sign alone", "-", .syntax(at: 1)),
      ("a minus sign and a word", "-a", .syntax(at: 1)),
      ("no digits before the point", ".5", .syntax(at: 0)), ("no digits behind the point", "1.", .syntax(at: 2)),
      ("an exponent without digits", "1e", .syntax(at: 2)), ("an exponent with a sign only", "1e+", .syntax(at: 3)),
      ("hexadecimal", "0x10", .syntax(at: 1)), ("NaN", "NaN", .syntax(at: 0)), ("Infinity", "Infinity", .syntax(at: 0)),
      ("-Infinity", "-Infinity", .syntax(at: 1)), ("a word that is cut off", "tru", .syntax(at: 0)),
      ("another word", "nul1", .syntax(at: 0)),
      ("a capital word", "True", .syntax(at: 0)), ("a word that goes on", "truex", .syntax(at: 4)),
      ("a comment", "/**/1", .syntax(at: 0)),
      ("a byte order mark", "\u{feff}{}", .syntax(at: 0)), ("a vertical tab", "\u{b}1", .syntax(at: 0)),
      ("a no-break space", "\u{a0}1", .syntax(at: 0)), ("129 arrays", nested("[", 129, "]"), .tooDeep(at: 128)),
      ("129 objects", nested(#"{"a":"#, 128, "}", around: "{}"), .tooDeep(at: 640)),
      ("a million arrays", String(repeating: "[", count: 1_000_000), .tooDeep(at: 128)),
    ] as [(String, String, JSONFault)])
  func theTextIsRefused(label: String, text: String, fault: JSONFault) {
    #expect(throws: fault) { try Self.scan(Array(text.utf8)) }
  }

  @Test func levelsBehindDeepOnesAreNotConfused() throws {
    // Two objects behind each array, so that levels 64 apart differ: one word holds 64 of them.
    for depth in [2, 62, 63, 64, 65, 66, 126] {
      let open = (0..<depth).map { $0 % 3 == 0 ? "[" : #"{"k":"# }.joined()
      let close = (0..<depth).reversed().map { $0 % 3 == 0 ? "]" : "}" }.joined()
      try Self.scan(Array((open + "1" + close).utf8))
      let swapped = (0..<depth).reversed().map { $0 % 3 == 0 ? "}" : "]" }.joined()
      #expect(throws: JSONFault.syntax(at: open.utf8.count + 1)) { try Self.scan(Array((open + "1" + swapped).utf8)) }
    }
  }

  @Test func everyTruncationIsRefused() {
    let text = Array(Self.rich.utf8)
    for count in 0..<text.count {
      #expect(throws: JSONFault.self, "\(count) bytes") { try Self.scan(Array(text[..<count])) }
    }
  }

  /// Both parsers are strict about the grammar, but for what `isFoundationsOwn` lists.
  @Test(arguments: [11, 12, 13, 14] as [UInt64])
  func damagedTextIsJudgedAsFoundationJudgesIt(seed: UInt64) {
    var dice = Dice(seed: seed)
    let alphabet = Array(#"{}[]",:\ue+-.01 t"#.utf8)
    let texts = Self.small.map { Array($0.utf8) }
    for round in 0..<25_000 {
      let bytes = dice.damaged(dice.pick(texts), alphabet: alphabet)
      // The scanner is asked about UTF-8 only, and a byte order mark is Foundation's business.
      let isText = String(validating: bytes, as: UTF8.self) != nil
      let isAccepted = (try? Self.scan(bytes)) != nil
      guard isText, !bytes.starts(with: [0xef, 0xbb, 0xbf]), !Self.isFoundationsOwn(bytes) else { continue }
      let isJSON = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
      if isAccepted != isJSON {
        Issue.record("seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self)) is JSON: \(isJSON)")
      }
    }
  }

  @Test(arguments: [21, 22] as [UInt64])
  func damagedTextOfAnyBytesIsScannedWithoutATrap(seed: UInt64) {
    var dice = Dice(seed: seed)
    let rich = Array(Self.rich.utf8)
    for _ in 0..<2_000 {
      let bytes = dice.damaged(rich, alphabet: Array(#"{}[]",:\ue+-.01"#.utf8))
      for start in [0, dice.below(bytes.count + 2)] { Self.visit(bytes, from: start) }
    }
  }

  @Test func theMembersOfAnObjectAreStepped() throws {
    let text = Array(#" { "a" : 1 , "b\n" : [2] , "" : {"x":3} } "#.utf8)
    var scanner = JSONScanner()
    #expect(try scanner.peek(text.span) == .object)
    var keys: [String] = []
    var kinds: [JSONKind] = []
    var key = try scanner.enterObject(text.span)
    while let found = key {
      keys.append(String(decoding: found.unescaped(text.span), as: UTF8.self))
      kinds.append(try scanner.peek(text.span))
      try scanner.skipValue(text.span)
      key = try scanner.nextKey(text.span)
    }
    try scanner.expectEnd(text.span)
    #expect(keys == ["a", "b\n", ""])
    #expect(kinds == [.number, .array, .object])
  }

  @Test(
    arguments: [
      ("an object", " {", .object), ("an array", "\t[", .array), ("a string", "\n\"", .string),
      ("a digit", "\r7", .number),
      ("a minus sign", "-", .number), ("true", "t", .literal), ("false", "f", .literal), ("null", "n", .literal),
    ] as [(String, String, JSONKind)])
  func theFirstByteTellsTheKind(label: String, text: String, kind: JSONKind) throws {
    var scanner = JSONScanner()
    let bytes = Array(text.utf8)
    #expect(try scanner.peek(bytes.span) == kind)
  }

  // MARK: Texts

  static let rich = #"""
    {"trace_context": {"traceparent": "00-12345678901234567890123456789012-1234567890123456-01", "tracestate": ""},
     "text": "a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00 é😀", "numbers": [0, -0, 1.5e+10, -2E-3, 10, {}], "deep": [[[{"a": [null]}]]],
     "flags": {"on": true, "off": false}, "": []}
    """#

  private static let small = [
    #"{"a":[1,-0.5e+1,true],"b":"x\n\u0041"}"#, #"[{"type":"chat","message":"m-é"},null,[]]"#, #""\ud83d\ude00 text""#,
    "-12.5E+3", #"{"traceparent":"00-12","o":{"p":{}}}"#, rich,
  ]

  /// Where Foundation leaves RFC 8259: it refuses lone surrogates and numbers that do not fit its types, and takes a
  /// comma before a closing bracket.
  private static func isFoundationsOwn(_ bytes: [UInt8]) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    if text.range(of: #"\\u[dD][89a-fA-F]"#, options: .regularExpression) != nil { return true }
    if text.range(of: #",[ \t\r\n]*[}\]]"#, options: .regularExpression) != nil { return true }
    if text.range(of: "[0-9.]{17}", options: .regularExpression) != nil { return true }
    return text.range(of: "[eE][-+]?[0-9]{3}", options: .regularExpression) != nil
  }

  private static func nested(_ open: String, _ depth: Int, _ close: String, around core: String = "") -> String {
    String(repeating: open, count: depth) + core + String(repeating: close, count: depth)
  }

  private static func scan(_ text: [UInt8]) throws(JSONFault) {
    var scanner = JSONScanner()
    try scanner.skipValue(text.span)
    try scanner.expectEnd(text.span)
  }

  /// Uses the whole interface from some place of the text; only a trap would be a failure.
  private static func visit(_ text: [UInt8], from start: Int) {
    var scanner = JSONScanner(at: start)
    do throws(JSONFault) {
      guard try scanner.peek(text.span) == .object else {
        try scanner.skipValue(text.span)
        return
      }
      var key = try scanner.enterObject(text.span)
      while let found = key {
        _ = found.unescaped(text.span)
        _ = found.equals([], in: text.span)
        if try scanner.peek(text.span) == .string {
          _ = try scanner.string(text.span).unescaped(text.span)
        } else {
          try scanner.skipValue(text.span)
        }
        key = try scanner.nextKey(text.span)
      }
    } catch {
      return
    }
  }
}
