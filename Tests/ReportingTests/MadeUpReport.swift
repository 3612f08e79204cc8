import Observations
import Scenarios
import Timing
import TraceContext

@testable import Reporting
@testable import Verification

/// A report in which every number differs from every other.
enum MadeUpReport {
  static func make(
    findings: [Finding] = [], expect: [String] = [], _ change: (inout Tallies) -> Void = { _ in }
  ) throws -> Report {
    var tallies = tallies
    change(&tallies)
    var measurements = Measurements()
    for nanoseconds in stride(from: Int64(1_000_000), through: 100_000_000, by: 1_000_000) {
      measurements.responseTime.record(nanoseconds: nanoseconds)
      measurements.serviceTime.record(nanoseconds: nanoseconds / 2)
    }
    measurements.sendLag.record(nanoseconds: 4242)
    measurements.connectTime.record(nanoseconds: 12_000_000_000)
    var counts = CollectorCounts()
    counts.requests = 9001
    counts.bytes = 9002
    counts.spans = 9003
    counts.invalidSpans = 9004
    counts.refusedRequests = 9005
    counts.otherSignals = 9006
    counts.slowAnswers = 9007
    let collector = CollectorBooks(counts: counts, exporters: exporters, series: series, listeningSince: 1)
    let scenario = try scenario(expect)
    let verdict = Verdict(
      findings: findings, load: scenario.load, expectations: scenario.expectations, tallies: tallies,
      measurements: measurements,
      droppedDeliveries: 0, collector: collector, proof: LossProof(doubts: ["made up"]),
      skew: ClockSkew(least: -1_000_000, most: 7_011_000_000), timeSplits: [times], shortestWait: .max)
    return Report(
      run: RunDescription(
        scenario: "made-up", target: "ws://127.0.0.1:8000/ws/chat/{group}/?…", seed: .max, version: "0.0.1",
        wasInterrupted: false, connections: 7777, seconds: 12.34, residentBytes: 123_456_789,
        start: Instant(nanoseconds: 1_000_000_000), addresses: ["127.0.0.1:8000", "[::1]:8001"],
        injected: ["context-leak": 8001], verifierBusy: 0.415, mostWaiting: 9401),
      verdict: verdict, collector: collector, droppedDeliveries: 0)
  }

  private static let times = TimeSplitSummary(
    type: "chat", messages: 9300, slowest: ["12345678-00-00000009"],
    rows: [TimeSplitSummary.Row(name: "response time", depth: 0, nanoseconds: [9100, 9200, 9301])])

  private static let exporters: [ExporterBooks] = {
    var books = ExporterBooks(service: "chat", instance: "1")
    books.spans = 9100
    books.scopes = [ScopeBooks(name: "lib", version: "2")]
    return [books]
  }()

  private static let series = [
    MetricSeries(
      exporter: 0, scope: "sdk", name: "otel.sdk.span.started", unit: "{span}", attributes: [:], start: 2, time: 3,
      reading: .sum(.int(9100), isMonotonic: true))
  ]

  private static func scenario(_ expectations: [String]) throws -> Scenario {
    let yaml = """
      name: made-up
      target: { url: "ws://127.0.0.1:8000/" }
      load:
        connections: 1
        connect-rate: 1/s
        phases: [{ name: steady, for: 1s, rate: 1/s }]
      messages:
        ping:
          body: { type: ping }
          trace: fresh

      """
    let expect = expectations.isEmpty ? "" : "expect:\n" + expectations.map { "  - \($0)\n" }.joined()
    return try Scenario(yaml: yaml + expect, file: "made-up.yaml")
  }

  private static var tallies: Tallies {
    var tallies = Tallies()
    tallies.opened = 1001
    tallies.resumed = 1008
    tallies.failures = [.refusedUpgrade(status: 403): 1002, .timedOut(.upgrade): 1003]
    tallies.firstFailures = [
      .refusedUpgrade(status: 403): Tallies.FirstFailure(
        connection: 1010, address: 1, at: Instant(nanoseconds: 3_345_000_000))
    ]
    tallies.closes = [.server: 1004, .streamEnded: 1005, .ours: 1006]
    tallies.closeCodes = [1012: 1007]
    tallies.closeReasons = [1012: "back soon"]
    tallies.compression.connections = 1008
    tallies.compression.sentPlainBytes = 10_000
    tallies.compression.sentWireBytes = 4000
    tallies.compression.receivedPlainBytes = 20_000
    tallies.compression.receivedWireBytes = 5000
    tallies.messagesSent = 2001
    tallies.messagesEchoed = 2002
    tallies.messagesLost = 2003
    tallies.messagesWithoutEcho = 2004
    tallies.droppedArrivals = 2005
    tallies.copiesExpected = 3001
    tallies.copiesReceived = 3002
    tallies.copiesLost = 3003
    tallies.copiesLate = 3004
    tallies.copiesDuplicate = 3005
    tallies.foreignEchoes = 3006
    tallies.copiesMisdelivered = 3007
    tallies.copiesOutOfOrder = 3008
    tallies.classes = [.continued: 4001, .crossed: 4002, .absent: 4003]
    tallies.wrongContexts = 8005
    tallies.unreadable = [.invalidJSON: 5001, .protocolError(section: StaticSection(5, 1), code: 1002): 5002]
    tallies.tracesExpected = 6001
    tallies.tracesComplete = 6002
    tallies.tracesBroken = 6003
    tallies.tracesPartial = 6004
    tallies.tracesUnseen = 6005
    tallies.tracesUnsampled = 6006
    tallies.connectionTracesExpected = 6101
    tallies.connectionTracesComplete = 6000
    tallies.connectionTracesBroken = 90
    tallies.connectionTracesUnsampled = 6103
    tallies.spansOfOurs = 7001
    tallies.spansOfOthers = 7002
    tallies.spansDuplicate = 7003
    tallies.spansLate = 7004
    tallies.spansForgotten = 7005
    tallies.spansDropped = 10
    return tallies
  }

  static let finding = Finding(
    kind: .crossedContext, count: 8001,
    evidence: [
      Evidence(
        connection: 8002, message: "12345678-00-00000001", sent: "00-sent", expected: "what was expected",
        actual: "what was seen", echoes: ["an echo"], tree: ["a tree"], expectedTree: ["a wanted tree"],
        excerpt: "an excerpt")
    ])
}
