import TraceContext

// The parts of spans that somebody watches.
extension TraceRequestScanner {
  /// Reads an attribute as far as its key, and on where that is watched.
  static func scanAttribute<Sink: SpanPartSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, _ keys: borrowing AttributeKeys, into sink: inout Sink
  ) throws(ScanError) {
    guard let place = keys.place(of: body.extracting(try key(message, body))) else { return }
    try scanValue(message, body, at: place, into: &sink)
  }

  /// The key of a KeyValue; which is its last one is known at its end only.
  @inline(__always)
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
      default: try fields.skip(tag, body)
      }
    }
    sink.appendLink(traceID: linkedTrace, spanID: linkedSpan)
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
