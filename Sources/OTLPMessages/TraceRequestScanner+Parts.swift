import TraceContext

// The parts of spans that somebody watches.
extension TraceRequestScanner {
  /// Reads an attribute, behind whose tag the cursor stands, and all that follow it directly.
  ///
  /// - Returns: the place behind them.
  @inline(never)
  static func scanAttributes<Sink: SpanPartSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, _ parts: WatchedParts, into sink: inout Sink
  ) throws(ScanError) -> Int {
    var fields = message
    repeat {
      let attribute = try fields.field(body)
      guard parts.hasAttributes else { continue }
      if let plain = PlainAttribute(attribute, body) {
        // Most keys are as long as none that is watched.
        if parts.hasKey(ofLength: plain.key.count) { try scanAttribute(plain, attribute, body, parts, into: &sink) }
      } else if let place = parts.place(of: body.extracting(try key(attribute, body))) {
        try scanValue(attribute, body, at: place, into: &sink)
      }
    } while fields.takeByte(SpanTag.attribute, body)
    return fields.position
  }

  @inline(never)
  private static func scanAttribute<Sink: SpanPartSink & ~Copyable>(
    _ plain: PlainAttribute, _ message: WireCursor, _ body: RawSpan, _ parts: WatchedParts, into sink: inout Sink
  ) throws(ScanError) {
    guard let place = parts.place(of: body.extracting(plain.key)) else { return }
    guard let text = plain.text(body) else { return try scanValue(message, body, at: place, into: &sink) }
    sink.appendAttribute(at: place, .string, text: body.extracting(text))
  }

  /// The key of a KeyValue; which is its last one is known at its end only.
  private static func key(_ message: WireCursor, _ body: RawSpan) throws(ScanError) -> Range<Int> {
    var key = 0..<0
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case KeyValueTag.key: key = try fields.field(body).range
      case KeyValueTag.value: try fields.skipField(body)
      default: try fields.skip(tag, body)
      }
    }
    return key
  }

  /// Reads the value of a KeyValue. All of its occurrences are one: the last member of any counts.
  @inline(never)
  private static func scanValue<Sink: SpanPartSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, at place: Int, into sink: inout Sink
  ) throws(ScanError) {
    var value = ScalarValue.other
    // What is inside of an array or a list is read where it counts no longer, too: it has to be right.
    var hasTree = false
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case KeyValueTag.value: try value.merge(fields.field(body), body, &hasTree)
      default: try fields.skip(tag, body)
      }
    }
    switch value {
    case .other: return sink.append(try tree(message, body), at: place)
    case .string(let range): sink.appendAttribute(at: place, .string, text: body.extracting(range))
    case .bool(let flag): sink.append(flag, at: place)
    case .int(let number): sink.append(number, at: place)
    case .double(let number): sink.append(number, at: place)
    }
    if hasTree { _ = try tree(message, body) }
  }

  /// The value of a KeyValue with all that it holds; nil where that is beyond its bounds.
  private static func tree(_ message: WireCursor, _ body: RawSpan) throws(ScanError) -> AnyValue? {
    try AnyValue.bounded { () throws(ScanError) in try AnyValue(of: message, body) }
  }

  @inline(never)
  static func scanEvent<Sink: SpanPartSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, into sink: inout Sink
  ) throws(ScanError) {
    var name = 0..<0
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case EventTag.name: name = try fields.field(body).range
      default: try fields.skip(tag, body)
      }
    }
    sink.appendEvent(name: body.extracting(name))
  }

  @inline(never)
  static func scanLink<Sink: SpanPartSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, into sink: inout Sink
  ) throws(ScanError) {
    if let (linkedTrace, linkedSpan) = plainLink(message, body) {
      return sink.appendLink(traceID: linkedTrace, spanID: linkedSpan)
    }
    var linkedTrace = TraceID.zero
    var linkedSpan = SpanID.zero
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case LinkTag.traceID: linkedTrace = traceID(try fields.field(body), body)
      case LinkTag.spanID: linkedSpan = spanID(try fields.field(body), body)
      default: try fields.skip(tag, body)
      }
    }
    sink.appendLink(traceID: linkedTrace, spanID: linkedSpan)
  }

  /// The IDs of a link as nearly every exporter writes it: both, and perhaps the flags, in the order of their numbers;
  /// nil where it is written in another way.
  @inline(__always)
  private static func plainLink(_ message: WireCursor, _ body: RawSpan) -> (TraceID, SpanID)? {
    var fields = message
    guard message.count == 28 || message.count == 33, fields.takeByte(LinkTag.traceID, body),
      fields.takeByte(16, body), let high = fields.bigEndian64(body, at: 0), let low = fields.bigEndian64(body, at: 8)
    else { return nil }
    fields.position &+= 16
    guard fields.takeByte(LinkTag.spanID, body), fields.takeByte(8, body),
      let spanID = fields.bigEndian64(body, at: 0)
    else { return nil }
    fields.position &+= 8
    guard !fields.hasMore || fields.takeByte(LinkTag.flags, body) else { return nil }
    return (TraceID(high: high, low: low), SpanID(spanID))
  }
}

