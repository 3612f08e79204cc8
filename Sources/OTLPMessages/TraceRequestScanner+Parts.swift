import TraceContext

// The parts of spans that somebody watches.
extension TraceRequestScanner {
  /// Reads an attribute as far as its key, and on where that is watched.
  @inline(never)
  static func scanAttribute<Sink: SpanPartSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, _ parts: WatchedParts, into sink: inout Sink
  ) throws(ScanError) {
    if let plain = PlainAttribute(message, body), let text = PlainAttribute.text(plain.value, body) {
      guard let place = parts.place(of: body.extracting(plain.key)) else { return }
      return sink.appendAttribute(at: place, .string, text: body.extracting(text))
    }
    guard let place = parts.place(of: body.extracting(try key(message, body))) else { return }
    try scanValue(message, body, at: place, into: &sink)
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
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case KeyValueTag.value: try value.merge(fields.field(body), body)
      default: try fields.skip(tag, body)
      }
    }
    switch value {
    case .string(let range): sink.appendAttribute(at: place, .string, text: body.extracting(range))
    case .bool(let flag): sink.append(flag, at: place)
    case .int(let number): sink.append(number, at: place)
    case .double(let number): sink.append(number, at: place)
    case .other:
      sink.append(try AnyValue.bounded { () throws(ScanError) in try AnyValue(of: message, body) }, at: place)
    }
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
    var linkedTrace = TraceID.zero
    var linkedSpan = SpanID.zero
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case LinkTag.traceID: linkedTrace = traceID(try fields.field(body), body)
      case LinkTag.spanID: linkedSpan = spanID(try fields.field(body), body)
      // Not read, but in every link: skipped without a call.
      case LinkTag.flags: _ = try fields.fixed32(body)
      default: try fields.skip(tag, body)
      }
    }
    sink.appendLink(traceID: linkedTrace, spanID: linkedSpan)
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

  /// The string of an AnyValue that is one and nothing else; nil for any other.
  @inline(__always)
  static func text(_ value: Range<Int>, _ body: RawSpan) -> Range<Int>? {
    guard let text = field(AnyValueTag.string, at: value.lowerBound, end: value.upperBound, body),
      text.upperBound == value.upperBound
    else { return nil }
    return text
  }

  /// The field at `start` where it has this tag and a length of one byte.
  @inline(__always)
  private static func field(_ tag: UInt64, at start: Int, end: Int, _ body: RawSpan) -> Range<Int>? {
    guard end &- start >= 2, UInt64(body.unsafeLoad(fromByteOffset: start, as: UInt8.self)) == tag else { return nil }
    let length = Int(body.unsafeLoad(fromByteOffset: start &+ 1, as: UInt8.self))
    guard length < 0x80, length <= end &- start &- 2 else { return nil }
    return Range(uncheckedBounds: (start &+ 2, start &+ 2 &+ length))
  }
}

extension WatchedParts {
  /// Whether an attribute has to be looked at: not where it is a plain one whose key is as long as none that is watched.
  @inline(__always)
  func mayWatch(_ attribute: WireCursor, _ body: RawSpan) -> Bool {
    guard hasAttributes else { return false }
    guard let plain = PlainAttribute(attribute, body) else { return true }
    return hasKey(ofLength: plain.key.count)
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
  mutating func merge(_ message: WireCursor, _ body: RawSpan) throws(ScanError) {
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case AnyValueTag.string: self = .string(try fields.field(body).range)
      case AnyValueTag.bool: self = .bool(try fields.varint(body) != 0)
      case AnyValueTag.int: self = .int(Int64(bitPattern: try fields.varint(body)))
      case AnyValueTag.double: self = .double(Double(bitPattern: try fields.fixed64(body)))
      case AnyValueTag.array, AnyValueTag.keyValueList, AnyValueTag.bytes, AnyValueTag.stringIndex:
        try fields.skip(tag, body)
        self = .other
      default: try fields.skip(tag, body)
      }
    }
  }
}
