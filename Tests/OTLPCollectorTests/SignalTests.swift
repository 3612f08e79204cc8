import OTLPMessages
import Observations
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

  @Test("keeps the latest data point of each series, from JSON and from protobuf, compressed or not")
  func points() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
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
    let books = collector.books
    #expect(books.series.map(\.name) == ["rooms", "rooms"])
    #expect(books.series.map(\.reading) == [.gauge(.int(4)), .gauge(.int(3))])
    #expect(books.series.map(\.scope) == ["meter", ""])
    #expect(books.exporters.map(\.name) == ["chat", "unknown_service"])
    #expect(books.exporters.map(\.dataPoints) == [4, 2])
    #expect(books.counts.dataPoints == 6)
    #expect(books.counts.otherSignals == 4)
  }

  @Test("keeps nothing of metrics that are broken at their end")
  func brokenMetrics() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    let wire = ExportRequest(path: "/v1/metrics", body: Self.wireMetrics + [0x0a])
    let answer = try connection.answer(to: wire)
    #expect(answer.status == 400)
    #expect(answer.message.contains("ExportMetricsServiceRequest"))
    let json = ExportRequest(path: "/v1/metrics", fields: Self.json, body: Array(Self.metrics.utf8.dropLast(2)))
    #expect(try connection.answer(to: json).status == 400)
    #expect(collector.books.series.isEmpty)
    #expect(collector.counts.dataPoints == 0)
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
    #expect(collector.books.exporters.map(\.name) == ["chat/1", "unknown_service"])
    #expect(collector.books.exporters.map(\.logRecords) == [2, 3])
    #expect(collector.counts.otherSignals == 2)
    let broken = ExportRequest(path: "/v1/logs", body: [1, 2, 3])
    #expect(try connection.answer(to: broken).status == 400)
    #expect(collector.counts.logRecords == 5)
  }
}
