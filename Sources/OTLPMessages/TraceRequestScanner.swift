/// Reads an ExportTraceServiceRequest in place, without a value for anything that the verifier does not use.
///
/// `ExportRequestScanner` says what is tolerated. The insides of attributes, events and links are skipped unread, but
/// for those that are watched.
package enum TraceRequestScanner {
  /// Hands every span of `body` to `sink`.
  ///
  /// An empty protobuf body is a valid request without spans; as JSON, that is `{}`. A span whose IDs are not what
  /// OTLP demands is handed over as such (`ScannedSpan.hasValidIDs`); it does not refuse the body.
  package static func scan<Sink: SpanSink & ~Copyable>(
    _ body: RawSpan, as encoding: OTLPEncoding = .protobuf, into sink: inout Sink
  ) throws(ScanError) {
    switch encoding {
    case .protobuf:
      try ExportRequestScanner.scan(body, into: &sink) { message, body, sink throws(ScanError) in
        try scanSpan(message, body, into: &sink)
      }
    case .json:
      try ExportRequestScanner.scanJSON(body, .traces, into: &sink) { reader, text, sink throws(ScanError) in
        try scanSpan(&reader, text, into: &sink)
      }
    }
  }

  /// As `scan(_:as:into:)`, with the parts of spans that are watched.
  ///
  /// What is read of them is read strictly: attributes as far as their keys, and the values of those that are watched;
  /// watched links and events. A value that is only too large or too deep does not refuse the body.
  package static func scan<Sink: SpanPartSink & ~Copyable>(
    _ body: RawSpan, as encoding: OTLPEncoding = .protobuf, watching parts: WatchedParts, into sink: inout Sink
  ) throws(ScanError) {
    switch encoding {
    case .protobuf:
      try ExportRequestScanner.scan(body, into: &sink) { message, body, sink throws(ScanError) in
        try scanSpan(message, body, watching: parts, into: &sink)
      }
    case .json:
      try ExportRequestScanner.scanJSON(body, .traces, into: &sink) { reader, text, sink throws(ScanError) in
        try scanSpan(&reader, text, watching: parts, into: &sink)
      }
    }
  }
}
