import OTLPMessages
import TraceContext

/// One thing that a scan hands over, in the order of the body.
enum Found: Hashable {
  case resource(name: [UInt8], instance: [UInt8])
  case scope(name: [UInt8], version: [UInt8])
  case span(ScannedSpan, name: [UInt8])
  case point(MetricPoint)
  case logRecord
}

/// Keeps everything that a scan of any signal finds.
struct FoundSink: SpanSink, MetricSink, LogSink {
  private(set) var found: [Found] = []

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
    found.append(.resource(name: Self.bytes(serviceName), instance: Self.bytes(serviceInstance)))
  }

  mutating func beginScope(name: RawSpan, version: RawSpan) {
    found.append(.scope(name: Self.bytes(name), version: Self.bytes(version)))
  }

  mutating func append(_ span: ScannedSpan, name: RawSpan) { found.append(.span(span, name: Self.bytes(name))) }
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
    case .traces: try TraceRequestScanner.scan(bytes, as: encoding, into: &sink)
    case .metrics: try MetricRequestScanner.scan(bytes, as: encoding, into: &sink)
    case .logs: try LogRequestScanner.scan(bytes, as: encoding, into: &sink)
    }
    self = sink.found
  }

  /// Whether both are the same, where a NaN is the same as another one.
  func isSame(as other: [Found]) -> Bool { self == other || (count == other.count && "\(self)" == "\(other)") }
}
