import OTLPMessages
import Testing

@Suite struct MetricRequestEncoderTests {
  private let encoder = MetricRequestEncoder(
    resource: [Attribute("service.name", .string("reference"))], scope: InstrumentationScope("sdk", version: "1.2"))

  @Test func `sums are read back by the scanner as they were written`() throws {
    let sums = [
      ExportedSum(
        "started", unit: "{span}",
        [
          .init(40, [Attribute("result", .string("DROP"))]),
          .init(0, [Attribute("flag", .bool(true)), Attribute("number", .int(-3))]),
        ]),
      ExportedSum("live", unit: "", isMonotonic: false, [.init(-7)]), ExportedSum("", unit: "1", []),
    ]
    let sink = try PointSink(encoder.body(sums, since: 5, at: 9), as: .protobuf)
    #expect(
      sink.points == [
        point("started", "{span}", [.init("result", .string("DROP"))], 40),
        point("started", "{span}", [.init("flag", .bool(true)), .init("number", .int(-3))], 0),
        point("live", "", [], -7, isMonotonic: false),
      ])
    #expect(sink.sources == ["reference", "sdk 1.2"])
  }

  @Test(arguments: [0, 90, 127, 128, 5000, 16_383, 16_384, 60_000])
  func `lengths of any width are right`(length: Int) throws {
    let text = String(repeating: "x", count: length)
    let sum = ExportedSum(text, unit: "1", [.init(.max, [Attribute("key", .string(text))]), .init(.min)])
    let points = try PointSink(encoder.body([sum], since: 0, at: 0), as: .protobuf).points
    #expect(points.map(\.name) == [text, text])
    #expect(points.map(\.value) == [sumValue(.max), sumValue(.min)])
  }

  private func point(
    _ name: String, _ unit: String, _ attributes: [MetricPoint.Attribute], _ value: Int64, isMonotonic: Bool = true
  ) -> MetricPoint {
    MetricPoint(
      name: name, unit: unit, attributes: attributes, start: 5, time: 9,
      value: .sum(.int(value), .cumulative, isMonotonic: isMonotonic))
  }

  private func sumValue(_ value: Int64) -> MetricPoint.Value {
    .sum(.int(value), .cumulative, isMonotonic: true)
  }
}
