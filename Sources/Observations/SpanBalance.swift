/// The books of one exporter's spans: what its SDK says it started, against what arrived here.
///
/// started = received + dropped + sampled out + still live or waiting + unexplained, by the SDK's own metrics
/// (OpenTelemetry semantic conventions, SDK metrics).
package struct SpanBalance: Hashable, Sendable {
  package var exporter: String
  package var started: Int64
  /// Not recorded, or recorded and not sampled.
  package var sampledOut: Int64
  /// By the processor, because its queue was full, or by the exporter, whose export failed.
  package var dropped: Int64
  /// Not ended yet.
  package var live: Int64
  /// Ended, and neither exported nor dropped yet.
  package var waiting: Int64
  package var received: Int64
  /// When the SDK counted last, in nanoseconds since 1970 on its clock.
  package var readAt: UInt64
  /// Whether the SDK counted from before this tool listened, so that the two sides do not compare.
  package var beganBefore: Bool

  /// Spans that nobody has an answer for; never negative: what arrived after the last reading of the metrics, or
  /// although the exporter believed that it did not, is no loss.
  package var unexplained: Int64 {
    beganBefore ? 0 : max(0, started &- sampledOut &- dropped &- live &- waiting &- received)
  }

  /// Spans that came after the SDK had counted last, so that what it lost since then is not known.
  package var ahead: Int64 { max(0, received &- (started &- sampledOut &- dropped &- live &- waiting)) }

  /// Spans that are known to be lost.
  package var lost: Int64 { beganBefore ? 0 : dropped &+ unexplained }

  /// Nil where the exporter sends no metrics of its SDK.
  ///
  /// - Parameters:
  ///   - place: of the exporter in the books, which series name.
  ///   - listeningSince: nanoseconds since 1970.
  package init?(_ books: ExporterBooks, at place: Int, _ series: [MetricSeries], listeningSince: UInt64) {
    let own = series.filter { $0.exporter == place && $0.name.hasPrefix("otel.sdk.") }
    let starts = own.filter { $0.name == "otel.sdk.span.started" }
    guard !starts.isEmpty else { return nil }
    func total(_ name: String, where isCounted: ([String: String]) -> Bool = { _ in true }) -> Int64 {
      own.reduce(0) { sum, series in
        guard series.name == name, isCounted(series.attributes), let number = series.reading.number else { return sum }
        let value = number.double
        return value.isFinite ? sum &+ Int64(max(min(value, 9e18), -9e18)) : sum
      }
    }
    func hasFailed(_ attributes: [String: String]) -> Bool { attributes["error.type"].map { !$0.isEmpty } ?? false }
    exporter = books.name
    started = total("otel.sdk.span.started")
    sampledOut = total("otel.sdk.span.started") { attributes in
      attributes["otel.span.sampling_result"].map { $0 != "RECORD_AND_SAMPLE" } ?? false
    }
    let failed = total("otel.sdk.exporter.span.exported", where: hasFailed)
    dropped = total("otel.sdk.processor.span.processed", where: hasFailed)
    live = total("otel.sdk.span.live") { $0["otel.span.sampling_result"] != "RECORD_ONLY" }
    waiting = total("otel.sdk.processor.span.queue.size") &+ total("otel.sdk.exporter.span.inflight")
    received = Int64(clamping: books.spans)
    // An export that failed may have been another exporter's of the same SDK, or have arrived here all the same: of
    // failures only so many spans are lost as are missing.
    let missing = started &- sampledOut &- dropped &- live &- waiting &- received
    dropped &+= max(0, min(failed, missing))
    readAt = starts.map(\.time).min() ?? 0
    beganBefore = starts.contains { $0.start > 0 && $0.start < listeningSince }
  }
}
