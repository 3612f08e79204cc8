import OTLPMessages
import Observations

/// Keeps the latest reading of every series of the targets' metrics, within bounds.
///
/// Deltas are added up. Cumulative values are kept by the start that they count from and then added: a process that
/// began anew has another one, and so have several that nothing else tells apart.
struct MetricTable: MetricSink {
  private struct Key: Hashable {
    var exporter: UInt16
    var scope: String
    var name: String
    var attributes: [MetricPoint.Attribute]
  }

  private struct Period {
    var start: UInt64
    var time: UInt64
    var reading: MetricReading
  }

  private struct Entry {
    var series: MetricSeries
    /// What deltas, and periods that are no longer kept apart, amount to.
    var sum: MetricReading?
    /// Of cumulative values; of a gauge the one last value.
    var periods: [Period] = []
    var bytes = 0
  }

  private let exporters: ExporterNames
  private var places: [Key: Int] = [:]
  private var entries: [Entry] = []
  private var bytes = 0
  private var exporter = ExporterNames.overflow
  private var scope = ""
  /// Points that found no room.
  private(set) var droppedPoints: UInt64 = 0

  static let seriesLimit = 20_000
  /// Bytes of texts and buckets.
  static let byteLimit = 64 << 20
  private static let periodLimit = 8
  private static let scopeLimit = 256

  init(_ exporters: ExporterNames) { self.exporters = exporters }

  var series: [MetricSeries] {
    entries.map { entry in
      var series = entry.series
      let readings = [entry.sum].compactMap(\.self) + entry.periods.map(\.reading)
      if let first = readings.first { series.reading = readings.dropFirst().reduce(first) { $0.adding($1) } }
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
    guard let place = places[key] ?? begin(key, point, reading) else {
      droppedPoints += 1
      return
    }
    keep(point, reading, at: place)
  }

  /// Makes an entry; nil where there is no room for it.
  private mutating func begin(_ key: Key, _ point: MetricPoint, _ reading: MetricReading) -> Int? {
    let textBytes = 2 * (point.textBytes + scope.utf8.count) + 512
    guard entries.count < Self.seriesLimit, exporter != ExporterNames.overflow, textBytes <= Self.byteLimit - bytes
    else { return nil }
    bytes += textBytes
    places[key] = entries.count
    let attributes = Dictionary(point.attributes.map { ($0.key, $0.value.text) }, uniquingKeysWith: { $1 })
    entries.append(
      Entry(
        series: MetricSeries(
          exporter: Int(exporter), scope: scope, name: point.name, unit: point.unit, attributes: attributes,
          start: point.start, time: 0, reading: reading)))
    return entries.count - 1
  }

  private mutating func keep(_ point: MetricPoint, _ reading: MetricReading, at place: Int) {
    // Every period, and the sum, may be as large.
    let readingBytes = reading.bucketBytes * (Self.periodLimit + 1)
    guard readingBytes - entries[place].bytes <= Self.byteLimit - bytes else {
      droppedPoints += 1
      return
    }
    if readingBytes > entries[place].bytes {
      bytes += readingBytes - entries[place].bytes
      entries[place].bytes = readingBytes
    }
    if point.value.temporality == .delta {
      // A point that is no later than the last is that one again, by a retry.
      guard point.time > entries[place].series.time else { return }
      entries[place].sum = entries[place].sum.map { $0.adding(reading) } ?? reading
    } else {
      keep(Period(start: point.value.isGauge ? 0 : point.start, time: point.time, reading: reading), at: place)
    }
    entries[place].series.time = max(entries[place].series.time, point.time)
    entries[place].series.start = min(entries[place].series.start, point.start)
  }

  private mutating func keep(_ period: Period, at place: Int) {
    if let known = entries[place].periods.firstIndex(where: { $0.start == period.start }) {
      if period.time >= entries[place].periods[known].time { entries[place].periods[known] = period }
      return
    }
    entries[place].periods.append(period)
    guard entries[place].periods.count > Self.periodLimit else { return }
    entries[place].periods.sort { $0.start < $1.start }
    let oldest = entries[place].periods.removeFirst().reading
    entries[place].sum = entries[place].sum.map { $0.adding(oldest) } ?? oldest
  }
}

extension MetricPoint {
  fileprivate var textBytes: Int {
    name.utf8.count + unit.utf8.count
      + attributes.reduce(0) { $0 + $1.key.utf8.count + $1.value.text.utf8.count + 64 }
  }
}

extension MetricReading {
  fileprivate var bucketBytes: Int {
    switch self {
    case .gauge, .sum, .summary: 0
    case .histogram(let histogram): 8 * (histogram.bounds.count + histogram.counts.count)
    case .exponentialHistogram(let histogram): 8 * (histogram.positive.counts.count + histogram.negative.counts.count)
    }
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
