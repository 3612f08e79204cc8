import OTLPMessages
import TraceContext

/// One thing that a scan hands over, in the order of the body.
enum Found: Hashable {
  case resource(name: [UInt8], instance: [UInt8])
  case scope(name: [UInt8], version: [UInt8])
  case span(ScannedSpan, name: [UInt8], SpanParts)
  case point(MetricPoint)
  case logRecord
}

/// What is watched of one span, by kind in the order of the body.
struct SpanParts: Hashable {
  var attributes: [WatchedValue] = []
  var links: [[UInt64]] = []
  var events: [[UInt8]] = []

  struct WatchedValue: Hashable {
    var place: Int
    var type: String
    var text: [UInt8]
  }

  /// Keys that random bodies have, of which the last is that of an attribute without one.
  static let keys = ["a", "service.name", "größe ✓ \"\\\n", "größe ✓ \"\\/\n", ""]
}

/// Keeps everything that a scan of any signal finds.
struct FoundSink: SpanPartSink, MetricSink, LogSink {
  private(set) var found: [Found] = []
  private var parts = SpanParts()

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
    found.append(.resource(name: Self.bytes(serviceName), instance: Self.bytes(serviceInstance)))
  }

  mutating func beginScope(name: RawSpan, version: RawSpan) {
    found.append(.scope(name: Self.bytes(name), version: Self.bytes(version)))
  }

  mutating func append(_ span: ScannedSpan, name: RawSpan) {
    found.append(.span(span, name: Self.bytes(name), parts))
    parts = SpanParts()
  }

  mutating func appendAttribute(at place: Int, _ type: AttributeType, text: RawSpan) {
    parts.attributes.append(SpanParts.WatchedValue(place: place, type: "\(type)", text: Self.bytes(text)))
  }

  mutating func appendLink(traceID: TraceID, spanID: SpanID) {
    parts.links.append([traceID.high, traceID.low, spanID.rawValue])
  }

  mutating func appendEvent(name: RawSpan) { parts.events.append(Self.bytes(name)) }
  mutating func append(_ point: MetricPoint) { found.append(.point(point)) }
  mutating func append() { found.append(.logRecord) }

  private static func bytes(_ text: RawSpan) -> [UInt8] { text.withUnsafeBytes { Array($0) } }
}

extension [Found] {
  /// What our scanner finds in a body.
  init(scanning body: [UInt8], as encoding: OTLPEncoding, of signal: OTLPSignal) throws(ScanError) {
    var sink = FoundSink()
    let bytes = body.span.bytes
    switch signal {
    case .traces:
      switch encoding {
      case .protobuf:
        let parts = WatchedParts(attributes: SpanParts.keys, links: true, events: true)
        try TraceRequestScanner.scan(bytes, watching: parts, into: &sink)
      // JSON's schema has no parts.
      case .json: try TraceRequestScanner.scan(bytes, as: .json, into: &sink)
      }
    case .metrics: try MetricRequestScanner.scan(bytes, as: encoding, into: &sink)
    case .logs: try LogRequestScanner.scan(bytes, as: encoding, into: &sink)
    }
    self = sink.found
  }

  /// Whether both are the same, where a NaN is the same as another one.
  func isSame(as other: [Found]) -> Bool { self == other || (count == other.count && "\(self)" == "\(other)") }
}
