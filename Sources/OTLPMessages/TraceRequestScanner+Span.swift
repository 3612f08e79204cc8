import TraceContext

extension TraceRequestScanner {
  /// Reads an attribute, an event or a link, whose tag is given, and steps over it.
  typealias WirePart<Sink: ~Copyable> = (inout WireCursor, UInt64, RawSpan, inout Sink) throws(ScanError) -> Void

  @inline(__always)
  static func scanSpan<Sink: SpanSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, into sink: inout Sink, part: WirePart<Sink>
  ) throws(ScanError) {
    var span = ScannedSpan()
    var name = 0..<0
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      // These make most of a span: matched here, they are skipped without a call where nobody reads them.
      case SpanTag.attribute, SpanTag.event, SpanTag.link: try part(&fields, tag, body, &sink)
      case SpanTag.traceID: span.traceID = traceID(try fields.field(body), body)
      case SpanTag.spanID: span.spanID = spanID(try fields.field(body), body)
      case SpanTag.parentID:
        let parent = try fields.field(body)
        span.parentID = spanID(parent, body)
        span.hasMalformedParentID = parent.count != 0 && parent.count != 8
      case SpanTag.name: name = try fields.field(body).range
      case SpanTag.kind: span.kind = try fields.enumeration(body, upTo: 5)
      case SpanTag.start: span.start = try fields.fixed64(body)
      case SpanTag.end: span.end = try fields.fixed64(body)
      case SpanTag.status: try scanStatus(fields.field(body), body, into: &span)
      case SpanTag.flags: span.flags = try fields.fixed32(body)
      default: try fields.skip(tag, body)
      }
    }
    sink.append(span, name: body.extracting(name))
  }

  static func scanStatus(
    _ message: WireCursor, _ body: RawSpan, into span: inout ScannedSpan
  ) throws(ScanError) {
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case StatusTag.code: span.status = try fields.enumeration(body, upTo: 2)
      default: try fields.skip(tag, body)
      }
    }
  }

  /// Zero where `field` is not 16 bytes long.
  @inline(__always)
  static func traceID(_ field: WireCursor, _ body: RawSpan) -> TraceID {
    guard field.count == 16, let high = field.bigEndian64(body, at: 0), let low = field.bigEndian64(body, at: 8)
    else { return TraceID(high: 0, low: 0) }
    return TraceID(high: high, low: low)
  }

  /// Zero where `field` is not 8 bytes long.
  @inline(__always)
  static func spanID(_ field: WireCursor, _ body: RawSpan) -> SpanID {
    guard field.count == 8, let value = field.bigEndian64(body, at: 0) else { return SpanID(0) }
    return SpanID(value)
  }
}
