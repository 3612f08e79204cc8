import Foundation
import Observations
import Scenarios
import Timing
import Verification

extension Report {
  /// The report for programs: `report.json`. Times are in nanoseconds, shares in per cent.
  package func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try Array(encoder.encode(Document(self))) + Array("\n".utf8)
  }

  private struct Document: Encodable {
    let format = "spanstorm-report/1"
    let scenario: String
    let target: String
    /// In text: JSON numbers lose the lower bits of 64.
    let seed: String
    let version: String
    let seconds: Double
    let residentBytes: Int64
    let wasInterrupted: Bool
    let verdict: String
    let reasons: [String]
    let latencies: [String: Latency]
    let messages: [String: Int]
    let copies: [String: Int]
    let echoes: [String: Int]
    let traces: [String: Int]
    /// Of upgrades that carried a trace context.
    let connectionTraces: [String: Int]
    let spans: [String: Int]
    let connections: Connections
    let unreadable: [String: Int]
    let collector: [String: UInt64]
    let telemetry: JSONTelemetry
    let expectations: [Expected]
    let findings: [Found]
    /// By fault of the reference server: the messages that it acted on.
    let injected: [String: Int]
    /// What kept missing spans from being held against the server; empty where it is certain that none was lost.
    let lossDoubts: [String]
    /// How far the target's clock is ahead of this machine's, in nanoseconds.
    let clockSkew: Skew?
    let times: [Times]
    /// The share of the run's time in which the verifier did not wait, 0 to 1: of one core.
    let verifierBusy: Double
    let mostWaiting: Int

    init(_ report: Report) {
      let tallies = report.verdict.tallies
      scenario = report.run.scenario
      target = report.run.target
      seed = String(report.run.seed)
      version = report.run.version
      seconds = report.run.seconds
      residentBytes = report.run.residentBytes
      wasInterrupted = report.run.wasInterrupted
      verdict = report.verdict.outcome.rawValue
      reasons = report.verdict.reasons
      latencies = Dictionary(
        uniqueKeysWithValues: Expectation.Latency.allCases.map {
          ($0.rawValue, Latency(report.verdict.measurements[$0]))
        })
      messages = [
        "sent": tallies.messagesSent, "echoed": tallies.messagesEchoed, "lost": tallies.messagesLost,
        "withoutEcho": tallies.messagesWithoutEcho, "droppedArrivals": tallies.droppedArrivals,
        "fullyJudged": tallies.messagesJudged,
      ]
      copies = [
        "expected": tallies.copiesExpected, "received": tallies.copiesReceived, "lost": tallies.copiesLost,
        "late": tallies.copiesLate, "duplicate": tallies.copiesDuplicate, "misdelivered": tallies.copiesMisdelivered,
        "outOfOrder": tallies.copiesOutOfOrder, "foreign": tallies.foreignEchoes,
      ]
      echoes = Dictionary(
        uniqueKeysWithValues: EchoClass.allCases.map { ($0.rawValue, tallies.classes[$0] ?? 0) })
      traces = [
        "expected": tallies.tracesExpected, "complete": tallies.tracesComplete, "broken": tallies.tracesBroken,
        "partial": tallies.tracesPartial, "unseen": tallies.tracesUnseen, "unsampled": tallies.tracesUnsampled,
      ]
      connectionTraces = [
        "expected": tallies.connectionTracesExpected, "complete": tallies.connectionTracesComplete,
        "broken": tallies.connectionTracesBroken, "incomplete": tallies.connectionTracesIncomplete,
        "unsampled": tallies.connectionTracesUnsampled,
      ]
      spans = [
        "ours": tallies.spansOfOurs, "others": tallies.spansOfOthers, "repeated": tallies.spansDuplicate,
        "late": tallies.spansLate, "forgotten": tallies.spansForgotten, "dropped": tallies.spansDropped,
      ]
      connections = Connections(
        opened: tallies.opened, resumedTLS: tallies.resumed, failed: tallies.failed,
        failures: Self.byWords(tallies.failures.map { ($0.words, $1) }),
        firstFailures: Dictionary(
          tallies.firstFailures.map { ($0.words, FirstFailure($1, report.run)) },
          uniquingKeysWith: { $0.nanoseconds <= $1.nanoseconds ? $0 : $1 }),
        closes: Self.byWords(tallies.closes.map { ($0.words, $1) }),
        closeCodes: Self.byWords(tallies.closeCodes.map { (String($0), $1) }),
        closeReasons: Dictionary(uniqueKeysWithValues: tallies.closeReasons.map { (String($0), $1) }),
        compression: Compression(tallies.compression))
      unreadable = Self.byWords(tallies.unreadable.map { ($0.description, $1) })
      collector = [
        "requests": report.collector.counts.requests, "bytes": report.collector.counts.bytes,
        "spans": report.collector.counts.spans,
        "invalidSpans": report.collector.counts.invalidSpans,
        "refusedRequests": report.collector.counts.refusedRequests,
        "otherSignals": report.collector.counts.otherSignals, "slowAnswers": report.collector.counts.slowAnswers,
        "duplicateSpans": report.collector.counts.duplicateSpans,
        "filteredSpans": report.collector.counts.filteredSpans,
        "decodeErrors": report.collector.counts.decodeErrors, "pushedBack": report.collector.counts.pushedBack,
        "overflowedNames": report.collector.counts.overflowedNames,
        "droppedDeliveries": report.droppedDeliveries,
      ]
      telemetry = JSONTelemetry(report.collector)
      expectations = report.verdict.expectations.map { Expected($0) }
      findings = report.verdict.findings.map { Found($0) }
      injected = report.run.injected
      lossDoubts = report.verdict.proof.doubts
      clockSkew = report.verdict.skew.map { Skew(least: $0.least, most: $0.most) }
      verifierBusy = report.run.verifierBusy
      mostWaiting = report.run.mostWaiting
      times = report.verdict.timeSplits.map { Times($0) }
    }

    private static func byWords(_ counts: [(String, Int)]) -> [String: Int] {
      Dictionary(counts, uniquingKeysWith: +)
    }
  }

  private struct Latency: Encodable {
    let count: UInt64
    let mean: Double
    let p50: UInt64
    let p90: UInt64
    let p99: UInt64
    let p999: UInt64
    let max: UInt64

    enum CodingKeys: String, CodingKey {
      case count, mean, p50, p90, p99, max
      case p999 = "p99.9"
    }

    init(_ histogram: LatencyHistogram) {
      count = histogram.count
      mean = histogram.meanNanoseconds
      p50 = histogram.nanoseconds(atPercentile: 50)
      p90 = histogram.nanoseconds(atPercentile: 90)
      p99 = histogram.nanoseconds(atPercentile: 99)
      p999 = histogram.nanoseconds(atPercentile: 99.9)
      max = histogram.maximumNanoseconds
    }
  }

  private struct Connections: Encodable {
    let opened: Int
    /// Of the opened, those whose TLS session was an earlier connection's.
    let resumedTLS: Int
    let failed: Int
    let failures: [String: Int]
    let firstFailures: [String: FirstFailure]
    let closes: [String: Int]
    let closeCodes: [String: Int]
    /// By close code: the first reason that a server gave.
    let closeReasons: [String: String]
    let compression: Compression
  }

  /// The earliest connection of a kind that did not open.
  private struct FirstFailure: Encodable {
    let connection: UInt32
    let address: String?
    /// Since the run's beginning.
    let nanoseconds: Int64

    init(_ failure: Tallies.FirstFailure, _ run: RunDescription) {
      connection = failure.connection
      address = run.address(of: failure)
      nanoseconds = failure.at - run.start
    }
  }

  /// Bytes of compressed messages before and after; ratios are bytes on the wire by bytes before.
  private struct Compression: Encodable {
    let connections: Int
    let sentPlainBytes: UInt64
    let sentWireBytes: UInt64
    let sentRatio: Double?
    let receivedPlainBytes: UInt64
    let receivedWireBytes: UInt64
    let receivedRatio: Double?

    init(_ tally: Tallies.CompressionTally) {
      connections = tally.connections
      sentPlainBytes = tally.sentPlainBytes
      sentWireBytes = tally.sentWireBytes
      sentRatio = Self.ratio(tally.sentWireBytes, tally.sentPlainBytes)
      receivedPlainBytes = tally.receivedPlainBytes
      receivedWireBytes = tally.receivedWireBytes
      receivedRatio = Self.ratio(tally.receivedWireBytes, tally.receivedPlainBytes)
    }

    private static func ratio(_ wire: UInt64, _ plain: UInt64) -> Double? {
      plain == 0 ? nil : Double(wire) / Double(plain)
    }
  }

  private struct Expected: Encodable {
    let expectation: String
    let outcome: String
    let actual: Double?

    init(_ judged: JudgedExpectation) {
      expectation = judged.expectation.text
      outcome = judged.outcome.rawValue
      actual = judged.actual
    }
  }

  private struct Skew: Encodable {
    let least: Int64
    let most: Int64
  }

  /// Where the response time of a message type went, in nanoseconds.
  private struct Times: Encodable {
    let type: String
    let messages: Int
    /// The slowest messages, whose times follow those of p50 and p99 in each row.
    let slowest: [String]
    let rows: [Row]

    struct Row: Encodable {
      let name: String
      let depth: Int
      let p50: Int64
      let p99: Int64
      let slowest: [Int64]
    }

    init(_ split: TimeSplitSummary) {
      type = split.type
      messages = split.messages
      slowest = split.slowest
      rows = split.rows.map { row in
        Row(
          name: row.name, depth: row.depth, p50: row.nanoseconds.first ?? 0,
          p99: row.nanoseconds.dropFirst().first ?? 0, slowest: Array(row.nanoseconds.dropFirst(2)))
      }
    }
  }

  private struct Found: Encodable {
    let kind: String
    let category: String
    let count: Int
    let requirement: String
    let source: String
    let evidence: [Case]

    struct Case: Encodable {
      let connection: UInt32?
      let message: String?
      let sent: String?
      let expected: String
      let actual: String
      let echoes: [String]
      let expectedTree: [String]
      let tree: [String]
      let excerpt: String?
    }

    init(_ finding: Finding) {
      kind = finding.kind.rawValue
      category = finding.kind.category.rawValue
      count = finding.count
      requirement = finding.kind.requirement
      source = finding.kind.source
      evidence = finding.evidence.map {
        Case(
          connection: $0.connection, message: $0.message, sent: $0.sent, expected: $0.expected, actual: $0.actual,
          echoes: $0.echoes, expectedTree: $0.expectedTree, tree: $0.tree, excerpt: $0.excerpt)
      }
    }
  }
}
