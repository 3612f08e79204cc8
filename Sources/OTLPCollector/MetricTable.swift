import OTLPMessages
import Observations

/// Keeps the latest reading of every series of the targets' metrics, within bounds.
///
/// A delta is added to what was before; a cumulative value takes the place of the one before, unless it began anew.
struct MetricTable: MetricSink {
  private struct Key: Hashable {
    var exporter: UInt16
    var scope: String
    var name: String
    var attributes: [MetricPoint.Attribute]
  }

  private struct Entry {
    var series: MetricSeries
    /// What earlier periods amounted to.
    var finished: MetricReading?
    /// When the period of the latest point began.
    var start: UInt64
  }

  private let exporters: ExporterNames
  private var places: [Key: Int] = [:]
  private var entries: [Entry] = []
  private var exporter = ExporterNames.overflow
  private var scope = ""
  /// Points of series that found no room.
  private(set) var droppedPoints: UInt64 = 0

  static let seriesLimit = 20_000
  private static let scopeLimit = 256

  init(_ exporters: ExporterNames) { self.exporters = exporters }

  var series: [MetricSeries] {
    entries.map { entry in
      var series = entry.series
      if let finished = entry.finished { series.reading = finished.adding(series.reading) }
      return series
    }
  }

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
    exporter = exporters.index(service: serviceName, instance: serviceInstance)
    scope = ""
  }

  mutating func beginScope(name: RawSpan, version: RawSpan) {
    scope = name.extracting(first: Self.scopeLimit).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  mutating func append(_ point: MetricPoint) {
    guard !point.hasNoRecordedValue, let reading = MetricReading(point.value) else { return }
    let key = Key(exporter: exporter, scope: scope, name: point.name, attributes: point.attributes)
    if let place = places[key] {
      update(&entries[place], point, reading)
    } else if entries.count < Self.seriesLimit, exporter != ExporterNames.overflow {
      places[key] = entries.count
      let attributes = Dictionary(point.attributes.map { ($0.key, $0.value.text) }, uniquingKeysWith: { $1 })
      entries.append(
        Entry(
          series: MetricSeries(
            exporter: Int(exporter), scope: scope, name: point.name, unit: point.unit, attributes: attributes,
            start: point.start, time: point.time, reading: reading),
          start: point.start))
    } else {
      droppedPoints += 1
    }
  }

  private func update(_ entry: inout Entry, _ point: MetricPoint, _ reading: MetricReading) {
    // A point that is no later than the last is that one again, or an old one that was retried.
    guard point.time > entry.series.time else { return }
    let begins = point.value.temporality == .delta || point.start > entry.start
    if begins, !point.value.isGauge {
      entry.finished = entry.finished.map { $0.adding(entry.series.reading) } ?? entry.series.reading
    }
    entry.start = point.start
    entry.series.time = point.time
    entry.series.reading = reading
  }
}

extension MetricPoint.Value {
  fileprivate var temporality: MetricPoint.Temporality {
    switch self {
    case .sum(_, let temporality, _), .histogram(_, let temporality), .exponentialHistogram(_, let temporality):
      temporality
    case .gauge, .summary: .unspecified
    }
  }

  fileprivate var isGauge: Bool { if case .gauge = self { true } else { false } }
}

extension MetricPoint.AttributeValue {
  fileprivate var text: String {
    switch self {
    case .string(let text), .rendered(let text): text
    case .bool(let value): String(value)
    case .int(let value): String(value)
    case .double(let value): String(value)
    }
  }
}

extension MetricReading {
  /// Nil where the point has no number.
  fileprivate init?(_ value: MetricPoint.Value) {
    switch value {
    case .gauge(let number):
      guard let number else { return nil }
      self = .gauge(MetricNumber(number))
    case .sum(let number, _, let isMonotonic):
      guard let number else { return nil }
      self = .sum(MetricNumber(number), isMonotonic: isMonotonic)
    case .histogram(let histogram, _):
      self = .histogram(
        HistogramReading(
          HistogramTotals(histogram.totals), bounds: histogram.bounds, counts: histogram.bucketCounts))
    case .exponentialHistogram(let histogram, _):
      self = .exponentialHistogram(
        ExponentialReading(
          HistogramTotals(histogram.totals), scale: histogram.scale, zeroCount: histogram.zeroCount,
          positive: .init(offset: histogram.positive.offset, counts: histogram.positive.counts),
          negative: .init(offset: histogram.negative.offset, counts: histogram.negative.counts)))
    case .summary(let count, let sum): self = .summary(count: count, sum: sum)
    }
  }
}

extension MetricNumber {
  fileprivate init(_ number: MetricPoint.Number) {
    switch number {
    case .int(let value): self = .int(value)
    case .double(let value): self = .double(value)
    }
  }
}

extension HistogramTotals {
  fileprivate init(_ totals: MetricPoint.Totals) {
    self.init(count: totals.count, sum: totals.sum, min: totals.min, max: totals.max)
  }
}
