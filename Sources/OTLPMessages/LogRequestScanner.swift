/// Takes the log records of an ExportLogsServiceRequest, which are counted by their resource and not kept.
package protocol LogSink: ExportSink, ~Copyable {
  /// One more record.
  mutating func append()
}

extension LogSink where Self: ~Copyable {
  /// Records of all scopes count alike.
  package mutating func beginScope(name: RawSpan, version: RawSpan) {}
}

/// Counts the records of an ExportLogsServiceRequest; the insides of their fields are skipped unread.
package enum LogRequestScanner {
  /// Tells `sink` of every record of `body`; an empty protobuf body is a valid request without any.
  package static func scan<Sink: LogSink & ~Copyable>(
    _ body: RawSpan, as encoding: OTLPEncoding, into sink: inout Sink
  ) throws(ScanError) {
    switch encoding {
    case .protobuf:
      try ExportRequestScanner.scan(body, into: &sink) { message, body, sink throws(ScanError) in
        var fields = message
        while fields.hasMore {
          let tag = try fields.tag(body)
          try fields.skip(tag, body)
        }
        sink.append()
      }
    case .json:
      try ExportRequestScanner.scanJSON(body, .logs, into: &sink) { reader, text, sink throws(ScanError) in
        var key = try reader.enterObject(text)
        while key != nil {
          try reader.skipValue(text)
          key = try reader.nextKey(text)
        }
        sink.append()
      }
    }
  }
}
