import Foundation
import OTLPMessages
import Reactor
import Synchronization
import Testing
import Timing
import TraceContext

@testable import ReferenceServer

@Suite("The span exporter")
struct SpanExporterTests {
  private func spans(_ count: Int) -> [ExportedSpan] {
    (0..<count).map {
      ExportedSpan(traceID: TraceID(high: 1, low: 1), spanID: SpanID(UInt64($0) + 1), name: "s", start: 1, end: 2)
    }
  }

  private func exporter(
    port: UInt16, _ change: (inout SpanExporter.Configuration) -> Void = { _ in }
  ) -> SpanExporter {
    var configuration = SpanExporter.Configuration(host: "127.0.0.1", port: port)
    configuration.delayMilliseconds = 1
    change(&configuration)
    return SpanExporter(configuration)
  }

  @Test(
    "counts what was taken and what was not",
    arguments: [
      ("taken", [200], 1, true), ("taken with 202", [202], 1, true), ("retried after 503", [503, 200], 2, true),
      ("retried after 429 and 502", [429, 502, 200], 3, true), ("not retried after 400", [400, 200], 1, false),
      ("not retried after 404", [404, 200], 1, false), ("not retried after 500", [500, 200], 1, false),
    ] as [(String, [Int], Int, Bool)])
  func statuses(_ label: String, statuses: [Int], requests: Int, isTaken: Bool) throws {
    let endpoint = try ScriptedEndpoint(statuses: statuses)
    defer { endpoint.stop() }
    let exporter = exporter(port: endpoint.port)
    exporter.add(spans(5), SpanCounts())
    exporter.flushAndStop()
    #expect(exporter.counts == SpanExporter.Counts(exported: isTaken ? 5 : 0, overflowed: 0, failed: isTaken ? 0 : 5))
    #expect(endpoint.requests == requests)
  }

  @Test("drops what finds its queue full, and counts it")
  func overflow() throws {
    // Nobody accepts here until the queue is full: the first batch is on its way for ever.
    let listener = try Listener(SocketAddress(host: "127.0.0.1", port: 0))
    let exporter = exporter(port: listener.port) { configuration in
      configuration.queueSize = 100
      configuration.batchSize = 10
      configuration.timeLimit = .seconds(1)
    }
    for _ in 0..<10 { exporter.add(spans(50), SpanCounts()) }
    exporter.flushAndStop()
    let counts = exporter.counts
    #expect(counts.exported == 0)
    #expect(counts.overflowed >= 300)
    #expect(counts.overflowed + counts.failed == 500)
  }

  @Test("gives up at the end where nobody listens, at once for all that waits")
  func endpointDown() throws {
    let exporter = exporter(port: 1) { configuration in
      configuration.batchSize = 1
      configuration.timeLimit = .milliseconds(200)
    }
    exporter.add(spans(1000), SpanCounts())
    exporter.flushAndStop()
    #expect(exporter.counts.failed == 1000)
  }

  @Test("splits what waits into batches and flushes all of it at the end")
  func batches() throws {
    let endpoint = try ScriptedEndpoint(statuses: [200])
    defer { endpoint.stop() }
    let exporter = exporter(port: endpoint.port) { $0.batchSize = 10 }
    exporter.add(spans(95), SpanCounts())
    exporter.flushAndStop()
    #expect(exporter.counts.exported == 95)
    #expect(endpoint.requests == 10)
  }
}
