extension Traceparent {
  /// Reads a traceparent strictly, as W3C Trace Context (traceparent, versioning) demands.
  ///
  /// Version 00 is exactly 55 bytes of lowercase hex and dashes. A later version is read as far as version 00 goes,
  /// if the text ends there or goes on with a dash. Blanks around the value belong to the carrier, not to the value,
  /// so they are refused here.
  @inlinable
  package init(parsing text: RawSpan) throws(TraceparentFault) {
    guard text.byteCount >= Self.textLength else { throw .wrongLength(text.byteCount) }
    guard let version = HexText.byte(text, at: 0) else { throw .malformedVersion }
    guard version != 0xff else { throw .forbiddenVersion }
    if version == 0 {
      guard text.byteCount == Self.textLength else { throw .wrongLength(text.byteCount) }
    } else if text.byteCount > Self.textLength {
      try Self.requireDash(in: text, at: Self.textLength)
    }
    try Self.requireDash(in: text, at: 2)
    try Self.requireDash(in: text, at: 35)
    try Self.requireDash(in: text, at: 52)
    guard let high = HexText.value(text, at: 3), let low = HexText.value(text, at: 19) else {
      throw .malformedTraceID
    }
    guard high | low != 0 else { throw .zeroTraceID }
    guard let parent = HexText.value(text, at: 36) else { throw .malformedParentID }
    guard parent != 0 else { throw .zeroParentID }
    guard let flags = HexText.byte(text, at: 53) else { throw .malformedFlags }
    self.init(
      traceID: TraceID(high: high, low: low), parentID: SpanID(parent), flags: TraceFlags(rawValue: flags))
  }

  /// Reads a traceparent from a string; the rules are those of `init(parsing:)` over its UTF-8 bytes.
  package init(_ text: String) throws(TraceparentFault) {
    try self.init(parsing: Array(text.utf8).span.bytes)
  }

  @inlinable @inline(__always)
  static func requireDash(in text: RawSpan, at offset: Int) throws(TraceparentFault) {
    guard text.unsafeLoad(fromByteOffset: offset, as: UInt8.self) == UInt8(ascii: "-") else {
      throw .missingDash(at: offset)
    }
  }
}
