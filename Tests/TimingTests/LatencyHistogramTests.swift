import TestInputs
import Testing
import Timing

@Suite struct LatencyHistogramTests {
  private static let hour: Int64 = 3_600_000_000_000

  @Test func anEmptyHistogramHasOnlyZeros() {
    let histogram = LatencyHistogram()
    #expect(histogram.count == 0)
    #expect(histogram.maximumNanoseconds == 0)
    #expect(histogram.meanNanoseconds == 0)
    for percentile in [0, 50, 100] as [Double] { #expect(histogram.nanoseconds(atPercentile: percentile) == 0) }
  }

  @Test(
    arguments: [
      ("nothing", 0, 0), ("negative", -5, 0), ("the most negative", .min, 0), ("a nanosecond", 1, 1),
      ("2047 ns", 2047, 2047),
      ("an hour", hour, hour), ("more than an hour", hour + 1, hour), ("the longest", .max, hour),
    ] as [(String, Int64, Int64)])
  func aLatencyIsClampedAndNeverLost(label: String, latency: Int64, recorded: Int64) {
    var histogram = LatencyHistogram()
    histogram.record(nanoseconds: latency)
    #expect(histogram.count == 1)
    #expect(histogram.maximumNanoseconds == UInt64(recorded))
    for percentile in [0.1, 50, 99.999, 100] {
      let value = Double(histogram.nanoseconds(atPercentile: percentile))
      #expect(abs(value - Double(recorded)) <= Double(recorded) * 0.001, "percentile \(percentile)")
    }
  }

  @Test func everyLatencyIsKeptToThreeDigits() {
    var latency: Int64 = 1
    while latency < Self.hour {
      var histogram = LatencyHistogram()
      histogram.record(nanoseconds: latency)
      histogram.record(nanoseconds: Self.hour)
      let median = Double(histogram.nanoseconds(atPercentile: 50))
      #expect(abs(median - Double(latency)) <= Double(latency) * 0.001, "\(latency) ns")
      latency = latency * 7 / 3 + 1
    }
  }

  @Test(arguments: [31, 32] as [UInt64])
  func noPercentileIsAboveTheMaximumOrBelowAnEarlierOne(seed: UInt64) {
    var dice = Dice(seed: seed)
    var histogram = LatencyHistogram()
    for _ in 0..<1000 { histogram.record(nanoseconds: Int64(dice.next() >> UInt64(22 + dice.below(30)))) }
    var before: UInt64 = 0
    for percentile in stride(from: 0.0, through: 100, by: 0.25) {
      let value = histogram.nanoseconds(atPercentile: percentile)
      #expect(value >= before, "seed \(seed), percentile \(percentile)")
      before = value
    }
    #expect(before == histogram.maximumNanoseconds, "seed \(seed)")
  }

  @Test func percentilesCountSamples() {
    var histogram = LatencyHistogram()
    for latency in 1...1000 as ClosedRange<Int64> { histogram.record(nanoseconds: latency) }
    #expect(histogram.nanoseconds(atPercentile: 50) == 500)
    #expect(histogram.nanoseconds(atPercentile: 99) == 990)
    #expect(histogram.nanoseconds(atPercentile: 99.9) == 999)
    #expect(histogram.nanoseconds(atPercentile: 100) == 1000)
    #expect(abs(histogram.meanNanoseconds - 500.5) < 1)
  }

  @Test(arguments: [41, 42] as [UInt64])
  func aMergedHistogramIsTheOneOfAllSamples(seed: UInt64) {
    var dice = Dice(seed: seed)
    var parts = [LatencyHistogram(), LatencyHistogram(), LatencyHistogram()]
    var whole = LatencyHistogram()
    for _ in 0..<3000 {
      let latency = Int64(dice.next() >> UInt64(1 + dice.below(63)))
      parts[dice.below(2)].record(nanoseconds: latency)
      whole.record(nanoseconds: latency)
    }
    var merged = LatencyHistogram()
    for part in parts { merged.merge(part) }
    #expect(merged.count == whole.count, "seed \(seed)")
    #expect(merged.maximumNanoseconds == whole.maximumNanoseconds, "seed \(seed)")
    #expect(merged.meanNanoseconds == whole.meanNanoseconds, "seed \(seed)")
    for percentile in stride(from: 0.0, through: 100, by: 0.1) {
      let expected = whole.nanoseconds(atPercentile: percentile)
      #expect(merged.nanoseconds(atPercentile: percentile) == expected, "seed \(seed), percentile \(percentile)")
    }
  }
}
