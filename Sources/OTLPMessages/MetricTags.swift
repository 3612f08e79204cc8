// Field tags of metrics, as in `WireTags.swift`. Repeated numbers have two: one by one, and packed.

enum MetricTag {
  static var name: UInt64 { 1 << 3 | 2 }
  static var unit: UInt64 { 3 << 3 | 2 }
  static var sum: UInt64 { 7 << 3 | 2 }
}

/// Gauge, Sum, Histogram, ExponentialHistogram and Summary, as far as they have the field.
enum MetricDataTag {
  static var point: UInt64 { 1 << 3 | 2 }
  static var temporality: UInt64 { 2 << 3 | 0 }
  static var isMonotonic: UInt64 { 3 << 3 | 0 }
}

/// Data points of every kind.
enum PointTag {
  static var start: UInt64 { 2 << 3 | 1 }
  static var time: UInt64 { 3 << 3 | 1 }
}

enum NumberPointTag {
  static var double: UInt64 { 4 << 3 | 1 }
  static var int: UInt64 { 6 << 3 | 1 }
  static var attribute: UInt64 { 7 << 3 | 2 }
  static var flags: UInt64 { 8 << 3 | 0 }
}

enum HistogramPointTag {
  static var count: UInt64 { 4 << 3 | 1 }
  static var sum: UInt64 { 5 << 3 | 1 }
  static var bucketCount: UInt64 { 6 << 3 | 1 }
  static var bucketCounts: UInt64 { 6 << 3 | 2 }
  static var bound: UInt64 { 7 << 3 | 1 }
  static var bounds: UInt64 { 7 << 3 | 2 }
  static var attribute: UInt64 { 9 << 3 | 2 }
  static var flags: UInt64 { 10 << 3 | 0 }
  static var min: UInt64 { 11 << 3 | 1 }
  static var max: UInt64 { 12 << 3 | 1 }
}

enum ExponentialPointTag {
  static var attribute: UInt64 { 1 << 3 | 2 }
  static var count: UInt64 { 4 << 3 | 1 }
  static var sum: UInt64 { 5 << 3 | 1 }
  static var scale: UInt64 { 6 << 3 | 0 }
  static var zeroCount: UInt64 { 7 << 3 | 1 }
  static var positive: UInt64 { 8 << 3 | 2 }
  static var negative: UInt64 { 9 << 3 | 2 }
  static var flags: UInt64 { 10 << 3 | 0 }
  static var min: UInt64 { 12 << 3 | 1 }
  static var max: UInt64 { 13 << 3 | 1 }
  static var zeroThreshold: UInt64 { 14 << 3 | 1 }
}

enum BucketsTag {
  static var offset: UInt64 { 1 << 3 | 0 }
  static var count: UInt64 { 2 << 3 | 0 }
  static var counts: UInt64 { 2 << 3 | 2 }
}

enum SummaryPointTag {
  static var count: UInt64 { 4 << 3 | 1 }
  static var sum: UInt64 { 5 << 3 | 1 }
  static var attribute: UInt64 { 7 << 3 | 2 }
  static var flags: UInt64 { 8 << 3 | 0 }
}

/// ArrayValue and KeyValueList.
enum ArrayValueTag {
  static var value: UInt64 { 1 << 3 | 2 }
}