/// A KeyValue as nearly every exporter writes it: the key, then the value, each once and of fewer than 128 bytes.
private struct PlainAttribute {
  let key: Range<Int>
  let value: Range<Int>

  /// Nil where it is written in another way.
  @inline(__always)
  init?(_ message: WireCursor, _ body: RawSpan) {
    guard let key = Self.field(KeyValueTag.key, at: message.position, end: message.end, body),
      let value = Self.field(KeyValueTag.value, at: key.upperBound, end: message.end, body),
      value.upperBound == message.end
    else { return nil }
    self.key = key
    self.value = value
  }

  /// The string of a value that is one and nothing else; nil for any other.
  @inline(__always)
  func text(_ body: RawSpan) -> Range<Int>? {
    guard let text = Self.field(AnyValueTag.string, at: value.lowerBound, end: value.upperBound, body),
      text.upperBound == value.upperBound
    else { return nil }
    return text
  }

  /// The field at `start` where it has this tag and a length of one byte.
  @inline(__always)
  private static func field(_ tag: UInt64, at start: Int, end: Int, _ body: RawSpan) -> Range<Int>? {
    guard end &- start >= 2 else { return nil }
    // Tag and length in one load.
    let head = UInt16(littleEndian: body.unsafeLoadUnaligned(fromByteOffset: start, as: UInt16.self))
    let length = Int(head >> 8)
    guard UInt64(head & 0xff) == tag, length < 0x80, length <= end &- start &- 2 else { return nil }
    return Range(uncheckedBounds: (start &+ 2, start &+ 2 &+ length))
  }
}

extension WireCursor {
  /// Steps over the next byte where it is this one.
  @inline(__always)
  fileprivate mutating func takeByte(_ byte: UInt64, _ body: RawSpan) -> Bool {
    guard hasMore, UInt64(body.unsafeLoad(fromByteOffset: position, as: UInt8.self)) == byte else { return false }
    position &+= 1
    return true
  }
}

/// An AnyValue that is no more than a string or a number.
private enum ScalarValue {
  case string(Range<Int>)
  case bool(Bool)
  case int(Int64)
  case double(Double)
  /// Bytes, an array, a list, or nothing.
  case other

  /// Reads an AnyValue over what its field held before: AnyValue is a oneof, whose last member counts.
  @inline(__always)
  mutating func merge(_ message: WireCursor, _ body: RawSpan, _ hasTree: inout Bool) throws(ScanError) {
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case AnyValueTag.string: self = .string(try fields.field(body).range)
      case AnyValueTag.bool: self = .bool(try fields.varint(body) != 0)
      case AnyValueTag.int: self = .int(Int64(bitPattern: try fields.varint(body)))
      case AnyValueTag.double: self = .double(Double(bitPattern: try fields.fixed64(body)))
      case AnyValueTag.array, AnyValueTag.keyValueList:
        try fields.skipField(body)
        self = .other
        hasTree = true
      case AnyValueTag.bytes, AnyValueTag.stringIndex:
        try fields.skip(tag, body)
        self = .other
      default: try fields.skip(tag, body)
      }
    }
  }
}
