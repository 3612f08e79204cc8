/// Takes the spans of an ExportTraceServiceRequest.
package protocol SpanSink: ExportSink, ~Copyable {
  /// A span with the bytes of its name.
  mutating func append(_ span: ScannedSpan, name: RawSpan)
}
