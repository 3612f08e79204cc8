import JSONText
import Planning
import Scenarios
import Testing
import TraceContext

@Suite struct MessageTemplateTests {
  private static let zeros = #"{"traceparent":"00-00000000000000000000000000000000-0000000000000000-01"}"#
  private static let id = "00000000-00-00000000"

  @Test(arguments: [
    ("behind the body", "/trace_context", "{ type: chat }", #"{"type":"chat","trace_context":\#(zeros)}"#),
    ("in an empty body", "/t", "{}", #"{"t":\#(zeros)}"#),
    ("on a path that is missing", "/a/b/c", "{ x: 1 }", #"{"x":1,"a":{"b":{"c":\#(zeros)}}}"#),
    (
      "inside of an object that is there", "/meta/trace", "{ meta: { a: 1 }, x: [] }",
      #"{"meta":{"a":1,"trace":\#(zeros)},"x":[]}"#
    ),
    (
      "two levels inside", "/a/b/t", "{ a: { b: { c: null }, d: true } }",
      #"{"a":{"b":{"c":null,"t":\#(zeros)},"d":true}}"#
    ),
    ("under a key with a slash and a tilde", "/a~1b~0c", "{}", #"{"a/b~c":\#(zeros)}"#),
    ("under a key that is escaped", "\"/a\\\"b\"", "{}", #"{"a\"b":\#(zeros)}"#),
    (
      "every value", "/t", "{ a: -1.5e+3, b: [true, false, null, {}], c: \"\" }",
      #"{"a":-1.5e+3,"b":[true,false,null,{}],"c":"","t":\#(zeros)}"#
    ),
    ("escapes", "/t", #"{ a: "\"\\\n\t\x01/é😀" }"#, #"{"a":"\"\\\u000a\u0009\u0001/é😀","t":\#(zeros)}"#),
    (
      "NUL, and what once stood for a traceparent", "/t", #"{ a: "\0traceparent" }"#,
      #"{"a":"\u0000traceparent","t":\#(zeros)}"#
    ),
    (
      "message ids", "/t", #"{ a: "{{ message.id }}", b: ["m-{{ message.id }}!"] }"#,
      #"{"a":"\#(id)","b":["m-\#(id)!"],"t":\#(zeros)}"#
    ),
  ])
  func theTextHoldsTheCarrier(label: String, pointer: String, body: String, expected: String) throws {
    let plan = try Plan(scenario: scenario(at: pointer, messages: "m: { body: \(body) }"), seed: 3)
    let template = plan.templates[0]
    #expect(String(decoding: template.payload, as: UTF8.self) == expected)

    var scanner = JSONScanner()
    try scanner.skipValue(template.payload.span)
    try scanner.expectEnd(template.payload.span)

    let offset = try #require(template.traceIDOffset)
    #expect(
      String(decoding: template.payload[(offset - 3)..<(offset + 52)], as: UTF8.self)
        == Self.zeros.dropFirst(16).dropLast(2))
    for offset in template.messageIDOffsets {
      #expect(
        String(decoding: template.payload[offset..<offset + IdentityPermutation.textLength], as: UTF8.self) == Self.id)
    }
    #expect(template.messageIDOffsets.count == expected.ranges(of: Self.id).count)
  }

  @Test(arguments: [(0, 0), (3, 7), (255, .max)] as [(UInt32, UInt32)])
  func theTextOfAMessageHasItsIDs(shard: UInt32, sequence: UInt32) throws {
    let messages = "m: { body: { id: \"{{ message.id }}\", again: \"é-{{ message.id }}\" } }"
    let plan = try Plan(scenario: scenario(messages: messages), seed: 4)
    let message = MessageIdentity(shard: shard, sequence: sequence)
    let traceID = plan.identities.traceID(of: message)
    let traceparent = Traceparent(traceID: traceID, parentID: plan.identities.spanID(in: traceID), flags: .sampled)
    let id = plan.identities.text(of: message)
    #expect(
      plan.templates[0].text(of: message, connection: 0, in: plan.identities)
        == #"{"id":"\#(id)","again":"é-\#(id)","trace_context":{"traceparent":"\#(traceparent)"}}"#)
  }

  @Test func eachMessageTypeHasItsTemplate() throws {
    let plan = try Plan(scenario: scenario(messages: "a: { body: { t: a } }, b: { body: { t: b } }"), seed: 1)
    #expect(
      plan.templates.map { String(decoding: $0.payload.prefix(8), as: UTF8.self) } == [#"{"t":"a""#, #"{"t":"b""#])
  }

  @Test(
    arguments: [
      ("the least", "/t", "{}", "92B", 92), ("behind the carrier", "/t", "{ a: 1 }", "1KiB", 1024),
      ("inside of an object with the carrier", "/a/t", "{ a: { b: \"é\" } }", "128B", 128),
      ("a message id", "/t", "{ id: \"{{ message.id }}\" }", "1MiB", 1 << 20),
    ] as [(String, String, String, String, Int)])
  func aMessageIsPaddedToItsSize(label: String, pointer: String, body: String, size: String, bytes: Int) throws {
    let plan = try Plan(scenario: scenario(at: pointer, messages: "m: { body: \(body), size: \(size) }"), seed: 3)
    let plain = try Plan(scenario: scenario(at: pointer, messages: "m: { body: \(body) }"), seed: 3).templates[0]
    let template = plan.templates[0]
    #expect(template.payload.count == bytes)
    let begin = Array(plain.payload.dropLast()) + Array(#","padding":""#.utf8)
    let end = Array(#""}"#.utf8)
    // Compared by hand: a failure would print megabytes.
    let isPadded =
      template.payload.starts(with: begin) && template.payload.suffix(2).elementsEqual(end)
      && template.payload.dropFirst(begin.count).dropLast(2).allSatisfy { $0 == UInt8(ascii: "x") }
    #expect(isPadded)
    #expect(template.traceIDOffset == plain.traceIDOffset)
    #expect(template.messageIDOffsets == plain.messageIDOffsets)
    #expect(
      template.text(of: MessageIdentity(shard: 1, sequence: 2), connection: 0, in: plan.identities).utf8.count == bytes)
  }

  @Test(
    arguments: [
      ("all of it", 86, "{\"é\":1", 0), ("one byte less", 85, "{\"é\":1", 1), ("a character whole", 4, "{\"é", 82),
      ("no character in two", 3, "{\"", 84), ("nothing", 0, "", 86),
    ] as [(String, Int, String, Int)])
  func theBeginningOfAMessageIsCutBetweenCharacters(label: String, limit: Int, prefix: String, leftOut: Int) throws {
    let plan = try Plan(scenario: scenario(at: "/t", messages: "m: { body: { é: 1 } }"), seed: 3)
    let message = MessageIdentity(shard: 0, sequence: 1)
    let (text, bytesLeftOut) = plan.templates[0].beginning(
      of: message, connection: 0, in: plan.identities, limit: limit)
    #expect(bytesLeftOut == leftOut)
    #expect(text.hasPrefix(prefix))
    #expect(plan.templates[0].text(of: message, connection: 0, in: plan.identities).hasPrefix(text))
    #expect(text.utf8.count + bytesLeftOut == plan.templates[0].payload.count)
  }
}
