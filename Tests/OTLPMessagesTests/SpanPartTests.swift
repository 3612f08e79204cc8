import OTLPMessages
import TestInputs
import Testing

@Suite struct SpanPartTests {
  /// A field that is length-delimited.
  private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
    precondition(content.count < 16_384)
    let length =
      content.count < 128
      ? [UInt8(content.count)] : [UInt8(content.count & 0x7f) | 0x80, UInt8(content.count >> 7)]
    return [number << 3 | 2] + length + content
  }

  private static func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  /// A body with one span of these bytes.
  private static func body(_ span: [UInt8]) -> [UInt8] { field(1, field(2, field(2, span))) }

  private static func attribute(_ key: String, _ value: [UInt8]) -> [UInt8] {
    field(9, text(1, key) + field(2, value))
  }

  private static let long = String(repeating: "x", count: 200)

  @Test(
    arguments: [
      ("a string", [0x0a, 1, 0x61], "string a"), ("an empty string", [0x0a, 0], "string "),
      ("a long string", text(1, long), "string \(long)"), ("true", [0x10, 1], "bool true"),
      ("any other number is true", [0x10, 0x80, 2], "bool true"), ("false", [0x10, 0], "bool false"),
      ("an int", [0x18, 0xac, 2], "int 300"), ("zero", [0x18, 0], "int 0"),
      ("the least int", [0x18] + .init(repeating: 0x80, count: 9) + [1], "int -9223372036854775808"),
      ("minus one", [0x18] + .init(repeating: 0xff, count: 9) + [1], "int -1"),
      ("a double", [0x21, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f], "double 1.5"),
      ("a long double", [0x21, 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0xbf], "double -0.1"),
      ("no number", [0x21, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f], "double nan"),
      ("bytes", [0x3a, 1, 0xff], "other /w=="), ("nothing", [], "other null"),
      ("an index into a table of profiles", [0x0a, 1, 0x61, 0x40, 1], "other null"),
      ("an array", [0x2a, 8, 0x0a, 2, 0x18, 1, 0x0a, 2, 0x10, 1], "other [1,true]"),
      ("a list", [0x32, 7, 0x0a, 5, 0x0a, 1, 0x61, 0x12, 0], #"other {"a":null}"#),
      ("the last member of several", [0x18, 1, 0x2a, 0, 0x0a, 1, 0x61], "string a"),
      ("a string behind an array, byte by byte", [0x2a, 0, 0x0a, 2, 0xc3, 0xbc], "string ü"),
      ("a number behind a string", [0x0a, 1, 0x61, 0x18, 1], "int 1"),
      ("unknown fields beside it", [0x78, 1, 0x0a, 1, 0x61, 0x7d, 1, 2, 3, 4], "string a"),
      ("a string of another wire type", [0x08, 1], "other null"),
    ] as [(String, [UInt8], String)])
  func `a watched value is read by its type`(label: String, value: [UInt8], text: String) throws {
    #expect(try PartSink.found(in: Self.body(Self.attribute("room", value))) == ["0 \(text)", "span "], "\(label)")
  }

  @Test(
    arguments: [
      ("the value first", field(9, field(2, [0x18, 1]) + text(1, "k")), ["2 int 1"]),
      ("the last of two keys", field(9, text(1, "room") + text(1, "k") + field(2, [0x18, 1])), ["2 int 1"]),
      ("no longer watched", field(9, text(1, "k") + text(1, "j") + field(2, [0x18, 1])), []),
      (
        "two values are one", field(9, text(1, "k") + field(2, [0x18, 1]) + field(2, [0x0a, 1, 0x62])), ["2 string b"]
      ),
      (
        "an array grows",
        field(9, text(1, "k") + field(2, [0x2a, 4, 0x0a, 2, 0x18, 1]) + field(2, [0x2a, 2, 0x0a, 0])),
        ["2 other [1,null]"]
      ),
      ("no value", field(9, text(1, "k")), ["2 other null"]),
      ("no key", field(9, field(2, [0x18, 1])), ["3 int 1"]), ("nothing", field(9, []), ["3 other null"]),
      (
        "unknown fields", field(9, [0x18, 5] + text(1, "k") + [0x25, 1, 2, 3, 4] + field(2, [0x10, 1])), ["2 bool true"]
      ),
      ("a key as a number", field(9, [0x08, 1] + text(1, "k") + field(2, [0x10, 1])), ["2 bool true"]),
      ("a key that differs at its begin", attribute("Messaging.message.body.size", [0x18, 1]), []),
      ("a key that differs in the middle", attribute("messaging.massage.body.size", [0x18, 1]), []),
      ("a key of several words", attribute("messaging.message.body.size", [0x18, 1]), ["1 int 1"]),
      ("each of equal keys", attribute("k", [0x18, 1]) + attribute("k", [0x18, 2]), ["2 int 1", "2 int 2"]),
      ("an attribute as a number", [0x48, 1], []),
    ] as [(String, [UInt8], [String])])
  func `an attribute is found by its key, however it is written`(label: String, span: [UInt8], found: [String]) throws {
    #expect(try PartSink.found(in: Self.body(span)) == found + ["span "], "\(label)")
  }

  @Test(
    arguments: [
      (
        "both IDs", field(13, field(1, .init(repeating: 0x11, count: 16)) + field(2, .init(repeating: 0x22, count: 8))),
        "link 11111111111111111111111111111111 2222222222222222"
      ),
      (
        "IDs of wrong lengths", field(13, field(1, [1, 2]) + field(2, [1])),
        "link 00000000000000000000000000000000 0000000000000000"
      ),
      ("nothing", field(13, []), "link 00000000000000000000000000000000 0000000000000000"),
      (
        "the last of its IDs, flags and attributes aside",
        field(
          13,
          field(2, .init(repeating: 0x33, count: 8)) + [0x35, 1, 1, 0, 0] + field(4, [0xff]) + [0x30, 1]
            + field(2, .init(repeating: 0x44, count: 8))),
        "link 00000000000000000000000000000000 4444444444444444"
      ),
      ("an event", field(11, [0x09, 1, 2, 3, 4, 5, 6, 7, 8] + text(2, "a")), "event a"),
      ("the last name of an event", field(11, text(2, "a") + field(3, [0xff]) + text(2, "b")), "event b"),
      ("an event without a name", field(11, []), "event "),
    ] as [(String, [UInt8], String)])
  func `links and events are read as far as they are watched`(label: String, span: [UInt8], found: String) throws {
    let body = Self.body(span + Self.text(5, "n"))
    #expect(try PartSink.found(in: body) == [found, "span n"], "\(label)")
    #expect(try PartSink.found(in: body, watching: WatchedParts(attributes: ["k"])) == ["span n"], "\(label)")
  }

  @Test func `what is not watched is not looked into, and what is read is read strictly`() throws {
    let parts: [(UInt8, WatchedParts)] = [
      (9, WatchedParts(attributes: ["k"])), (11, WatchedParts(events: true)), (13, WatchedParts(links: true)),
    ]
    for (number, watched) in parts {
      let body = Self.body(Self.field(number, [0xff]))
      for (other, unwatched) in parts where other != number {
        #expect(try PartSink.found(in: body, watching: unwatched) == ["span "])
      }
      #expect(throws: ScanError.truncated(at: 8)) { try PartSink.found(in: body, watching: watched) }
    }
    #expect(try PartSink.found(in: Self.body(Self.attribute("j", [0xff]))) == ["span "])
    #expect(throws: ScanError.self) { try PartSink.found(in: Self.body(Self.attribute("k", [0xff]))) }
  }

  @Test(arguments: OTLPEncoding.allCases)
  func `a value that is too deep or too large is told as such, and does not refuse the body`(encoding: OTLPEncoding)
    throws
  {
    var deep: [UInt8] = []
    for _ in 0..<60 { deep = Self.field(5, Self.field(1, deep)) }
    let large = Self.field(5, (0..<1025).flatMap { _ in Self.field(1, []) })
    let deepJSON = String(repeating: #"{"arrayValue":{"values":["#, count: 35) + String(repeating: "]}}", count: 35)
    let largeJSON = #"{"arrayValue":{"values":[\#(Array(repeating: "{}", count: 1025).joined(separator: ","))]}}"#
    for (wire, json) in [(deep, deepJSON), (large, largeJSON)] {
      let body =
        encoding == .protobuf
        ? Self.body(Self.attribute("k", wire) + Self.text(5, "n"))
        : Self.jsonBody(#""attributes":[{"key":"k","value":\#(json)}],"name":"n""#)
      #expect(
        try PartSink.found(in: body, as: encoding) == ["2 other \(WatchedParts.oversize)", "span n"],
        "\(json.prefix(40))")
    }
  }

  private static func jsonBody(_ members: String) -> [UInt8] {
    Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(members)}]}]}]}"#.utf8)
  }

  private static func jsonAttribute(_ value: String, key: String = "k") -> String {
    #""attributes":[{"key":"\#(key)","value":\#(value)}]"#
  }

  @Test(
    arguments: [
      ("a string", jsonAttribute(#"{"stringValue":"a"}"#), ["2 string a"]),
      (
        "escapes in key and value", jsonAttribute(#"{"string\u0056alue":"\u00fc\n"}"#, key: #"r\u006fom"#),
        ["0 string ü\n"]
      ),
      ("an int as text", jsonAttribute(#"{"intValue":"-9223372036854775808"}"#), ["2 int -9223372036854775808"]),
      ("an int as a number", jsonAttribute(#"{"intValue":15e1}"#), ["2 int 150"]),
      ("a truth value", jsonAttribute(#"{"boolValue":true}"#), ["2 bool true"]),
      ("a double", jsonAttribute(#"{"doubleValue":2}"#), ["2 double 2.0"]),
      ("a double as text", jsonAttribute(#"{"doubleValue":"-Infinity"}"#), ["2 double -inf"]),
      ("bytes", jsonAttribute(#"{"bytesValue":"_w"}"#), ["2 other /w=="]),
      ("an array", jsonAttribute(#"{"arrayValue":{"values":[{"intValue":1}]}}"#), ["2 other [1]"]),
      ("null", jsonAttribute("null"), ["2 other null"]), ("nothing", jsonAttribute("{}"), ["2 other null"]),
      ("an unknown member", jsonAttribute(#"{"StringValue":"a","x":[{}],"boolValue":false}"#), ["2 bool false"]),
      ("the last that is no null", jsonAttribute(#"{"intValue":1,"stringValue":"a","intValue":null}"#), ["2 string a"]),
      ("the value first", #""attributes":[{"x":{},"value":{"intValue":1},"key":"k"}]"#, ["2 int 1"]),
      (
        "the last key and value", #""attributes":[{"key":"j","value":{"a":1},"value":{"intValue":1},"key":"k"}]"#,
        ["2 int 1"]
      ),
      ("no key", #""attributes":[{"value":{"intValue":1}}]"#, ["3 int 1"]),
      ("no value", #""attributes":[{"key":"k"}]"#, ["2 other null"]),
      ("another case", #""Attributes":[{"key":"k"}],"attributes":[{"Key":"k","key":"j"}]"#, []),
      ("no attributes", #""attributes":null,"links":[],"events":null"#, []),
      ("events", #""events":[{"name":"a\t","timeUnixNano":"1"},{}]"#, ["event a\t", "event "]),
      (
        "links",
        #""links":[{"traceId":"AA000000000000000000000000000001","spanId":"00000000000000b\u0062"},{"spanId":"1"}]"#,
        [
          "link aa000000000000000000000000000001 00000000000000bb",
          "link \(String(repeating: "0", count: 32)) \(String(repeating: "0", count: 16))",
        ]
      ),
    ] as [(String, String, [String])])
  func `JSON has the same parts`(label: String, members: String, found: [String]) throws {
    #expect(try PartSink.found(in: Self.jsonBody(members), as: .json) == found + ["span "], "\(label)")
  }

  @Test(
    arguments: [
      jsonAttribute(#"{"intValue":"x"}"#), jsonAttribute(#"{"stringValue":1}"#), jsonAttribute("1"),
      jsonAttribute(#"{"boolValue":"true"}"#), jsonAttribute(#"{"intValue":9223372036854775808}"#),
      #""attributes":{}"#, #""attributes":[null]"#, #""links":[1]"#, #""events":[{"name":1}]"#,
    ])
  func `JSON of the wrong type refuses the body where it is read, and only there`(members: String) throws {
    #expect(throws: ScanError.self) { try PartSink.found(in: Self.jsonBody(members), as: .json) }
    let nothing = WatchedParts(attributes: [])
    #expect(try PartSink.found(in: Self.jsonBody(members), as: .json, watching: nothing) == ["span "])
  }

  @Test func `no more than eight keys are watched`() throws {
    let parts = WatchedParts(attributes: (0..<20).map { "k\($0)" })
    let span = (0..<20).flatMap { Self.attribute("k\($0)", [0x18, 1]) }
    #expect(try PartSink.found(in: Self.body(span), watching: parts) == (0..<8).map { "\($0) int 1" } + ["span "])
  }

  @Test func `nothing is read beyond the end of a truncated or mutated body`() throws {
    let span =
      Self.attribute("messaging.message.body.size", [0x0a, 1, 0x61])
      + Self.attribute("room", [0x2a, 4, 0x0a, 2, 0x18, 1])
      + Self.field(9, Self.field(2, [0x18, 1]) + Self.text(1, "k")) + Self.field(11, Self.text(2, "e"))
      + Self.field(13, Self.field(1, .init(repeating: 1, count: 16)) + Self.field(2, .init(repeating: 2, count: 8)))
    let members =
      #""attributes":[{"key":"k","value":{"arrayValue":{"values":[{"intValue":"1"}]}}},{"value":{"stringValue":"\u0061"},"key":"room"}],"#
      + #""links":[{"spanId":"00000000000000bb"}],"events":[{"name":"e"}]"#
    for (body, encoding) in [(Self.body(span), OTLPEncoding.protobuf), (Self.jsonBody(members), .json)] {
      let memory = try GuardedMemory(capacity: body.count * 2 + 64)
      #expect(try memory.parts(in: body[...], as: encoding).count > 4)
      for length in 1..<body.count {
        #expect(throws: ScanError.self, "\(length) bytes") {
          _ = try memory.parts(in: body[..<length], as: encoding)
        }
      }
      let seed = UInt64.random(in: 0 ... .max)
      var dice = Dice(seed: seed)
      let alphabet: [UInt8] =
        encoding == .json ? Array(#"{}[]",:\u0e-"#.utf8) + [0xff] : [0, 1, 2, 8, 0x0a, 0x12, 0x7f, 0x80, 0xff]
      for round in 0..<8000 {
        let damaged = dice.damaged(body, alphabet: alphabet)
        guard let found = try? memory.parts(in: damaged[...], as: encoding) else { continue }
        #expect(found.count <= damaged.count, "seed \(seed), round \(round)")
      }
    }
  }
}
