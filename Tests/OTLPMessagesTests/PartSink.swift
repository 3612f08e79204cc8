import OTLPMessages
import TraceContext

/// Keeps, in words, every part of spans that a scan finds, and the names of the spans behind them.
struct PartSink: SpanPartSink {
  private(set) var found: [String] = []

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {}
  mutating func beginScope(name: RawSpan, version: RawSpan) {}
  mutating func append(_ span: ScannedSpan, name: RawSpan) { found.append("span \(Self.text(name))") }

  mutating func appendAttribute(at place: Int, _ type: AttributeType, text: RawSpan) {
    found.append("\(place) \(type) \(Self.text(text))")
  }

  mutating func appendLink(traceID: TraceID, spanID: SpanID) { found.append("link \(traceID) \(spanID)") }
  mutating func appendEvent(name: RawSpan) { found.append("event \(Self.text(name))") }

  private static func text(_ bytes: RawSpan) -> String { bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}

extension PartSink {
  static let keys = ["room", "messaging.message.body.size", "k", ""]
  static let parts = WatchedParts(attributes: keys, links: true, events: true)

  /// What is found in the spans of a body.
  static func found(
    in body: [UInt8], as encoding: OTLPEncoding = .protobuf, watching parts: WatchedParts = parts
  ) throws(ScanError) -> [String] {
    var sink = PartSink()
    try TraceRequestScanner.scan(body.span.bytes, as: encoding, watching: parts, into: &sink)
    return sink.found
  }
}
