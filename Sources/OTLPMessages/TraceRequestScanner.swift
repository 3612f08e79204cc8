/// Reads an ExportTraceServiceRequest in place, without a value for anything that the verifier does not use.
///
/// `ExportRequestScanner` says what is tolerated. The insides of attributes, events and links are skipped unread.
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
}
