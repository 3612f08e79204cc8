/// One series of a target's metrics with its latest reading.
package struct MetricSeries: Hashable, Sendable {
  /// Place of its exporter in the books.
  package var exporter: Int
  package var scope: String
  package var name: String
  package var unit: String
  /// As texts, by key.
  package var attributes: [String: String]
  /// Nanoseconds since 1970 from which it counts, where it was known; of several periods the first.
  package var start: UInt64
  /// Nanoseconds since 1970 of the latest point.
  package var time: UInt64
  package var reading: MetricReading

  package init(
    exporter: Int, scope: String, name: String, unit: String, attributes: [String: String], start: UInt64,
    time: UInt64, reading: MetricReading
  ) {
    self.exporter = exporter
    self.scope = scope
    self.name = name
    self.unit = unit
    self.attributes = attributes
    self.start = start
    self.time = time
    self.reading = reading
  }
}

/// What a series amounts to, whatever temporality its points had: sums and histograms since they began, of a gauge the
/// last value.
package enum MetricReading: Hashable, Sendable {
  case gauge(MetricNumber)
  case sum(MetricNumber, isMonotonic: Bool)
  case histogram(HistogramReading)
  case exponentialHistogram(ExponentialReading)
  case summary(count: UInt64, sum: Double)

  /// The number of a sum or a gauge.
  package var number: MetricNumber? {
    switch self {
    case .gauge(let number), .sum(let number, _): number
    case .histogram, .exponentialHistogram, .summary: nil
    }
  }

  /// With the reading of a later period added; of another kind, the later reading alone.
  package func adding(_ later: MetricReading) -> MetricReading {
    switch (self, later) {
    case (.sum(let left, _), .sum(let right, let isMonotonic)):
      .sum(left.adding(right), isMonotonic: isMonotonic)
    case (.histogram(let left), .histogram(let right)): .histogram(left.adding(right))
    case (.exponentialHistogram(let left), .exponentialHistogram(let right)):
      .exponentialHistogram(left.adding(right))
    case (.summary(let leftCount, let leftSum), .summary(let count, let sum)):
      .summary(count: leftCount.addingSaturated(count), sum: leftSum + sum)
    default: later
    }
  }
}

/// A number as it was sent: whole, or not.
package enum MetricNumber: Hashable, Sendable {
  case int(Int64)
  case double(Double)

  package var double: Double {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    }
  }

  package func adding(_ other: MetricNumber) -> MetricNumber {
    if case (.int(let left), .int(let right)) = (self, other) {
      let (sum, overflow) = left.addingReportingOverflow(right)
      return overflow ? .double(Double(left) + Double(right)) : .int(sum)
    }
    return .double(double + other.double)
  }
}

/// What both kinds of histograms tell of all their measurements.
package struct HistogramTotals: Hashable, Sendable {
  package var count: UInt64
  package var sum: Double?
  package var min: Double?
  package var max: Double?

  package init(count: UInt64, sum: Double?, min: Double?, max: Double?) {
    self.count = count
    self.sum = sum
    self.min = min
    self.max = max
  }

  func adding(_ other: HistogramTotals) -> HistogramTotals {
    func both(_ left: Double?, _ right: Double?, _ join: (Double, Double) -> Double) -> Double? {
      guard let left, let right else { return nil }
      return join(left, right)
    }
    return HistogramTotals(
      count: count.addingSaturated(other.count), sum: both(sum, other.sum, +),
      min: both(min, other.min) { Swift.min($0, $1) }, max: both(max, other.max) { Swift.max($0, $1) })
  }
}

package struct HistogramReading: Hashable, Sendable {
  package var totals: HistogramTotals
  /// Upper bounds of all buckets but the last.
  package var bounds: [Double]
  /// One more than bounds, or none.
  package var counts: [UInt64]

  package init(_ totals: HistogramTotals, bounds: [Double], counts: [UInt64]) {
    self.totals = totals
    self.bounds = bounds
    self.counts = counts
  }

  /// Buckets of other bounds can't be added: the sum has none then.
  func adding(_ other: HistogramReading) -> HistogramReading {
    let fits = bounds == other.bounds && counts.count == other.counts.count
    return HistogramReading(
      totals.adding(other.totals), bounds: fits ? bounds : [],
      counts: fits ? zip(counts, other.counts).map { $0.addingSaturated($1) } : [])
  }
}

/// An exponential histogram: the buckets' base is 2 to the power of 2 to the power of −scale.
package struct ExponentialReading: Hashable, Sendable {
  /// One side of it.
  package struct Buckets: Hashable, Sendable {
    /// Index of the first bucket.
    package var offset: Int32
    package var counts: [UInt64]

    package init(offset: Int32, counts: [UInt64]) {
      self.offset = offset
      self.counts = counts
    }
  }

  package var totals: HistogramTotals
  package var scale: Int32
  package var zeroCount: UInt64
  package var positive: Buckets
  package var negative: Buckets

  package init(
    _ totals: HistogramTotals, scale: Int32, zeroCount: UInt64, positive: Buckets, negative: Buckets
  ) {
    self.totals = totals
    self.scale = scale
    self.zeroCount = zeroCount
    self.positive = positive
    self.negative = negative
  }

  /// At the coarser of the two scales, to which buckets merge exactly.
  func adding(_ other: ExponentialReading) -> ExponentialReading {
    let scale = Swift.min(self.scale, other.scale)
    let (down, otherDown) = (Int(self.scale) - Int(scale), Int(other.scale) - Int(scale))
    return ExponentialReading(
      totals.adding(other.totals), scale: scale, zeroCount: zeroCount.addingSaturated(other.zeroCount),
      positive: positive.merged(down: down, with: other.positive, down: otherDown),
      negative: negative.merged(down: down, with: other.negative, down: otherDown))
  }
}

extension ExponentialReading.Buckets {
  /// Buckets that are kept of one side; a sum that would span more has none.
  static let limit = 4096

  /// Halving a scale joins each bucket with an even index and the one behind it.
  fileprivate func merged(down: Int, with other: Self, down otherDown: Int) -> Self {
    let sides = [(self, down), (other, otherDown)].filter { !$0.0.counts.isEmpty }
    let ends = sides.map { side, down in
      (first: Self.index(side.offset, 0, down), last: Self.index(side.offset, side.counts.count - 1, down))
    }
    guard let first = ends.map(\.first).min(), let last = ends.map(\.last).max(), last - first < Self.limit else {
      return Self(offset: 0, counts: [])
    }
    var counts = [UInt64](repeating: 0, count: last - first + 1)
    for (side, down) in sides {
      for (place, count) in side.counts.enumerated() {
        let index = Self.index(side.offset, place, down) - first
        counts[index] = counts[index].addingSaturated(count)
      }
    }
    return Self(offset: Int32(clamping: first), counts: counts)
  }

  private static func index(_ offset: Int32, _ place: Int, _ down: Int) -> Int {
    (Int(offset) + place) >> Swift.min(down, 63)
  }
}

extension UInt64 {
  fileprivate func addingSaturated(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
