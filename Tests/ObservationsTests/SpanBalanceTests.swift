import Observations
import Testing

@Suite("The balance of an exporter's spans")
struct SpanBalanceTests {
  @Test("explains what did not arrive by what the SDK says of itself")
  func explained() throws {
    let balance = try #require(
      drawn(
        [
          reading("otel.sdk.span.started", 100, ["otel.span.sampling_result": "RECORD_AND_SAMPLE"]),
          reading("otel.sdk.span.started", 30, ["otel.span.sampling_result": "DROP"]),
          reading("otel.sdk.span.started", 3, ["otel.span.sampling_result": "RECORD_ONLY"]),
          reading("otel.sdk.span.live", 5, ["otel.span.sampling_result": "RECORD_AND_SAMPLE"]),
          reading("otel.sdk.span.live", 3, ["otel.span.sampling_result": "RECORD_ONLY"]),
          reading("otel.sdk.processor.span.processed", 80),
          reading("otel.sdk.processor.span.processed", 7, ["error.type": "queue_full"]),
          reading("otel.sdk.processor.span.queue.size", 4),
          reading("otel.sdk.exporter.span.exported", 60),
          reading("otel.sdk.exporter.span.exported", 9, ["error.type": "503"]),
          reading("otel.sdk.exporter.span.inflight", 2),
          reading("http.server.request.duration", 1000),
        ], received: 70))
    #expect(balance.exporter == "chat/1")
    #expect(balance.started == 133)
    #expect(balance.sampledOut == 33)
    #expect(balance.dropped == 16)
    #expect(balance.live == 5)
    #expect(balance.waiting == 6)
    #expect(balance.received == 70)
    #expect(balance.unexplained == 3)
    #expect(balance.lost == 19)
  }

  @Test("takes an export that failed and arrived all the same for no loss")
  func arrivedAllTheSame() throws {
    let failures = reading("otel.sdk.exporter.span.exported", 10, ["error.type": "timeout"])
    let all = try #require(drawn([reading("otel.sdk.span.started", 100), failures], received: 100))
    #expect(all.lost == 0)
    let some = try #require(drawn([reading("otel.sdk.span.started", 100), failures], received: 97))
    #expect(some.dropped == 3)
    #expect(some.unexplained == 0)
  }

  @Test("is drawn of the services that are asked for")
  func otherServices() {
    let books = CollectorBooks(
      exporters: [ExporterBooks(service: "other", instance: ""), ExporterBooks(service: "chat", instance: "1")],
      series: [reading("otel.sdk.span.started", 10)], services: ["other"])
    #expect(books.balances.isEmpty)
  }

  @Test("takes no late reading of the metrics for a loss")
  func lateReading() throws {
    let balance = try #require(drawn([reading("otel.sdk.span.started", 10)], received: 12))
    #expect(balance.unexplained == 0)
    #expect(balance.lost == 0)
  }

  @Test("is none without metrics of the SDK, and says so where they count from before we listened")
  func noBalance() throws {
    #expect(drawn([reading("rooms", 3)], received: 12) == nil)
    let old = try #require(drawn([reading("otel.sdk.span.started", 10, start: 5)], received: 2))
    #expect(old.beganBefore)
    #expect(old.lost == 0)
  }

  @Test("never traps, whatever the numbers")
  func extremes() throws {
    for value in [Double.infinity, -.infinity, .nan, 1e300, -1e300] {
      let hostile = try #require(
        drawn(
          [
            number("otel.sdk.span.started", .double(value)), number("otel.sdk.span.live", .double(-value)),
            number("otel.sdk.processor.span.queue.size", .int(.min)),
          ], received: .max))
      #expect(hostile.unexplained >= 0)
    }
  }

  private func drawn(_ series: [MetricSeries], received: UInt64) -> SpanBalance? {
    var books = ExporterBooks(service: "chat", instance: "1")
    books.spans = received
    return CollectorBooks(
      exporters: [ExporterBooks(service: "other", instance: ""), books], series: series, listeningSince: 7
    )
    .balances.first
  }

  private func reading(
    _ name: String, _ value: Int64, _ attributes: [String: String] = ["otel.span.sampling_result": "RECORD_AND_SAMPLE"],
    start: UInt64 = 9
  ) -> MetricSeries {
    var series = number(name, .int(value), start: start)
    series.attributes = attributes
    return series
  }

  private func number(_ name: String, _ value: MetricNumber, start: UInt64 = 9) -> MetricSeries {
    MetricSeries(
      exporter: 1, scope: "sdk", name: name, unit: "{span}", attributes: [:], start: start, time: 10,
      reading: .sum(value, isMonotonic: true))
  }
}

