import OTLPMessages
import Observations
import Synchronization
import Testing

@testable import OTLPCollector

@Suite("The collector, sent metrics and logs,")
struct SignalTests {
  private static let metrics = """
    {"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"chat"}}]},
    "scopeMetrics":[{"scope":{"name":"meter"},"metrics":[
    {"name":"rooms","gauge":{"dataPoints":[{"asInt":"3","timeUnixNano":"7"},{"asInt":"4","timeUnixNano":"8"}]}}]}]}]}
    """
  private static let logs = """
    {"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"chat"}},
    {"key":"service.instance.id","value":{"stringValue":"1"}}]},
    "scopeLogs":[{"logRecords":[{"severityNumber":9},{"severityNumber":10}]}]},
    {"scopeLogs":[{"logRecords":[{}]}]}]}
    """
  /// Two resources: the first with a gauge of one point, which is 3 (field 6, eight bytes) at time 7; the second broken.
  private static let point: [UInt8] = [0x19, 7, 0, 0, 0, 0, 0, 0, 0, 0x31, 3, 0, 0, 0, 0, 0, 0, 0]
  private static let wireMetrics = field(
    1, field(2, field(2, field(1, Array("rooms".utf8)) + field(5, field(1, point)))))
  private static let wireLogs = field(1, field(2, field(2, [0x10, 9]) + field(2, [0x10, 10])))

  private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
    [number << 3 | 2, UInt8(content.count)] + content
  }

  private static let json = [("content-type", "application/json")]

  private func start(_ sink: PointCollector) throws -> Collector {
    try Collector.start(metrics: sink) { _ in true }
  }

  @Test("hands data points on, from JSON and from protobuf, compressed or not")
  func points() throws {
    let sink = PointCollector()
    let collector = try start(sink)
    defer { collector.stop() }
    let connection = try ExporterConnection(port: collector.port)
    let json = Array(Self.metrics.utf8)
    let requests = [
      ExportRequest(path: "/v1/metrics", fields: Self.json, body: json),
      ExportRequest(
        path: "/v1/metrics", fields: Self.json + [("content-encoding", "gzip")], body: try compressed(json)),
      ExportRequest(path: "/v1/metrics", body: Self.wireMetrics),
    ]
    #expect(try connection.answer(to: requests[0]).message == "{}")
    #expect(try connection.answer(to: requests[1]).status == 200)
    #expect(try connection.answer(to: requests[2]).body.isEmpty)
    let call = GRPCCall(path: GRPCCall.path(.metrics), body: GRPCCall.message(Self.wireMetrics))
    #expect(try GRPCConnection(port: collector.port).answer(to: call).status == 0)
    let values = sink.points.map(\.value)
    #expect(values == [3, 4, 3, 4, 3, 3].map { MetricPoint.Value.gauge(.int($0)) })
    #expect(sink.points.allSatisfy { $0.name == "rooms" })
    #expect(sink.services == ["chat", "chat", "", ""])
    #expect(collector.counts.metricPoints == 6)
    #expect(collector.counts.otherSignals == 4)
  }

  @Test("hands nothing on of metrics that are broken at their end")
  func brokenMetrics() throws {
    let sink = PointCollector()
    let collector = try start(sink)
    defer { collector.stop() }
    let connection = try ExporterConnection(port: collector.port)
    let wire = ExportRequest(path: "/v1/metrics", body: Self.wireMetrics + [0x0a])
    let answer = try connection.answer(to: wire)
    #expect(answer.status == 400)
    #expect(answer.message.contains("ExportMetricsServiceRequest"))
    let json = ExportRequest(path: "/v1/metrics", fields: Self.json, body: Array(Self.metrics.utf8.dropLast(2)))
    #expect(try connection.answer(to: json).status == 400)
    #expect(sink.points.isEmpty)
    #expect(sink.services.isEmpty)
    #expect(collector.counts.metricPoints == 0)
    #expect(collector.counts.refusedRequests == 2)
  }

  @Test("counts log records by their exporters")
  func logs() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    let json = ExportRequest(path: "/v1/logs?x=y", fields: Self.json, body: Array(Self.logs.utf8))
    #expect(try connection.answer(to: json).message == "{}")
    let call = GRPCCall(path: GRPCCall.path(.logs), body: GRPCCall.message(Self.wireLogs))
    #expect(try GRPCConnection(port: collector.port).answer(to: call).status == 0)
    #expect(collector.counts.logRecords == ["chat/1": 2, "unknown_service": 3])
    #expect(collector.counts.otherSignals == 2)
    let broken = ExportRequest(path: "/v1/logs", body: [1, 2, 3])
    #expect(try connection.answer(to: broken).status == 400)
    #expect(collector.counts.logRecords.count == 2)
  }

  @Test("gives log records of very many exporters one name")
  func manyExporters() {
    var sum: [String: UInt64] = [:]
    for number in 0..<1000 { LogTally.add(["exporter \(number)": 1], to: &sum) }
    #expect(sum.count == 257)
    #expect(sum[LogTally.others] == 744)
    LogTally.add(["exporter 0": 1], to: &sum)
    #expect(sum["exporter 0"] == 2)
  }
}

/// Keeps every data point.
private final class PointCollector: MetricSink, Sendable {
  private let state = Mutex<(points: [MetricPoint], services: [String])>(([], []))

  var points: [MetricPoint] { state.withLock { $0.points } }
  var services: [String] { state.withLock { $0.services } }

  func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
    let name = serviceName.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    state.withLock { $0.services.append(name) }
  }

  func beginScope(name: RawSpan, version: RawSpan) {}

  func append(_ point: MetricPoint) { state.withLock { $0.points.append(point) } }
}
