/// One data point of a metric, with what names it; a plain value, because metrics are few.
package struct MetricPoint: Hashable, Sendable {
  package var name: String
  package var unit: String
  /// Sorted by key, so that equal sets are equal.
  package var attributes: [Attribute]
  /// Nanoseconds since 1970; 0 where it is unknown.
  package var start: UInt64
  /// Nanoseconds since 1970.
  package var time: UInt64
  /// The exporter says that there is no value at this time (OTLP, DataPointFlags); `value` has defaults then.
  package var hasNoRecordedValue: Bool
  package var value: Value

  package init(
    name: String, unit: String, attributes: [Attribute] = [], start: UInt64, time: UInt64,
    hasNoRecordedValue: Bool = false, value: Value
  ) {
    self.name = name
    self.unit = unit
    self.attributes = attributes
    self.start = start
    self.time = time
    self.hasNoRecordedValue = hasNoRecordedValue
    self.value = value
  }

  package struct Attribute: Hashable, Sendable {
    package var key: String
    package var value: AttributeValue

    package init(_ key: String, _ value: AttributeValue) {
      self.key = key
      self.value = value
    }
  }

  package enum AttributeValue: Hashable, Sendable {
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    /// An array or a list as JSON text, bytes as base64, nothing as "null"; the same from either encoding.
    case rendered(String)
  }

  package enum Value: Hashable, Sendable {
    /// Nil where the point has no number.
    case gauge(Number?)
    /// Nil where the point has no number.
    case sum(Number?, Temporality, isMonotonic: Bool)
    case histogram(Histogram, Temporality)
    case exponentialHistogram(ExponentialHistogram, Temporality)
    case summary(count: UInt64, sum: Double)
  }

  package enum Number: Hashable, Sendable {
    case int(Int64)
    case double(Double)
  }

  /// OTLP's AggregationTemporality: since when a value counts.
  package enum Temporality: UInt8, Hashable, Sendable {
    case unspecified = 0
    /// Since the point before.
    case delta = 1
    /// Since a fixed start.
    case cumulative = 2
  }

  /// What histograms of both kinds tell about all of their measurements.
  package struct Totals: Hashable, Sendable {
    package var count: UInt64 = 0
    package var sum: Double?
    package var min: Double?
    package var max: Double?

    package init(count: UInt64 = 0, sum: Double? = nil, min: Double? = nil, max: Double? = nil) {
      self.count = count
      self.sum = sum
      self.min = min
      self.max = max
    }
  }

  package struct Histogram: Hashable, Sendable {
    package var totals: Totals
    /// Upper bounds of all buckets but the last.
    package var bounds: [Double]
    /// One more than bounds where the exporter keeps to OTLP, or none.
    package var bucketCounts: [UInt64]

    package init(_ totals: Totals, bounds: [Double], bucketCounts: [UInt64]) {
      self.totals = totals
      self.bounds = bounds
      self.bucketCounts = bucketCounts
    }
  }

  package struct ExponentialHistogram: Hashable, Sendable {
    package var totals: Totals
    /// The base of the buckets is 2 to the power of 2 to the power of −scale.
    package var scale: Int32
    package var zeroCount: UInt64
    package var zeroThreshold: Double
    package var positive: Buckets
    package var negative: Buckets

    package init(
      _ totals: Totals, scale: Int32, zeroCount: UInt64, zeroThreshold: Double, positive: Buckets, negative: Buckets
    ) {
      self.totals = totals
      self.scale = scale
      self.zeroCount = zeroCount
      self.zeroThreshold = zeroThreshold
      self.positive = positive
      self.negative = negative
    }
  }

  /// One side of an exponential histogram.
  package struct Buckets: Hashable, Sendable {
    /// The index of the first bucket.
    package var offset: Int32 = 0
    package var counts: [UInt64] = []

    package init(offset: Int32 = 0, counts: [UInt64] = []) {
      self.offset = offset
      self.counts = counts
    }
  }
}
