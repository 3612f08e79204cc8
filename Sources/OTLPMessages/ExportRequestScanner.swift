/// Walks down to the records of an export request: requests of traces, metrics and logs are built alike, down to
/// their field numbers, and differ in what a record is.
///
/// Fields may come in any order; the last occurrence of a singular field wins and repeated occurrences of a singular
/// message merge (Protocol Buffers encoding, "Last One Wins"). Unknown fields are skipped, and so is a field whose
/// wire type is not the declared one, as every parser of Google's does. The insides of scopes are read only as far as
/// their names, and the insides of schema URLs not at all.
enum ExportRequestScanner {
  /// Reads the record where the cursor stands; the cursor ends with it.
  typealias WireRecord<Sink: ~Copyable> = (WireCursor, RawSpan, inout Sink) throws(ScanError) -> Void

  /// Hands resources, scopes and the place of every record of `body` over; an empty body is a valid request.
  @inline(__always)
  static func scan<Sink: ExportSink & ~Copyable>(
    _ body: RawSpan, into sink: inout Sink, record: WireRecord<Sink>
  ) throws(ScanError) {
    var request = WireCursor(body)
    while request.hasMore {
      let tag = try request.tag(body)
      switch tag {
      case RequestTag.resource: try scanResourceRecords(request.field(body), body, into: &sink, record: record)
      default: try request.skip(tag, body)
      }
    }
  }

  /// Goes over the top level twice, because the resource may follow its records; skipping them by their length costs
  /// a few nanoseconds a request.
  @inline(__always)
  private static func scanResourceRecords<Sink: ExportSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, into sink: inout Sink, record: WireRecord<Sink>
  ) throws(ScanError) {
    let service = try serviceRanges(message, body)
    sink.beginResource(
      serviceName: body.extracting(service.first), serviceInstance: body.extracting(service.second))
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case ResourceRecordsTag.scopeRecords:
        try scanScopeRecords(fields.field(body), body, into: &sink, record: record)
      default: try fields.skip(tag, body)
      }
    }
  }

  /// Twice as well: the scope may follow its records.
  @inline(__always)
  private static func scanScopeRecords<Sink: ExportSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, into sink: inout Sink, record: WireRecord<Sink>
  ) throws(ScanError) {
    let scope = try scopeRanges(message, body)
    sink.beginScope(name: body.extracting(scope.first), version: body.extracting(scope.second))
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case ScopeRecordsTag.record: try record(fields.field(body), body, &sink)
      default: try fields.skip(tag, body)
      }
    }
  }
}
