import JSONText
import TraceContext

extension TraceRequestScanner {
  /// Reads a span where the reader stands and hands it over.
  static func scanSpan<Sink: SpanSink & ~Copyable>(
    _ reader: inout JSONReader, _ text: Span<UInt8>, into sink: inout Sink
  ) throws(ScanError) {
    var span = JSONSpan()
    var field = try reader.enterObject(text)
    while let key = field {
      if try !span.read(key, &reader, text) { try reader.skipValue(text) }
      field = try reader.nextKey(text)
    }
    span.append(to: &sink, text)
  }

  /// As `scanSpan`, but reads the parts that are watched.
  static func scanSpan<Sink: SpanPartSink & ~Copyable>(
    _ reader: inout JSONReader, _ text: Span<UInt8>, watching parts: WatchedParts, into sink: inout Sink
  ) throws(ScanError) {
    var span = JSONSpan()
    var field = try reader.enterObject(text)
    while let key = field {
      if try !span.read(key, &reader, text) { try scanPart(key, &reader, text, parts, into: &sink) }
      field = try reader.nextKey(text)
    }
    span.append(to: &sink, text)
  }
}

/// A span without its parts, as far as it has been read.
private struct JSONSpan {
  private var span = ScannedSpan()
  private var name: JSONString?

  func append<Sink: SpanSink & ~Copyable>(to sink: inout Sink, _ text: Span<UInt8>) {
    guard let name else { return sink.append(span, name: text.bytes.extracting(0..<0)) }
    name.withBytes(text) { sink.append(span, name: $0) }
  }

  /// Reads the value of a member; false, and not a step, where it is none of these.
  @inline(__always)
  mutating func read(_ key: JSONString, _ reader: inout JSONReader, _ text: Span<UInt8>) throws(ScanError) -> Bool {
    if key.equals("traceId", text) {
      span.traceID = TraceRequestScanner.traceID(try reader.string(text), text)
    } else if key.equals("spanId", text) {
      span.spanID = TraceRequestScanner.spanID(try reader.string(text), text) ?? .zero
    } else if key.equals("parentSpanId", text) {
      let digits = try reader.string(text)
      let parent = TraceRequestScanner.spanID(digits, text)
      span.parentID = parent ?? .zero
      span.hasMalformedParentID = parent == nil && digits.map { $0.count > 0 } == true
    } else if key.equals("name", text) {
      name = try reader.string(text)
    } else if key.equals("kind", text) {
      span.kind = try reader.enumeration(text, Self.kinds)
    } else if key.equals("startTimeUnixNano", text) {
      span.start = try reader.uint64(text)
    } else if key.equals("endTimeUnixNano", text) {
      span.end = try reader.uint64(text)
    } else if key.equals("status", text) {
      span.status = try reader.takeNull(text) ? 0 : Self.status(&reader, text, span.status)
    } else if key.equals("flags", text) {
      span.flags = try reader.uint32(text)
    } else {
      return false
    }
    return true
  }

  private static let kinds: [StaticString] = [
    "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
  ]
  private static let codes: [StaticString] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"]

  private static func status(
    _ reader: inout JSONReader, _ text: Span<UInt8>, _ before: UInt8
  ) throws(ScanError) -> UInt8 {
    var status = before
    var field = try reader.enterObject(text)
    while let key = field {
      if key.equals("code", text) {
        status = try reader.enumeration(text, codes)
      } else {
        try reader.skipValue(text)
      }
      field = try reader.nextKey(text)
    }
    return status
  }
}

extension TraceRequestScanner {
  /// Zero where the text is missing or not 32 hexadecimal digits, of either case (OTLP specification, "JSON Protobuf
  /// Encoding").
  static func traceID(_ digits: JSONString?, _ text: Span<UInt8>) -> TraceID {
    guard let digits else { return .zero }
    if digits.isEscaped {
      let bytes = digits.unescaped(text)
      return traceID(JSONString(start: 0, end: bytes.count, isEscaped: false), bytes.span)
    }
    guard digits.count == 32, let high = value(of: text.bytes, at: digits.start),
      let low = value(of: text.bytes, at: digits.start &+ 16)
    else { return .zero }
    return TraceID(high: high, low: low)
  }

  /// Nil where the text is missing or not 16 hexadecimal digits.
  static func spanID(_ digits: JSONString?, _ text: Span<UInt8>) -> SpanID? {
    guard let digits else { return nil }
    if digits.isEscaped {
      let bytes = digits.unescaped(text)
      return spanID(JSONString(start: 0, end: bytes.count, isEscaped: false), bytes.span)
    }
    guard digits.count == 16 else { return nil }
    return value(of: text.bytes, at: digits.start).map(SpanID.init)
  }

  /// The value of 16 digits that stand between quotes; nil where one is no hexadecimal digit.
  private static func value(of bytes: RawSpan, at offset: Int) -> UInt64? {
    guard offset >= 0, bytes.byteCount &- offset >= 16 else { return nil }
    let first = small(bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    let second = small(bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self))
    var fault: UInt64 = 0
    let high = HexText.value(first, fault: &fault)
    let low = HexText.value(second, fault: &fault)
    return fault == 0 ? UInt64(high) << 32 | UInt64(low) : nil
  }

  /// Eight bytes in the body's order with their letters made small: bit 5 is set where bit 6 is, so that nothing else
  /// becomes a digit or a letter.
  private static func small(_ bytes: UInt64) -> UInt64 {
    let word = UInt64(littleEndian: bytes)
    return word | (word & 0x4040_4040_4040_4040) >> 1
  }
}
