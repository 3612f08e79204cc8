import OTLPMessages

/// What an OpenTelemetry SDK tells of its own spans (semantic conventions, SDK metrics).
struct SpanMetrics {
  /// Of the tracer.
  var spans: SpanCounts
  /// Of the exporter.
  var exports: SpanExporter.Counts
  /// Spans that wait for their export.
  var waiting: Int

  var sums: [ExportedSum] {
    let handedOver = spans.ended - spans.lost - Int64(exports.overflowed) - Int64(waiting)
    return [
      sum("otel.sdk.span.started", [.init(spans.started, Self.sampled), .init(spans.sampledOut, Self.sampledOut)]),
      sum("otel.sdk.span.live", isMonotonic: false, [.init(spans.started - spans.ended, Self.sampled)]),
      sum(
        "otel.sdk.processor.span.processed",
        [.init(handedOver)]
          + failure(exports.overflowed, "queue_full") + failure(Int(spans.lost), "injected_fault")),
      sum("otel.sdk.processor.span.queue.size", isMonotonic: false, [.init(Int64(waiting))]),
      sum("otel.sdk.exporter.span.exported", [.init(Int64(exports.exported))] + failure(exports.failed, "not_taken")),
    ]
  }

  private func sum(_ name: String, isMonotonic: Bool = true, _ points: [ExportedSum.Point]) -> ExportedSum {
    ExportedSum(name, unit: "{span}", isMonotonic: isMonotonic, points)
  }

  /// Nothing as long as nothing failed.
  private func failure(_ count: Int, _ type: String) -> [ExportedSum.Point] {
    count == 0 ? [] : [.init(Int64(count), [Attribute("error.type", .string(type))])]
  }

  private static let sampled = [Attribute("otel.span.sampling_result", .string("RECORD_AND_SAMPLE"))]
  private static let sampledOut = [Attribute("otel.span.sampling_result", .string("DROP"))]
}
