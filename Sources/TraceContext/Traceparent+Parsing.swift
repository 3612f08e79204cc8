extension Traceparent {
  /// Reads a traceparent strictly, as W3C Trace Context (traceparent, versioning) demands.
  ///
  /// Version 00 is exactly 55 bytes of lowercase hex and dashes. A later version is read as far as version 00 goes,
  /// if the text ends there or goes on with a dash. Blanks around the value belong to the carrier, not to the value,
  /// so they are refused here.
  @inlinable
  package init(parsing text: RawSpan) throws(TraceparentFault) {
    let plain = text.byteCount == Self.textLength ? text.withUnsafeBytes { Self(plain: $0, at: 0) } : nil
    if let plain { self = plain } else { self = try Self(judging: text) }
  }

  /// The flawless one of version 00 at an offset, as almost all are; nil where anything else stands there, or nothing.
  @inlinable
  package init?(plain text: UnsafeRawBufferPointer, at offset: Int) {
    guard offset >= 0, text.count >= Self.textLength, offset <= text.count &- Self.textLength,
      let base = text.baseAddress.map({ $0 + offset })
    else { return nil }
    func word(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    // The eight bytes that end a text of 55 hold the last of the parent ID's digits, a dash and the flags.
    let (first, last) = (word(0), word(47))
    let fault = ((first & 0xff_ffff) ^ 0x2d_3030) | ((last >> 40 & 0xff) ^ 0x2d) | ((word(35) & 0xff) ^ 0x2d)
    var traceFaults = SIMD4<UInt64>(repeating: 0)
    let trace = HexText.values(SIMD4(word(3), word(11), word(19), word(27)), fault: &traceFaults)
    var parentFaults = SIMD2<UInt64>(repeating: 0)
    let parent = HexText.values(SIMD2(word(36), word(44)), fault: &parentFaults)
    let faults = traceFaults.lowHalf | traceFaults.highHalf | parentFaults
    let high = trace[0] << 32 | trace[1]
    let low = trace[2] << 32 | trace[3]
    let parentID = parent[0] << 32 | parent[1]
    guard fault | faults[0] | faults[1] == 0, high | low != 0, parentID != 0,
      let first = HexText.nibble(UInt8(truncatingIfNeeded: last >> 48)),
      let second = HexText.nibble(UInt8(truncatingIfNeeded: last >> 56))
    else { return nil }
    self.init(
      traceID: TraceID(high: high, low: low), parentID: SpanID(parentID),
      flags: TraceFlags(rawValue: first << 4 | second))
  }

  /// Any text, with the rule that it breaks.
  @inlinable
  init(judging text: RawSpan) throws(TraceparentFault) {
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
