import OTLPMessages
import Testing

/// Where we differ from swift-protobuf on purpose; `Comparison` lets nothing else pass.
@Suite("Our scanners, unlike swift-protobuf,")
struct KnownDifferencesTests {
  @Test("refuse groups, which no version of OTLP has")
  func groups() {
    let body: [UInt8] = [0x93, 0x01, 0x94, 0x01]
    #expect(throws: ScanError.group(at: 2)) { try [Found](scanning: body, as: .protobuf, of: .traces) }
    #expect(Comparison(body, as: .protobuf, of: .traces) == .knownDifference)
  }

  @Test("refuse attributes of metrics that are nested deeper than 32 arrays", arguments: OTLPEncoding.allCases)
  func depth(encoding: OTLPEncoding) throws {
    for (depth, isTaken) in [(32, true), (33, false)] {
      let body = encoding == .json ? Self.nestedJSON(depth) : Self.nestedWire(depth)
      let found = try? [Found](scanning: body, as: encoding, of: .metrics)
      #expect((found != nil) == isTaken, "\(depth)")
      #expect(Comparison(body, as: encoding, of: .metrics) == (isTaken ? .same : .knownDifference), "\(depth)")
    }
  }

  @Test(
    "take JSON that it refuses",
    arguments: [
      ("half of a surrogate pair, as U+FFFD", #"{"name":"\ud800"}"#, "\u{fffd}"),
      (
        "a whole number beyond 2^53 with a fraction, exactly",
        #"{"name":"a","startTimeUnixNano":18446744073709551615.0}"#, "a"
      ), ("a number too large for a Double, unread", #"{"name":"a","unknown":1e999}"#, "a"),
    ])
  func taken(label: String, span: String, name: String) throws {
    let body = Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[\#(span)]}]}]}"#.utf8)
    guard case .span(_, let found, _)? = try [Found](scanning: body, as: .json, of: .traces).last else {
      Issue.record("no span found")
      return
    }
    #expect(String(decoding: found, as: UTF8.self) == name, "\(label)")
    #expect(Comparison(body, as: .json, of: .traces) == .knownDifference, "\(label)")
  }

  @Test(
    "take the last of several members of a oneof in JSON, and escapes in base64",
    arguments: [
      (#""asDouble":1,"asInt":2"#, .gauge(.int(2)), nil),
      (
        #""attributes":[{"value":{"bytesValue":"\u0041A=="}}]"#, .gauge(nil),
        MetricPoint.Attribute("", .rendered("AA=="))
      ),
    ] as [(String, MetricPoint.Value, MetricPoint.Attribute?)])
  func lastMember(members: String, value: MetricPoint.Value, attribute: MetricPoint.Attribute?) throws {
    let body = Array(
      #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{\#(members)}]}}]}]}]}"#.utf8)
    guard case .point(let point)? = try [Found](scanning: body, as: .json, of: .metrics).last else {
      Issue.record("no point found")
      return
    }
    #expect(point.value == value)
    #expect(point.attributes.first == attribute)
    #expect(Comparison(body, as: .json, of: .metrics) == .knownDifference)
  }

  @Test(
    "refuse a fraction that it rounds away, and a blank behind base64",
    arguments: [#""count":1844674407370955161.5"#, #""attributes":[{"value":{"bytesValue":"AAE "}}]"#])
  func refused(members: String) {
    let body = Array(
      #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{\#(members)}]}}]}]}]}"#.utf8)
    let thrown = #expect(throws: ScanError.self) { try [Found](scanning: body, as: .json, of: .metrics) }
    guard case .wrongType? = thrown else {
      Issue.record("\(String(describing: thrown))")
      return
    }
    #expect(Comparison(body, as: .json, of: .metrics) == .knownDifference)
  }

  @Test(
    "keep to JSON's grammar also where they skip",
    arguments: [
      ("a control character", Array("{\"x\":\"\u{1}\"}".utf8), .syntax(at: 6)),
      ("an escape that does not exist", Array(#"{"x":"\x"}"#.utf8), .syntax(at: 6)),
      ("no UTF-8", Array("{\"x\":\"".utf8) + [0xff] + Array("\"}".utf8), .invalidUTF8(at: 6)),
    ] as [(String, [UInt8], ScanError)])
  func grammar(label: String, body: [UInt8], error: ScanError) {
    #expect(throws: error, "\(label)") { try [Found](scanning: body, as: .json, of: .traces) }
    #expect(Comparison(body, as: .json, of: .traces) == .knownDifference, "\(label)")
  }

  private static func nestedJSON(_ depth: Int) -> [UInt8] {
    let value =
      String(repeating: #"{"arrayValue":{"values":["#, count: depth) + "{}"
      + String(repeating: "]}}", count: depth)
    return Array(
      (#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":["#
        + #"{"attributes":[{"value":\#(value)}]}]}}]}]}]}"#).utf8)
  }

  private static func nestedWire(_ depth: Int) -> [UInt8] {
    var value: [UInt8] = []
    for _ in 0..<depth { value = delimited(0x2a, delimited(0x0a, value)) }
    // From the value of an attribute up: key-value, point, gauge, metric, scope, resource.
    return [0x12, 0x3a, 0x0a, 0x2a, 0x12, 0x12, 0x0a].reduce(value) { delimited($1, $0) }
  }

  private static func delimited(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    let length = content.count
    return [tag] + (length < 128 ? [UInt8(length)] : [UInt8(length % 128) | 0x80, UInt8(length / 128)]) + content
  }
}
