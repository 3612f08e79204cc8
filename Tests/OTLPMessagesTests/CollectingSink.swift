import OTLPMessages
import TraceContext

/// Keeps everything that a scan finds.
struct CollectingSink: SpanSink {
  private(set) var spans: [FoundSpan] = []
  /// Name and version of each span's scope.
  private(set) var scopes: [[String]] = []
  private var service = ""
  private var instance = ""
  private var scope: [String] = []

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
    service = text(serviceName)
    instance = text(serviceInstance)
    scope = []
  }

  mutating func beginScope(name: RawSpan, version: RawSpan) { scope = [text(name), text(version)] }

  mutating func append(_ span: ScannedSpan, name: RawSpan) {
    scopes.append(scope)
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
  /// Everything in `body` as it stands in an array.
  init(_ body: [UInt8], as encoding: OTLPEncoding = .protobuf) throws(ScanError) {
    try TraceRequestScanner.scan(body.span.bytes, as: encoding, into: &self)
  }

  static func spans(in body: [UInt8]) throws(ScanError) -> [FoundSpan] { try CollectingSink(body).spans }
}
