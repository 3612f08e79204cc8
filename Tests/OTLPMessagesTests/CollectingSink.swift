import OTLPMessages
import TraceContext

/// Keeps everything that a scan finds.
struct CollectingSink: SpanSink {
  private(set) var spans: [FoundSpan] = []
  private var service = ""
  private var instance = ""

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
    service = text(serviceName)
    instance = text(serviceInstance)
  }

  mutating func append(_ span: ScannedSpan, name: RawSpan) {
    spans.append(
      FoundSpan(
        traceID: span.traceID.description, spanID: span.spanID.description, parentID: span.parentID.description,
        start: span.start, end: span.end, name: text(name), kind: span.kind, status: span.status,
        flags: span.flags, isValid: span.hasValidIDs, service: service, instance: instance))
  }

  private func text(_ bytes: RawSpan) -> String {
    bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}

extension CollectingSink {
  /// Scans `body` as it stands in an array.
  static func spans(in body: [UInt8]) throws(ScanError) -> [FoundSpan] {
    var sink = CollectingSink()
    try TraceRequestScanner.scan(body.span.bytes, into: &sink)
    return sink.spans
  }
}
