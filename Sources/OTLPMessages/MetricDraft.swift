/// What is known of a metric before its points are read.
struct MetricHead {
  var name = ""
  var unit = ""
  var temporality = MetricPoint.Temporality.unspecified
  var isMonotonic = false
}

/// The members of Metric's oneof, by their field numbers.
enum MetricKind: UInt64, CaseIterable {
  case gauge = 5
  case sum = 7
  case histogram = 9
  case exponentialHistogram = 10
  case summary = 11

  var jsonKey: StaticString {
    switch self {
    case .gauge: "gauge"
    case .sum: "sum"
    case .histogram: "histogram"
    case .exponentialHistogram: "exponentialHistogram"
    case .summary: "summary"
    }
  }
}

/// The fields that data points of any kind have, while one is read.
struct MetricDraft {
  private var attributes: [MetricPoint.Attribute] = []
  var start: UInt64 = 0
  var time: UInt64 = 0
  var flags: UInt32 = 0
  var number: MetricPoint.Number?
  var totals = MetricPoint.Totals()
  private(set) var bounds: [Double] = []
  private(set) var bucketCounts: [UInt64] = []
  var scale: Int32 = 0
  var zeroCount: UInt64 = 0
  var zeroThreshold = 0.0
  var positive = MetricPoint.Buckets()
  var negative = MetricPoint.Buckets()

  mutating func append(_ attribute: MetricPoint.Attribute, at offset: Int) throws(ScanError) {
    try Self.append(attribute, to: &attributes, .attributesPerPoint, at: offset)
  }

  mutating func append(bound: Double, at offset: Int) throws(ScanError) {
    try Self.append(bound, to: &bounds, .bucketsPerPoint, at: offset)
  }

  mutating func append(bucketCount: UInt64, at offset: Int) throws(ScanError) {
    try Self.append(bucketCount, to: &bucketCounts, .bucketsPerPoint, at: offset)
  }

  static func append<Element>(
    _ element: Element, to elements: inout [Element], _ limit: MetricLimit, at offset: Int
  ) throws(ScanError) {
    guard elements.count < limit.rawValue else { throw .tooLarge(limit, at: offset) }
    elements.append(element)
  }

  /// OTLP, DataPointFlags: the mask of "no recorded value".
  private static let noRecordedValue: UInt32 = 1

  func point(of kind: MetricKind, _ head: MetricHead) -> MetricPoint {
    MetricPoint(
      name: head.name, unit: head.unit, attributes: attributes.sorted { $0.key < $1.key }, start: start, time: time,
      hasNoRecordedValue: flags & Self.noRecordedValue != 0, value: value(of: kind, head))
  }

  private func value(of kind: MetricKind, _ head: MetricHead) -> MetricPoint.Value {
    switch kind {
    case .gauge: .gauge(number)
    case .sum: .sum(number, head.temporality, isMonotonic: head.isMonotonic)
    case .histogram:
      .histogram(.init(totals, bounds: bounds, bucketCounts: bucketCounts), head.temporality)
    case .exponentialHistogram:
      .exponentialHistogram(
        .init(
          totals, scale: scale, zeroCount: zeroCount, zeroThreshold: zeroThreshold, positive: positive,
          negative: negative), head.temporality)
    case .summary: .summary(count: totals.count, sum: totals.sum ?? 0)
    }
  }
}
