import Foundation
import Observations
import Verification

/// What the collector received, as reports have it in JSON.
struct JSONTelemetry: Encodable {
  let exporters: [Exporter]
  let balances: [Balance]
  let metrics: [Series]

  init(_ books: CollectorBooks) {
    exporters = books.exporters.map { Exporter($0) }
    balances = books.balances.map { Balance($0) }
    metrics = books.series.map { Series($0, books) }
  }

  struct Exporter: Encodable {
    let service: String
    let instance: String
    let requests: UInt64
    let bytes: UInt64
    let spans: UInt64
    let duplicateSpans: UInt64
    let invalidSpans: UInt64
    let dataPoints: UInt64
    let logRecords: UInt64
    let scopes: [Scope]
    let showsOverflow: Bool
    let largestBatch: Int

    init(_ books: ExporterBooks) {
      service = books.service
      instance = books.instance
      requests = books.requests
      bytes = books.bytes
      spans = books.spans
      duplicateSpans = books.duplicateSpans
      invalidSpans = books.invalidSpans
      dataPoints = books.dataPoints
      logRecords = books.logRecords
      scopes = books.scopes.map { Scope(name: $0.name, version: $0.version, spans: $0.spans) }
      showsOverflow = books.queue.showOverflow
      largestBatch = books.queue.largestBatch
    }
  }

  struct Scope: Encodable {
    let name: String
    let version: String
    let spans: UInt64
  }

  struct Balance: Encodable {
    let exporter: String
    let started: Int64
    let received: Int64
    let dropped: Int64
    let sampledOut: Int64
    let live: Int64
    let waiting: Int64
    let unexplained: Int64
    let beganBefore: Bool

    init(_ balance: SpanBalance) {
      exporter = balance.exporter
      started = balance.started
      received = balance.received
      dropped = balance.dropped
      sampledOut = balance.sampledOut
      live = balance.live
      waiting = balance.waiting
      unexplained = balance.unexplained
      beganBefore = balance.beganBefore
    }
  }

  struct Series: Encodable {
    let exporter: String
    let scope: String
    let name: String
    let unit: String
    let attributes: [String: String]
    let kind: String
    let value: Number?
    let count: UInt64?
    let sum: Double?
    let min: Double?
    let max: Double?
    let bounds: [Double]?
    let counts: [UInt64]?
    let scale: Int32?
    let zeroCount: UInt64?
    let positive: Buckets?
    let negative: Buckets?

    init(_ series: MetricSeries, _ books: CollectorBooks) {
      exporter = books.exporters.indices.contains(series.exporter) ? books.exporters[series.exporter].name : ""
      scope = series.scope
      name = series.name
      unit = series.unit
      attributes = series.attributes
      value = series.reading.number.flatMap { Number($0) }
      var totals: HistogramTotals?
      var explicit: HistogramReading?
      var exponential: ExponentialReading?
      switch series.reading {
      case .gauge: kind = "gauge"
      case .sum: kind = "sum"
      case .histogram(let histogram): (kind, totals, explicit) = ("histogram", histogram.totals, histogram)
      case .exponentialHistogram(let histogram):
        (kind, totals, exponential) = ("exponentialHistogram", histogram.totals, histogram)
      case .summary(let count, let sum):
        (kind, totals) = ("summary", HistogramTotals(count: count, sum: sum, min: nil, max: nil))
      }
      func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
      count = totals?.count
      sum = finite(totals?.sum)
      min = finite(totals?.min)
      max = finite(totals?.max)
      bounds = explicit.flatMap { $0.bounds.allSatisfy(\.isFinite) ? $0.bounds : nil }
      counts = explicit?.counts
      scale = exponential?.scale
      zeroCount = exponential?.zeroCount
      positive = exponential.map { Buckets($0.positive) }
      negative = exponential.map { Buckets($0.negative) }
    }
  }

  /// A sum's or gauge's number with all its digits: whole ones have up to 19, and a double holds 15.
  enum Number: Encodable {
    case int(Int64)
    case double(Double)

    /// Nil for a number that JSON can't hold.
    init?(_ number: MetricNumber) {
      switch number {
      case .int(let value): self = .int(value)
      case .double(let value):
        guard value.isFinite else { return nil }
        self = .double(value)
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .int(let value): try container.encode(value)
      case .double(let value): try container.encode(value)
      }
    }
  }

  /// One side of an exponential histogram.
  struct Buckets: Encodable {
    let offset: Int32
    let counts: [UInt64]

    init(_ buckets: ExponentialReading.Buckets) {
      offset = buckets.offset
      counts = buckets.counts
    }
  }
}

extension CollectionReport {
  private struct Document: Encodable {
    let seconds: Double
    let spans: Int
    let traces: Int
    let cutTraces: Int
    let unquietTraces: Int
    let droppedSpans: Int
    let repeatedSpans: Int
    let lateSpans: Int
    let requests: UInt64
    let bytes: UInt64
    let refusedRequests: UInt64
    let decodeErrors: UInt64
    let pushedBack: UInt64
    let invalidSpans: UInt64
    let duplicateSpans: UInt64
    let filteredSpans: UInt64
    let faultedRequests: UInt64
    let forwarded: UInt64
    let forwardFailed: UInt64
    let slowAnswers: UInt64
    let longestStallNanoseconds: Int64
    let droppedPoints: UInt64
    let telemetry: JSONTelemetry
    let violations: [Violation]
  }

  private struct Violation: Encodable {
    let kind: String
    let requirement: String
    let source: String
    let count: Int
    let evidence: [Case]
  }

  private struct Case: Encodable {
    let trace: String
    let detail: String
    let tree: [String]
  }

  /// As a JSON document.
  package func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let document = Document(
      seconds: seconds, spans: traces.spans, traces: traces.traces, cutTraces: traces.cutTraces,
      unquietTraces: traces.unquietTraces,
      droppedSpans: traces.droppedSpans,
      repeatedSpans: traces.repeatedSpans, lateSpans: traces.lateSpans, requests: books.counts.requests,
      bytes: books.counts.bytes, refusedRequests: books.counts.refusedRequests,
      decodeErrors: books.counts.decodeErrors, pushedBack: books.counts.pushedBack,
      invalidSpans: books.counts.invalidSpans, duplicateSpans: books.counts.duplicateSpans,
      filteredSpans: books.counts.filteredSpans, faultedRequests: books.counts.faultedRequests,
      forwarded: books.counts.forwarded, forwardFailed: books.counts.forwardFailed,
      slowAnswers: books.counts.slowAnswers, longestStallNanoseconds: books.counts.longestStallNanoseconds,
      droppedPoints: books.droppedPoints, telemetry: JSONTelemetry(books),
      violations: findings.map { finding in
        Violation(
          kind: finding.invariant.rawValue, requirement: finding.invariant.requirement,
          source: finding.invariant.source, count: finding.count,
          evidence: finding.evidence.map { Case(trace: $0.traceID, detail: $0.detail, tree: $0.tree) })
      })
    return try Array(encoder.encode(document)) + Array("\n".utf8)
  }
}
