import OTLPMessages
import Testing

@Suite("The scanner of metrics")
struct MetricRequestScannerTests {
  private static let time: UInt64 = 1_544_712_660_300_000_000

  @Test("reads a JSON request as the specification shows them")
  func specification() throws {
    let sink = try PointSink(Array(ExampleBodies.metrics.utf8), as: .json)
    let totals = MetricPoint.Totals(count: 2, sum: 2, min: 0, max: 2)
    let exponential = MetricPoint.ExponentialHistogram(
      .init(count: 3, sum: 10, min: 0, max: 5), scale: 0, zeroCount: 1, zeroThreshold: 0,
      positive: .init(offset: 1, counts: [0, 2]), negative: .init())
    #expect(
      sink.points == [
        point("my.counter", start: Self.time, .sum(.double(5), .delta, isMonotonic: true)),
        point("my.gauge", start: 0, .gauge(.double(10))),
        point(
          "my.histogram", start: Self.time, .histogram(.init(totals, bounds: [1], bucketCounts: [1, 1]), .delta)),
        point("my.exponential.histogram", start: Self.time, .exponentialHistogram(exponential, .delta)),
      ])
    #expect(sink.sources == ["my.service", "my.library 1.0.0"])
  }

  private func point(_ name: String, start: UInt64, _ value: MetricPoint.Value) -> MetricPoint {
    MetricPoint(
      name: name, unit: "1", attributes: [.init("\(name).attr", .string("some value"))], start: start,
      time: Self.time, value: value)
  }

  @Test("finds a name and a temporality behind the points, in either encoding")
  func lateNames() throws {
    let json = #"""
      {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"sum": {"dataPoints": [{"asInt": "-7", "flags": 1}],
        "isMonotonic": true, "aggregationTemporality": "AGGREGATION_TEMPORALITY_CUMULATIVE"}, "unit": "s",
        "name": "late"}]}]}]}
      """#
    let number: [UInt8] = [0x31, 0xf9] + .init(repeating: 0xff, count: 7) + [0x40, 0x01]
    let sum: [UInt8] = [0x0a, UInt8(number.count)] + number + [0x18, 0x01, 0x10, 0x02]
    let metric = [0x3a, UInt8(sum.count)] + sum + [0x1a, 0x01, 0x73, 0x0a, 0x04] + Array("late".utf8)
    let expected = MetricPoint(
      name: "late", unit: "s", start: 0, time: 0, hasNoRecordedValue: true,
      value: .sum(.int(-7), .cumulative, isMonotonic: true))
    #expect(try PointSink(Array(json.utf8), as: .json).points == [expected])
    #expect(try PointSink(wireRequest(metric), as: .protobuf).points == [expected])
  }

  @Test("sorts attributes by key and renders arrays, lists and bytes the same from either encoding")
  func attributes() throws {
    let json = #"""
      {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"gauge": {"dataPoints": [{"attributes": [
        {"key": "d", "value": {"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "\"a\""}, {}, {"doubleValue": "NaN"}]}}},
        {"key": "b", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"bytesValue": "-_8"}}]}}},
        {"key": "c", "value": {"doubleValue": "Infinity"}}, {"key": "a", "value": {"boolValue": true}}]}]}}]}]}]}
      """#
    func attribute(_ key: String, _ value: [UInt8]) -> [UInt8] {
      delimited(0x3a, delimited(0x0a, Array(key.utf8)) + delimited(0x12, value))
    }
    let nan: [UInt8] = [0x21, 0, 0, 0, 0, 0, 1, 0xf8, 0xff]
    let array = [[0x18, 1], delimited(0x0a, Array("\"a\"".utf8)), [], nan].flatMap { delimited(0x0a, $0) }
    let list = delimited(0x0a, delimited(0x0a, [0x6b]) + delimited(0x12, delimited(0x3a, [0xfb, 0xff])))
    let point =
      attribute("d", delimited(0x2a, array)) + attribute("b", delimited(0x32, list))
      + attribute("c", [0x21, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f]) + attribute("a", [0x10, 1])
    let expected: [MetricPoint.Attribute] = [
      .init("a", .bool(true)), .init("b", .rendered(#"{"k":"+/8="}"#)), .init("c", .double(.infinity)),
      .init("d", .rendered(#"[1,"\"a\"",null,"NaN"]"#)),
    ]
    #expect(try PointSink(Array(json.utf8), as: .json).points.map(\.attributes) == [expected])
    let body = wireRequest(delimited(0x2a, delimited(0x0a, point)))
    #expect(try PointSink(body, as: .protobuf).points.map(\.attributes) == [expected])
  }

  @Test(
    "refuses what would take memory out of proportion, and takes as much as its bounds say",
    arguments: MetricLimit.allCases)
  func bounds(limit: MetricLimit) throws {
    func point(_ count: Int) -> [UInt8] {
      switch limit {
      case .attributesPerPoint: Array([[UInt8]](repeating: [0x4a, 0], count: count).joined())
      case .bucketsPerPoint: delimited(0x32, .init(repeating: 0, count: 8 * count))
      case .textBytes: delimited(0x4a, delimited(0x0a, .init(repeating: 0x78, count: count)))
      case .valuesPerAttribute:
        delimited(
          0x4a, delimited(0x12, delimited(0x2a, Array([[UInt8]](repeating: [0x0a, 0], count: count).joined()))))
      }
    }
    func request(_ count: Int) -> [UInt8] { wireRequest(delimited(0x4a, delimited(0x0a, point(count)))) }
    #expect(try PointSink(request(limit.rawValue), as: .protobuf).points.count == 1)
    let error = #expect(throws: ScanError.self) { try PointSink(request(limit.rawValue + 1), as: .protobuf) }
    guard case .tooLarge(limit, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("holds JSON to the same bounds", arguments: MetricLimit.allCases)
  func jsonBounds(limit: MetricLimit) throws {
    func members(_ count: Int) -> String {
      let zeros = [String](repeating: "0", count: count).joined(separator: ",")
      let empty = [String](repeating: "{}", count: count).joined(separator: ",")
      return switch limit {
      case .attributesPerPoint: #""attributes":[\#(empty)]"#
      case .bucketsPerPoint: #""bucketCounts":[\#(zeros)]"#
      case .textBytes: #""attributes":[{"key":"\#(String(repeating: "x", count: count))"}]"#
      case .valuesPerAttribute: #""attributes":[{"value":{"arrayValue":{"values":[\#(empty)]}}}]"#
      }
    }
    func request(_ count: Int) -> [UInt8] {
      let point = #"{"histogram":{"dataPoints":[{\#(members(count))}]}}"#
      return Array(#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[\#(point)]}]}]}"#.utf8)
    }
    #expect(try PointSink(request(limit.rawValue), as: .json).points.count == 1)
    let error = #expect(throws: ScanError.self) { try PointSink(request(limit.rawValue + 1), as: .json) }
    guard case .tooLarge(limit, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  private func wireRequest(_ metric: [UInt8]) -> [UInt8] {
    delimited(0x0a, delimited(0x12, delimited(0x12, metric)))
  }
}

/// A length-delimited field with a one-byte tag.
private func delimited(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
  var bytes = [tag]
  var length = content.count
  while length >= 128 {
    bytes.append(UInt8(length % 128) | 0x80)
    length /= 128
  }
  return bytes + [UInt8(length)] + content
}

/// Keeps every point, and where they came from.
struct PointSink: MetricSink {
  private(set) var points: [MetricPoint] = []
  /// Services and scopes in the order of the body.
  private(set) var sources: [String] = []

  init(_ body: [UInt8], as encoding: OTLPEncoding) throws(ScanError) {
    try MetricRequestScanner.scan(body.span.bytes, as: encoding, into: &self)
  }

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) { sources.append(text(serviceName)) }
  mutating func beginScope(name: RawSpan, version: RawSpan) { sources.append("\(text(name)) \(text(version))") }
  mutating func append(_ point: MetricPoint) { points.append(point) }

  private func text(_ bytes: RawSpan) -> String { bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}
