package import TraceContext

/// Takes the spans of an ExportTraceServiceRequest.
package protocol SpanSink: ExportSink, ~Copyable {
  /// A span with the bytes of its name.
  mutating func append(_ span: ScannedSpan, name: RawSpan)
}

/// Takes what is watched of spans as well; each span's parts come before it, in the order of the body.
package protocol SpanPartSink: SpanSink, ~Copyable {
  /// The value of a watched attribute. A key that stands again comes again; the last is the one that an SDK set last.
  ///
  /// - Parameters:
  ///   - place: of its key in `WatchedParts`.
  ///   - text: of a string its bytes; otherwise as `AttributeType` says.
  mutating func appendAttribute(at place: Int, _ type: AttributeType, text: RawSpan)

  /// A link; an ID that is missing or of a wrong length is zero.
  mutating func appendLink(traceID: TraceID, spanID: SpanID)

  /// An event; the name is empty where it is missing.
  mutating func appendEvent(name: RawSpan)
}

/// What an attribute's value is, and so how its text is written.
package enum AttributeType: Sendable, BitwiseCopyable {
  case string
  /// `true` or `false`.
  case bool
  /// Decimal digits.
  case int
  /// As Swift writes it.
  case double
  /// Bytes as base64; an array, a list or nothing at all as JSON, or `WatchedParts.oversize` where that takes too much.
  case other
}