@Suite("Readings of metrics")
struct MetricReadingTests {
  @Test("of histograms add up bucket by bucket, and keep the totals where the bounds differ")
  func histograms() {
    let first = histogram(3, bounds: [1, 2], counts: [1, 1, 1])
    #expect(
      first.adding(histogram(4, bounds: [1, 2], counts: [0, 4, 0])) == histogram(7, bounds: [1, 2], counts: [1, 5, 1]))
    #expect(first.adding(histogram(4, bounds: [1], counts: [4, 0])) == histogram(7, bounds: [], counts: []))
  }

  @Test("of exponential histograms add up at the coarser scale")
  func exponentials() {
    // At scale 1 the buckets 4, 5, 6 are (4, 5.66, 8, 11.3]; at scale 0 buckets 2 and 3 are (4, 8, 16].
    let fine = exponential(scale: 1, offset: 4, [1, 2, 4])
    let coarse = exponential(scale: 0, offset: 1, [10, 20])
    #expect(fine.adding(coarse) == exponential(scale: 0, offset: 1, [10, 23, 4], count: 37))
    #expect(coarse.adding(fine) == fine.adding(coarse))
    let negative = exponential(scale: 1, offset: -3, [1, 2, 4])
    #expect(
      negative.adding(exponential(scale: 0, offset: 0, [1])) == exponential(scale: 0, offset: -2, [1, 6, 1], count: 8))
  }

  @Test("of exponential histograms that lie too far apart keep their totals only, and never trap")
  func extremes() {
    let far = exponential(scale: .max, offset: .max, [1]).adding(exponential(scale: .min, offset: .min, [.max]))
    guard case .exponentialHistogram(let reading) = far else { return #expect(Bool(false)) }
    #expect(reading.totals.count == .max)
    let apart = exponential(scale: 0, offset: 0, [1]).adding(exponential(scale: 0, offset: 1_000_000, [1]))
    #expect(apart == exponential(scale: 0, offset: 0, [], count: 2))
  }

  @Test("of whole numbers stay whole as long as they fit")
  func numbers() {
    #expect(MetricNumber.int(1 << 60).adding(.int(1)) == .int(1 << 60 + 1))
    #expect(MetricNumber.int(.max).adding(.int(1)) == .double(9_223_372_036_854_775_808))
    #expect(MetricNumber.int(1).adding(.double(0.5)) == .double(1.5))
  }

  private func histogram(_ count: UInt64, bounds: [Double], counts: [UInt64]) -> MetricReading {
    .histogram(
      HistogramReading(
        HistogramTotals(count: count, sum: Double(count), min: 0, max: 9), bounds: bounds, counts: counts))
  }

  private func exponential(scale: Int32, offset: Int32, _ counts: [UInt64], count: UInt64? = nil) -> MetricReading {
    .exponentialHistogram(
      ExponentialReading(
        HistogramTotals(count: count ?? counts.reduce(0, &+), sum: nil, min: nil, max: nil), scale: scale, zeroCount: 0,
        positive: .init(offset: offset, counts: counts), negative: .init(offset: 0, counts: [])))
  }
}
