import Foundation
import Observations
import Testing
import Verification

@testable import Reporting

@Suite("The JSON report")
struct JSONReportTests {
  private func object(_ report: Report) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(report.json()))
    return try #require(value as? [String: Any])
  }

  @Test("has the keys that programs read")
  func keys() throws {
    let report = try object(
      MadeUpReport.make(findings: [MadeUpReport.finding], expect: ["lost-messages == 0"]))
    #expect(Self.paths(report).sorted() == Self.golden.split(separator: "\n").map(String.init).sorted())
  }

  @Test("tells every number")
  func numbers() throws {
    let report = try object(MadeUpReport.make(findings: [MadeUpReport.finding]))
    let messages = try #require(report["messages"] as? [String: Int])
    #expect(
      messages == [
        "sent": 2001, "echoed": 2002, "lost": 2003, "withoutEcho": 2004, "droppedArrivals": 2005, "fullyJudged": 0,
      ])
    let copies = try #require(report["copies"] as? [String: Int])
    #expect(
      copies == [
        "expected": 3001, "received": 3002, "lost": 3003, "late": 3004, "duplicate": 3005, "misdelivered": 3007,
        "outOfOrder": 3008, "foreign": 3006,
      ])
    let traces = try #require(report["traces"] as? [String: Int])
    #expect(
      traces == [
        "expected": 6001, "complete": 6002, "broken": 6003, "partial": 6004, "unseen": 6005, "unsampled": 6006,
      ])
    let upgrades = try #require(report["connectionTraces"] as? [String: Int])
    #expect(
      upgrades == ["expected": 6101, "complete": 6000, "broken": 90, "incomplete": 11, "unsampled": 6103])
    #expect(report["injected"] as? [String: Int] == ["context-leak": 8001])
    #expect(report["clockSkew"] as? [String: Int] == ["least": -1_000_000, "most": 7_011_000_000])
    #expect(report["lossDoubts"] as? [String] == ["made up"])
    let times = try #require((report["times"] as? [[String: Any]])?.first)
    #expect((times["rows"] as? [[String: Any]])?.first?["slowest"] as? [Int] == [9301])
    let spans = try #require(report["spans"] as? [String: Int])
    #expect(
      spans == ["ours": 7001, "others": 7002, "repeated": 7003, "late": 7004, "forgotten": 7005, "dropped": 10])
    let echoes = try #require(report["echoes"] as? [String: Int])
    #expect(Set(echoes.keys) == Set(EchoClass.allCases.map(\.rawValue)))
    #expect(echoes["continued"] == 4001)
    #expect(echoes["stale"] == 0)
    #expect(report["seed"] as? String == "18446744073709551615")
    #expect(report["verdict"] as? String == "fail")
    let connections = try #require(report["connections"] as? [String: Any])
    #expect(connections["closeReasons"] as? [String: String] == ["1012": "back soon"])
    #expect(
      connections["compression"] as? [String: Double] == [
        "connections": 1008, "sentPlainBytes": 10_000, "sentWireBytes": 4000, "sentRatio": 0.4,
        "receivedPlainBytes": 20_000, "receivedWireBytes": 5000, "receivedRatio": 0.25,
      ])
    let latencies = try #require(report["latencies"] as? [String: [String: Double]])
    #expect(latencies["response-time"]?["count"] == 100)
    let median = try #require(latencies["response-time"]?["p50"])
    #expect(abs(median - 50_000_000) < 100_000)
  }

  @Test("survives a run in which nothing was seen, and texts that are no JSON")
  func emptyRun() throws {
    var report = try MadeUpReport.make(expect: ["p99(response-time) < 1s"]) { $0 = Tallies() }
    report.run.target = "\u{0}\"\\\u{1b}\u{2028}"
    let object = try object(report)
    #expect(object["target"] as? String == report.run.target)
    let bytes = try report.json()
    #expect(bytes.last == UInt8(ascii: "\n"))
    #expect(!bytes.dropLast().contains { $0 < 0x20 && $0 != UInt8(ascii: "\n") })
  }

  /// Every key with those above it; `[]` stands for an array's elements.
  private static func paths(_ value: Any, at path: String = "") -> [String] {
    if let object = value as? [String: Any] {
      return object.flatMap { paths($0.value, at: path.isEmpty ? $0.key : "\(path).\($0.key)") }
    }
    if let array = value as? [Any] {
      return array.isEmpty ? [path + "[]"] : Array(Set(array.flatMap { paths($0, at: path + "[]") }))
    }
    return [path]
  }

  private static let golden = """
    clockSkew.least
    clockSkew.most
    collector.bytes
    collector.decodeErrors
    collector.droppedDeliveries
    collector.duplicateSpans
    collector.filteredSpans
    collector.invalidSpans
    collector.otherSignals
    collector.overflowedNames
    collector.pushedBack
    collector.refusedRequests
    collector.requests
    collector.slowAnswers
    collector.spans
    connectionTraces.broken
    connectionTraces.complete
    connectionTraces.expected
    connectionTraces.incomplete
    connectionTraces.unsampled
    connections.closeCodes.1012
    connections.closeReasons.1012
    connections.closes.by the end of the stream, without a close frame
    connections.closes.by the server's close frame
    connections.closes.by us, at the end of the run
    connections.compression.connections
    connections.compression.receivedPlainBytes
    connections.compression.receivedRatio
    connections.compression.receivedWireBytes
    connections.compression.sentPlainBytes
    connections.compression.sentRatio
    connections.compression.sentWireBytes
    connections.failed
    connections.failures.not upgraded within the time limit
    connections.failures.upgrade refused with HTTP status 403
    connections.firstFailures.upgrade refused with HTTP status 403.address
    connections.firstFailures.upgrade refused with HTTP status 403.connection
    connections.firstFailures.upgrade refused with HTTP status 403.nanoseconds
    connections.opened
    connections.resumedTLS
    copies.duplicate
    copies.expected
    copies.foreign
    copies.late
    copies.lost
    copies.misdelivered
    copies.outOfOrder
    copies.received
    echoes.absent
    echoes.ambient
    echoes.continued
    echoes.crossed
    echoes.foreign
    echoes.malformed
    echoes.restarted
    echoes.stale
    echoes.unchanged
    expectations[].actual
    expectations[].expectation
    expectations[].outcome
    findings[].category
    findings[].count
    findings[].evidence[].actual
    findings[].evidence[].connection
    findings[].evidence[].echoes[]
    findings[].evidence[].excerpt
    findings[].evidence[].expected
    findings[].evidence[].expectedTree[]
    findings[].evidence[].message
    findings[].evidence[].sent
    findings[].evidence[].tree[]
    findings[].kind
    findings[].requirement
    findings[].source
    format
    injected.context-leak
    latencies.close-time.count
    latencies.close-time.max
    latencies.close-time.mean
    latencies.close-time.p50
    latencies.close-time.p90
    latencies.close-time.p99
    latencies.close-time.p99.9
    latencies.connect-time.count
    latencies.connect-time.max
    latencies.connect-time.mean
    latencies.connect-time.p50
    latencies.connect-time.p90
    latencies.connect-time.p99
    latencies.connect-time.p99.9
    latencies.dns-time.count
    latencies.dns-time.max
    latencies.dns-time.mean
    latencies.dns-time.p50
    latencies.dns-time.p90
    latencies.dns-time.p99
    latencies.dns-time.p99.9
    latencies.fan-out-spread.count
    latencies.fan-out-spread.max
    latencies.fan-out-spread.mean
    latencies.fan-out-spread.p50
    latencies.fan-out-spread.p90
    latencies.fan-out-spread.p99
    latencies.fan-out-spread.p99.9
    latencies.ping-time.count
    latencies.ping-time.max
    latencies.ping-time.mean
    latencies.ping-time.p50
    latencies.ping-time.p90
    latencies.ping-time.p99
    latencies.ping-time.p99.9
    latencies.proxy-time.count
    latencies.proxy-time.max
    latencies.proxy-time.mean
    latencies.proxy-time.p50
    latencies.proxy-time.p90
    latencies.proxy-time.p99
    latencies.proxy-time.p99.9
    latencies.response-time.count
    latencies.response-time.max
    latencies.response-time.mean
    latencies.response-time.p50
    latencies.response-time.p90
    latencies.response-time.p99
    latencies.response-time.p99.9
    latencies.send-lag.count
    latencies.send-lag.max
    latencies.send-lag.mean
    latencies.send-lag.p50
    latencies.send-lag.p90
    latencies.send-lag.p99
    latencies.send-lag.p99.9
    latencies.service-time.count
    latencies.service-time.max
    latencies.service-time.mean
    latencies.service-time.p50
    latencies.service-time.p90
    latencies.service-time.p99
    latencies.service-time.p99.9
    latencies.span-delay.count
    latencies.span-delay.max
    latencies.span-delay.mean
    latencies.span-delay.p50
    latencies.span-delay.p90
    latencies.span-delay.p99
    latencies.span-delay.p99.9
    latencies.tcp-time.count
    latencies.tcp-time.max
    latencies.tcp-time.mean
    latencies.tcp-time.p50
    latencies.tcp-time.p90
    latencies.tcp-time.p99
    latencies.tcp-time.p99.9
    latencies.tls-time.count
    latencies.tls-time.max
    latencies.tls-time.mean
    latencies.tls-time.p50
    latencies.tls-time.p90
    latencies.tls-time.p99
    latencies.tls-time.p99.9
    latencies.upgrade-time.count
    latencies.upgrade-time.max
    latencies.upgrade-time.mean
    latencies.upgrade-time.p50
    latencies.upgrade-time.p90
    latencies.upgrade-time.p99
    latencies.upgrade-time.p99.9
    lossDoubts[]
    messages.droppedArrivals
    messages.echoed
    messages.fullyJudged
    mostWaiting
    verifierBusy
    messages.lost
    messages.sent
    messages.withoutEcho
    reasons[]
    residentBytes
    scenario
    seconds
    seed
    spans.dropped
    spans.forgotten
    spans.late
    spans.others
    spans.ours
    spans.repeated
    target
    telemetry.balances[].beganBefore
    telemetry.balances[].dropped
    telemetry.balances[].exporter
    telemetry.balances[].live
    telemetry.balances[].received
    telemetry.balances[].sampledOut
    telemetry.balances[].started
    telemetry.balances[].unexplained
    telemetry.balances[].waiting
    telemetry.exporters[].bytes
    telemetry.exporters[].dataPoints
    telemetry.exporters[].duplicateSpans
    telemetry.exporters[].instance
    telemetry.exporters[].invalidSpans
    telemetry.exporters[].largestBatch
    telemetry.exporters[].logRecords
    telemetry.exporters[].requests
    telemetry.exporters[].scopes[].name
    telemetry.exporters[].scopes[].spans
    telemetry.exporters[].scopes[].version
    telemetry.exporters[].service
    telemetry.exporters[].showsOverflow
    telemetry.exporters[].spans
    telemetry.metrics[].exporter
    telemetry.metrics[].kind
    telemetry.metrics[].name
    telemetry.metrics[].scope
    telemetry.metrics[].unit
    telemetry.metrics[].value
    times[].messages
    times[].rows[].depth
    times[].rows[].name
    times[].rows[].p50
    times[].rows[].p99
    times[].rows[].slowest[]
    times[].slowest[]
    times[].type
    traces.broken
    traces.complete
    traces.expected
    traces.partial
    traces.unsampled
    traces.unseen
    unreadable.frames that break RFC 6455 §5.1 (close code 1002)
    unreadable.no JSON
    verdict
    version
    wasInterrupted
    """
}
