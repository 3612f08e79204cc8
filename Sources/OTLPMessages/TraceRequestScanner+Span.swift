import TraceContext

extension TraceRequestScanner {
  @inline(__always)
  static func scanSpan<Sink: SpanSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, into sink: inout Sink
  ) throws(ScanError) {
    var span = ScannedSpan()
    var name = 0..<0
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      // These make most of a span: matched here, they are skipped without a call.
      case SpanTag.attribute, SpanTag.event, SpanTag.link: try fields.skipField(body)
      default: try scanField(tag, &fields, body, into: &span, name: &name)
      }
    }
    sink.append(span, name: body.extracting(name))
  }

  /// As `scanSpan`, but reads the parts that are watched: by calls, which keep this loop as small as the other one.
  @inline(__always)
  static func scanSpan<Sink: SpanPartSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, watching parts: WatchedParts, into sink: inout Sink
  ) throws(ScanError) {
    var span = ScannedSpan()
    var name = 0..<0
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case SpanTag.attribute: fields.position = try scanAttributes(fields, body, parts, into: &sink)
      case SpanTag.event:
        let event = try fields.field(body)
        if parts.events { try scanEvent(event, body, into: &sink) }
      case SpanTag.link:
        let link = try fields.field(body)
        if parts.links { try scanLink(link, body, into: &sink) }
      default: try scanField(tag, &fields, body, into: &span, name: &name)
      }
    }
    sink.append(span, name: body.extracting(name))
  }

  /// Reads any other field of a span.
  @inline(__always)
  private static func scanField(
    _ tag: UInt64, _ fields: inout WireCursor, _ body: RawSpan, into span: inout ScannedSpan, name: inout Range<Int>
  ) throws(ScanError) {
    switch tag {
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
