/// Reads an ExportTraceServiceRequest in place, without a value for anything that the verifier does not use.
///
/// Fields may come in any order; the last occurrence of a singular field wins and repeated occurrences of a singular
/// message merge (Protocol Buffers encoding, "Last One Wins"). Unknown fields are skipped. The insides of
/// attributes, events, links and scopes are skipped unread.
package enum TraceRequestScanner {
  /// Hands every span of `body` to `sink`; an empty body is a valid request without spans.
  @inlinable
  package static func scan<Sink: SpanSink & ~Copyable>(
    _ body: RawSpan, into sink: inout Sink
  ) throws(ScanError) {
    var request = WireCursor(body)
    while request.hasMore {
      let tag = try request.varint(body)
      switch tag {
      case RequestTag.resourceSpans: try scanResourceSpans(request.field(body), body, into: &sink)
      default: try request.skip(tag, lastKnownField: 1, body)
      }
    }
  }

  /// Goes over the top level twice, because the resource may follow its spans; skipping them by their length costs
  /// a few nanoseconds a request.
  @inlinable
  package static func scanResourceSpans<Sink: SpanSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, into sink: inout Sink
  ) throws(ScanError) {
    var service = ServiceRanges()
    var fields = message
    while fields.hasMore {
      let tag = try fields.varint(body)
      switch tag {
      case ResourceSpansTag.resource: try scanResource(fields.field(body), body, into: &service)
      case ResourceSpansTag.scopeSpans, ResourceSpansTag.schemaURL: try fields.skipField(body)
      default: try fields.skip(tag, lastKnownField: 3, body)
      }
    }
    sink.beginResource(
      serviceName: body.extracting(service.name), serviceInstance: body.extracting(service.instance))

    fields = message
    while fields.hasMore {
      let tag = try fields.varint(body)
      switch tag {
      case ResourceSpansTag.scopeSpans: try scanScopeSpans(fields.field(body), body, into: &sink)
      default: try fields.skip(tag, lastKnownField: 0, body)
      }
    }
  }

  @inlinable
  package static func scanScopeSpans<Sink: SpanSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, into sink: inout Sink
  ) throws(ScanError) {
    var fields = message
    while fields.hasMore {
      let tag = try fields.varint(body)
      switch tag {
      case ScopeSpansTag.span: try scanSpan(fields.field(body), body, into: &sink)
      case ScopeSpansTag.scope, ScopeSpansTag.schemaURL: try fields.skipField(body)
      default: try fields.skip(tag, lastKnownField: 3, body)
      }
    }
  }
}
