import Foundation
import Observations
import Reporting
import Testing
import Verification

@Suite("The report of what was collected")
struct CollectionReportTests {
  static let books: CollectorBooks = {
    var counts = CollectorCounts()
    counts.requests = 11
    counts.duplicateSpans = 12
    counts.pushedBack = 13
    counts.slowAnswers = 14
    counts.filteredSpans = 15
    counts.forwarded = 16
    counts.forwardFailed = 17
    counts.forwardFailure = "refused"
    var chat = ExporterBooks(service: "chat", instance: "1")
    chat.spans = 90
    chat.duplicateSpans = 8
    chat.dataPoints = 3
    chat.logRecords = 4
    var scope = ScopeBooks(name: "chat.consumers", version: "1.0")
    scope.spans = 90
    chat.scopes = [scope]
    for number in 0..<12 { chat.queue.add(batch: 512, age: Int64(number) * 1_000_000_000) }
    func series(_ name: String, _ reading: MetricReading) -> MetricSeries {
      MetricSeries(
        exporter: 0, scope: "meter", name: name, unit: "1", attributes: ["room": "a\u{1b}[2J"], start: 5, time: 6,
        reading: reading)
    }
    let totals = HistogramTotals(count: 7, sum: 3.5, min: 0.25, max: 1)
    return CollectorBooks(
      counts: counts, exporters: [chat],
      series: [
        series("otel.sdk.span.started", .sum(.int(100), isMonotonic: true)), series("load", .gauge(.double(.nan))),
        series("time", .histogram(HistogramReading(totals, bounds: [1, .infinity], counts: [6, 1, 0]))),
        series(
          "size",
          .exponentialHistogram(
            ExponentialReading(
              totals, scale: 2, zeroCount: 1, positive: .init(offset: 3, counts: [6]),
              negative: .init(offset: 0, counts: [])))),
        series("old", .summary(count: 9, sum: 2)), series("bytes", .sum(.int(.max), isMonotonic: true)),
        series("level", .gauge(.double(-0.5))),
      ], droppedPoints: 0, listeningSince: 1)
  }()

  private func report(findings: [InvariantFinding] = []) -> CollectionReport {
    var traces = TraceBook.Counts()
    traces.spans = 98
    traces.traces = 25
    traces.settledTraces = 25
    traces.cutTraces = 2
    return CollectionReport(seconds: 1.25, books: Self.books, traces: traces, findings: findings)
  }

  private static let finding = InvariantFinding(
    invariant: .orphanSpan, count: 3,
    evidence: [InvariantEvidence(traceID: "0af7", detail: "a span", tree: ["0af7", "  a tree"])])

  @Test("tells people what came from whom, what is missing, and what is wrong")
  func text() {
    let text = report(findings: [Self.finding]).text
    for part in [
      "Collected 98 spans of 25 traces", "2 cut for want of memory", "13 pushed back", "12 spans again by retries",
      "14 slow answers", "15 spans of other services", "16 requests, 17 failed (refused)",
      "chat/1: 90 spans", "8 again by retries", "3 data points", "4 log records", "chat.consumers 1.0 90",
      "its queue was probably full: 12 batches of 512",
      "100 started = 90 received + 0 dropped + 0 sampled out + 10 unexplained",
      "otel.sdk.span.started {room=a", "7 measurements, sum 3.500, min 0.250, max 1.000",
      "Violation orphan-span × 3", "| 0af7",
    ] { #expect(text.contains(part), "\(part)") }
    #expect(!text.contains("\u{1b}"))
    #expect(report().text.contains("No violation"))
  }

  @Test("tells programs the same, and nothing that JSON can't hold")
  func json() throws {
    let document = try #require(
      try JSONSerialization.jsonObject(with: Data(report(findings: [Self.finding]).json())) as? [String: Any])
    let telemetry = try #require(document["telemetry"] as? [String: Any])
    let balance = try #require((telemetry["balances"] as? [[String: Any]])?.first)
    #expect(balance["unexplained"] as? Int == 10)
    let metrics = try #require(telemetry["metrics"] as? [[String: Any]])
    #expect(
      metrics.map { $0["kind"] as? String } == [
        "sum", "gauge", "histogram", "exponentialHistogram", "summary", "sum", "gauge",
      ])
    #expect(metrics[1]["value"] == nil)
    #expect(metrics[2]["counts"] as? [Int] == [6, 1, 0])
    #expect(metrics[2]["bounds"] == nil)
    #expect((metrics[3]["positive"] as? [String: Any])?["counts"] as? [Int] == [6])
    #expect(metrics[5]["value"] as? Int64 == .max)
    #expect(metrics[6]["value"] as? Double == -0.5)
    let exporter = try #require((telemetry["exporters"] as? [[String: Any]])?.first)
    #expect(exporter["showsOverflow"] as? Bool == true)
    let violation = try #require((document["violations"] as? [[String: Any]])?.first)
    #expect(violation["kind"] as? String == "orphan-span")
    #expect(violation["count"] as? Int == 3)
  }
}
