import Histogram

/// A latency distribution in nanoseconds, to 3 significant digits, from 1 ns to 1 hour (HdrHistogram, 226 KB).
///
/// A longer latency is recorded as one hour and a negative one as zero, so that no sample is ever lost.
package struct LatencyHistogram: Sendable {
  private var histogram = Histogram<UInt64>(
    highestTrackableValue: UInt64(Self.highest), numberOfSignificantValueDigits: .three)

  private static let highest: Int64 = 3_600 * nanosecondsPerSecond

  package init() {}

  package mutating func record(nanoseconds: Int64) {
    _ = histogram.record(UInt64(min(max(nanoseconds, 0), Self.highest)))
  }

  package var count: UInt64 { histogram.totalCount }

  /// The latency that `percentile` per cent of the samples do not exceed; 0 without samples.
  ///
  /// - Parameter percentile: 0 to 100.
  package func nanoseconds(atPercentile percentile: Double) -> UInt64 {
    count == 0 ? 0 : min(histogram.valueAtPercentile(percentile), histogram.maxRecorded)
  }

  /// The longest latency, exactly; no percentile is above it.
  package var maximumNanoseconds: UInt64 { count == 0 ? 0 : histogram.maxRecorded }
  package var meanNanoseconds: Double { count == 0 ? 0 : histogram.mean }

  /// Adds every sample of another histogram, exactly.
  package mutating func merge(_ other: LatencyHistogram) { histogram.add(other.histogram) }
}
