/// Bounds of what one metric may hold, so that a hostile body takes memory in proportion to its own size at most.
///
/// Points are handed over one by one, so these bound what a scan holds at any time. Honest exporters stay far below:
/// OpenTelemetry's SDKs cut attributes at 128 a record, and its histograms have 16 or 160 buckets by default.
package enum MetricLimit: Int, Hashable, Sendable, CaseIterable {
  case attributesPerPoint = 256
  /// Explicit bounds, bucket counts, or the counts of one side of an exponential histogram.
  case bucketsPerPoint = 16_384
  /// UTF-8 bytes of a metric's name, of its unit, or of an attribute: its key and all texts in its value, and the value
  /// when it is rendered.
  case textBytes = 65_536
  /// Values inside of arrays and lists that are an attribute's value, however nested.
  case valuesPerAttribute = 1024

  var unit: String {
    switch self {
    case .attributesPerPoint: "attributes of a data point"
    case .bucketsPerPoint: "buckets of a data point"
    case .textBytes: "bytes of a name or an attribute"
    case .valuesPerAttribute: "values inside of an attribute"
    }
  }

  /// Arrays and lists within each other in an attribute's value.
  static let depth = 32
}
