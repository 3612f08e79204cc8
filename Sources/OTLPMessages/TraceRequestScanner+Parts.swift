import TraceContext

extension TraceRequestScanner {
  /// Reads an attribute, an event or a link that may be watched.
  static func scanPart<Sink: SpanPartSink & ~Copyable>(
    _ tag: UInt64, _ message: WireCursor, _ body: RawSpan, _ parts: borrowing WatchedParts, into sink: inout Sink
  ) throws(ScanError) {
    switch tag {
    case SpanTag.attribute: if !parts.attributes.isEmpty { try scanAttribute(message, body, parts, into: &sink) }
    case SpanTag.event: if parts.events { try scanEvent(message, body, into: &sink) }
    case SpanTag.link: if parts.links { try scanLink(message, body, into: &sink) }
    default: break
    }
  }

  /// Steps over the fields of a KeyValue: which key is its last one is known at its end only.
  private static func scanAttribute<Sink: SpanPartSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, _ parts: borrowing WatchedParts, into sink: inout Sink
  ) throws(ScanError) {
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
    guard let place = parts.attributes.place(of: body.extracting(key)) else { return }
    try scanValue(message, body, at: place, into: &sink)
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

  private static func scanEvent<Sink: SpanPartSink & ~Copyable>(
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

  private static func scanLink<Sink: SpanPartSink & ~Copyable>(
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
