import OTLPMessages
import TestInputs
import Testing
import TraceContext

@Suite("The scanner of export requests in JSON")
struct TraceRequestJSONTests {
  @Test("reads a request as the specification shows them")
  func specification() throws {
    let sink = try CollectingSink(Array(ExampleBodies.traces.utf8), as: .json)
    #expect(
      sink.spans == [
        FoundSpan(
          traceID: "5b8efff798038103d269b633813fc60c", spanID: "eee19b7ec3c1b174", parentID: "eee19b7ec3c1b173",
          start: 1_544_712_660_000_000_000, end: 1_544_712_661_000_000_000, name: "I'm a server span", kind: 2,
          status: 0, flags: 0, isValid: true, service: "my.service", instance: "")
      ])
    #expect(sink.scopes == [["my.library", "1.0.0"]])
  }

  @Test("finds heads behind what they head, and unescapes names")
  func lateHeads() throws {
    let body = #"""
      {"resourceSpans": [{"scopeSpans": [
          {"spans": [{"name": "a\u00fc\n", "kind": "SPAN_KIND_CLIENT", "status": {"code": "STATUS_CODE_ERROR"}}],
           "scope": {"version": "2", "name": "s\"1"}},
          {"spans": [{"na\u006de": "b", "kind": "server", "status": null}]}],
        "schemaUrl": "x", "resource": {"attributes": [
          {"value": {"stringValue": "sv\t"}, "key": "service.name"}, {"key": "other", "value": {"arrayValue": {}}},
          {"key": "service.instance.id", "value": {"stringValue": "i"}}]}}]}
      """#
    let sink = try CollectingSink(Array(body.utf8), as: .json)
    #expect(sink.spans.map(\.name) == ["aü\n", "b"])
    #expect(sink.spans.map(\.kind) == [3, 0])
    #expect(sink.spans.map(\.status) == [2, 0])
    #expect(sink.spans.map(\.service) == ["sv\t", "sv\t"])
    #expect(sink.spans.map(\.instance) == ["i", "i"])
    #expect(sink.scopes == [["s\"1", "2"], ["", ""]])
  }

  @Test(
    "takes empty requests",
    arguments: [
      "{}", " {\n}\t", #"{"resourceSpans":[]}"#, #"{"resourceSpans":null}"#, #"{"other":[[{"a":1}]]}"#,
      #"{"resourceSpans":[{}]}"#, #"{"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]}"#,
      #"{"resource_spans":[{"scope_spans":[{"spans":[{}]}]}]}"#,
    ])
  func empty(body: String) throws {
    #expect(try CollectingSink(Array(body.utf8), as: .json).spans.isEmpty)
  }

  @Test(
    "takes a span without valid IDs for invalid, not the body for broken",
    arguments: [
      ("none", ""), ("short", #""traceId":"5b8efff798038103","spanId":"eee19b7ec3c1b174""#),
      ("no hexadecimal", #""traceId":"5b8efff798038103d269b633813fc60g","spanId":"eee19b7ec3c1b174""#),
      ("base64", #""traceId":"W47/95gDgQPSabYzgT/GDA==","spanId":"7uGbfsPBsXQ=""#),
      ("zero", #""traceId":"00000000000000000000000000000000","spanId":"eee19b7ec3c1b174""#),
      (
        "bad parent",
        #""traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"eee19b7ec3c1b17""#
      ),
      ("a control character", #""traceId":"5b8efff798038103d269b633813fc6\u00120","spanId":"eee19b7ec3c1b174""#),
      ("null", #""traceId":null,"spanId":"eee19b7ec3c1b174""#),
    ])
  func invalidIDs(label: String, members: String) throws {
    #expect(try span(members).isValid == false, "\(label)")
  }

  @Test(
    "reads identifiers of either case, escaped ones, and an empty parent",
    arguments: [
      #""traceId":"5B8EFFF798038103d269b633813fc60c","spanId":"EEE19B7EC3C1B174","parentSpanId":"""#,
      #""traceId":"\u0035b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b17\u0034","parentSpanId":null"#,
    ])
  func validIDs(members: String) throws {
    let span = try span(members)
    #expect(span.traceID == "5b8efff798038103d269b633813fc60c")
    #expect(span.spanID == "eee19b7ec3c1b174")
    #expect(span.parentID == "0000000000000000")
    #expect(span.isValid)
  }

  @Test(
    "reads 64-bit numbers as text or number",
    arguments: [
      (#""18446744073709551615""#, .max), ("18446744073709551615", .max), ("1.5e18", 1_500_000_000_000_000_000),
      (#""15E+17""#, 1_500_000_000_000_000_000), ("1000e-3", 1), ("10.0", 10), ("0", 0), ("null", 0),
      ("0e999999999999999999999", 0), (#""\u0031""#, 1), ("1234567890123456789.000", 1_234_567_890_123_456_789),
    ] as [(String, UInt64)])
  func numbers(text: String, value: UInt64) throws {
    #expect(try span("\"startTimeUnixNano\": \(text)").start == value)
  }

  @Test(
    "refuses what is no number of the field's kind",
    arguments: [
      ("startTimeUnixNano", "1.5", .wrongType(at: 0)), ("startTimeUnixNano", #""1x""#, .wrongType(at: 1)),
      ("startTimeUnixNano", #""""#, .wrongType(at: 1)), ("startTimeUnixNano", "true", .wrongType(at: 0)),
      ("startTimeUnixNano", "[]", .wrongType(at: 0)), ("startTimeUnixNano", "-0", .outOfRange(at: 0)),
      ("startTimeUnixNano", "18446744073709551616", .outOfRange(at: 0)), ("flags", "4294967296", .outOfRange(at: 0)),
      ("startTimeUnixNano", "1e999999999999", .outOfRange(at: 0)), ("startTimeUnixNano", #"" 1""#, .wrongType(at: 1)),
      ("startTimeUnixNano", "1e-999999999999", .wrongType(at: 0)), ("startTimeUnixNano", "01", .syntax(at: 1)),
      ("startTimeUnixNano", #""01""#, .wrongType(at: 1)), ("kind", "2147483648", .outOfRange(at: 0)),
      ("kind", "1.5", .wrongType(at: 0)), ("kind", "{}", .wrongType(at: 0)), ("name", "1", .wrongType(at: 0)),
      ("name", "true", .wrongType(at: 0)), ("status", "2", .wrongType(at: 0)), ("traceId", "12", .wrongType(at: 0)),
    ] as [(String, String, ScanError)])
  func wrongValues(field: String, value: String, error: ScanError) {
    let front = #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"\#(field)":"#
    #expect(throws: error.moved(by: front.utf8.count)) {
      try CollectingSink(Array("\(front)\(value)}]}]}]}".utf8), as: .json)
    }
  }

  @Test(
    "refuses what is no request",
    arguments: [
      ("", .syntax(at: 0)), ("[]", .wrongType(at: 0)), ("1", .wrongType(at: 0)), ("{", .syntax(at: 1)),
      ("{} {}", .syntax(at: 3)), (#"{"resourceSpans":[null]}"#, .wrongType(at: 18)),
      (#"{"resourceSpans":[{},]}"#, .syntax(at: 21)), (#"{"resourceSpans":{}}"#, .wrongType(at: 17)),
      (#"{"a":"# + String(repeating: "[", count: 129), .tooDeep(at: 133)),
    ] as [(String, ScanError)])
  func wrongRequests(body: String, error: ScanError) {
    #expect(throws: error) { try CollectingSink(Array(body.utf8), as: .json) }
  }

  @Test("refuses bytes that are not UTF-8")
  func invalidUTF8() {
    let body = Array(#"{"a":""#.utf8) + [0xc3, 0x28] + Array(#""}"#.utf8)
    #expect(throws: ScanError.invalidUTF8(at: 6)) { try CollectingSink(body, as: .json) }
  }

  @Test("takes the last of equal keys")
  func duplicates() throws {
    let span = try span(#""name":"a","kind":1,"name":"b","kind":null"#)
    #expect(span.name == "b")
    #expect(span.kind == 0)
  }

  @Test("reads elements before and after a head once each, and skips a head that comes again after them")
  func repeatedMembers() throws {
    func resource(_ name: String) -> String {
      #""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"\#(name)"}}]}"#
    }
    func spans(_ name: String) -> String { #""scopeSpans":[{"spans":[{"name":"\#(name)"}]}]"# }
    let members = [spans("1"), spans("2"), resource("a"), resource("b"), spans("3"), resource("c"), spans("4")]
    let body = #"{"resourceSpans":[{\#(members.joined(separator: ","))},{}]}"#
    let found = try CollectingSink(Array(body.utf8), as: .json).spans
    #expect(found.map(\.name) == ["3", "4", "1", "2"])
    #expect(found.map(\.service) == ["b", "b", "b", "b"])
  }

  @Test("refuses every truncation, and never reads beyond the end")
  func truncations() throws {
    let body = Array(ExampleBodies.traces.utf8)
    let memory = try GuardedMemory(capacity: body.count)
    for length in 0..<body.count {
      #expect(throws: ScanError.self, "\(length) bytes") { try memory.spans(in: body[..<length], as: .json) }
    }
  }

  @Test("never reads beyond the end of a mutated body")
  func mutations() throws {
    let body = Array(ExampleBodies.traces.utf8)
    let memory = try GuardedMemory(capacity: body.count * 2 + 64)
    let seed = UInt64.random(in: 0 ... .max)
    var dice = Dice(seed: seed)
    for round in 0..<5000 {
      let damaged = dice.damaged(body, alphabet: Array(#"{}[]",:\u0e-"#.utf8) + [0xff, 0xc3])
      guard let spans = try? memory.spans(in: damaged, as: .json) else { continue }
      #expect(spans.count <= damaged.count / 2, "seed \(seed), round \(round)")
    }
  }

  private func span(_ members: String) throws -> FoundSpan {
    let body = #"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(members)}]}]}]}"#
    return try #require(CollectingSink(Array(body.utf8), as: .json).spans.first)
  }
}

extension ScanError {
  /// The same fault in a body with so many bytes in front.
  func moved(by count: Int) -> ScanError {
    switch self {
    case .wrongType(let offset): .wrongType(at: offset + count)
    case .outOfRange(let offset): .outOfRange(at: offset + count)
    case .syntax(let offset): .syntax(at: offset + count)
    default: self
    }
  }
}
