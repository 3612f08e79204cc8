package import TraceContext

/// A span as it stands on the wire, without its name, attributes, events and links; fixed size, no references.
package struct ScannedSpan: Hashable, Sendable {
  /// Zero where the field is missing or not 16 bytes long.
  package var traceID = TraceID(high: 0, low: 0)
  /// Zero where the field is missing or not 8 bytes long.
  package var spanID = SpanID(0)
  /// Zero for a root, and where the field is neither empty nor 8 bytes long.
  package var parentID = SpanID(0)
  /// Nanoseconds since 1970.
  package var start: UInt64 = 0
  package var end: UInt64 = 0
  /// OTLP's Span.flags: the low 8 bits are W3C's, 0x100 says that 0x200 (the parent is remote) is known.
  package var flags: UInt32 = 0
  /// OTLP's SpanKind, 0 to 5; a number beyond reads as 0, unspecified.
  package var kind: UInt8 = 0
  /// OTLP's StatusCode, 0 to 2; a number beyond reads as 0, unset.
  package var status: UInt8 = 0
  /// The parent's field is neither empty nor 8 bytes long.
  package var hasMalformedParentID = false

  @inlinable package init() {}

  /// Whether the IDs are what OTLP demands: right lengths, and trace and span not all zero.
  @inlinable package var hasValidIDs: Bool { !traceID.isZero && !spanID.isZero && !hasMalformedParentID }
}
