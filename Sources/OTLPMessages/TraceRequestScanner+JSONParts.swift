import JSONText
import TraceContext

extension TraceRequestScanner {
  /// Reads the value of a member of a span that `ScannedSpan` has no place for, or skips it.
  static func scanPart<Sink: SpanPartSink & ~Copyable>(
    _ key: JSONString, _ reader: inout JSONReader, _ text: Span<UInt8>, _ parts: WatchedParts, into sink: inout Sink
  ) throws(ScanError) {
    if parts.hasAttributes, key.equals("attributes", text) {
      try ExportRequestScanner.eachElement(&reader, text) { reader throws(ScanError) in
        try scanAttribute(&reader, text, parts, into: &sink)
      }
    } else if parts.links, key.equals("links", text) {
      try ExportRequestScanner.eachElement(&reader, text) { reader throws(ScanError) in
        try scanLink(&reader, text, into: &sink)
      }
    } else if parts.events, key.equals("events", text) {
      try ExportRequestScanner.eachElement(&reader, text) { reader throws(ScanError) in
        try scanEvent(&reader, text, into: &sink)
      }
    } else {
      try reader.skipValue(text)
    }
  }

  /// Steps over a KeyValue and goes back for its value where that is watched, since the key may follow it.
  private static func scanAttribute<Sink: SpanPartSink & ~Copyable>(
    _ reader: inout JSONReader, _ text: Span<UInt8>, _ parts: WatchedParts, into sink: inout Sink
  ) throws(ScanError) {
    var key: JSONString?
    var value: JSONReader?
    var field = try reader.enterObject(text)
    while let name = field {
      if name.equals("key", text) {
        key = try reader.string(text)
      } else {
        if name.equals("value", text) { value = reader }
        try reader.skipValue(text)
      }
      field = try reader.nextKey(text)
    }
    guard let place = parts.place(of: key, text) else { return }
    guard var value else { return sink.append(AnyValue.none, at: place) }
    try scanValue(&value, text, at: place, into: &sink)
  }

  /// Reads an AnyValue where the reader stands: the last member that is no null counts.
  private static func scanValue<Sink: SpanPartSink & ~Copyable>(
    _ reader: inout JSONReader, _ text: Span<UInt8>, at place: Int, into sink: inout Sink
  ) throws(ScanError) {
    let start = reader
    var value = ScalarValue.other
    var field = try reader.enterObject(text)
    while let name = field {
      if try !reader.takeNull(text) { try value.read(name, &reader, text) }
      field = try reader.nextKey(text)
    }
    switch value {
    case .string(let string): string.withBytes(text) { sink.appendAttribute(at: place, .string, text: $0) }
    case .bool(let flag): sink.append(flag, at: place)
    case .int(let number): sink.append(number, at: place)
    case .double(let number): sink.append(number, at: place)
    case .other:
      let tree = try AnyValue.bounded { () throws(ScanError) in
        var (reader, budget) = (start, AnyValueBudget())
        return try AnyValue(&reader, text, &budget)
      }
      sink.append(tree, at: place)
    }
  }

  private static func scanEvent<Sink: SpanPartSink & ~Copyable>(
    _ reader: inout JSONReader, _ text: Span<UInt8>, into sink: inout Sink
  ) throws(ScanError) {
    var name: JSONString?
    var field = try reader.enterObject(text)
    while let key = field {
      if key.equals("name", text) { name = try reader.string(text) } else { try reader.skipValue(text) }
      field = try reader.nextKey(text)
    }
    guard let name else { return sink.appendEvent(name: text.bytes.extracting(0..<0)) }
    name.withBytes(text) { sink.appendEvent(name: $0) }
  }

  private static func scanLink<Sink: SpanPartSink & ~Copyable>(
    _ reader: inout JSONReader, _ text: Span<UInt8>, into sink: inout Sink
  ) throws(ScanError) {
    var linkedTrace = TraceID.zero
    var linkedSpan = SpanID.zero
    var field = try reader.enterObject(text)
    while let key = field {
      if key.equals("traceId", text) {
        linkedTrace = traceID(try reader.string(text), text)
      } else if key.equals("spanId", text) {
        linkedSpan = spanID(try reader.string(text), text) ?? .zero
      } else {
        try reader.skipValue(text)
      }
      field = try reader.nextKey(text)
    }
    sink.appendLink(traceID: linkedTrace, spanID: linkedSpan)
  }
}

/// An AnyValue that is no more than a string or a number.
private enum ScalarValue {
  case string(JSONString)
  case bool(Bool)
  case int(Int64)
  case double(Double)
  /// Bytes, an array, a list, or nothing.
  case other

  /// Reads the value of a member, which is no null.
  mutating func read(_ name: JSONString, _ reader: inout JSONReader, _ text: Span<UInt8>) throws(ScanError) {
    if name.equals("stringValue", text) {
      self = try reader.string(text).map(ScalarValue.string) ?? .other
    } else if name.equals("boolValue", text) {
      self = .bool(try reader.bool(text))
    } else if name.equals("intValue", text) {
      self = .int(try reader.int64(text))
    } else if name.equals("doubleValue", text) {
      self = .double(try reader.double(text))
    } else {
      let isMember =
        name.equals("arrayValue", text) || name.equals("kvlistValue", text) || name.equals("bytesValue", text)
      try reader.skipValue(text)
      if isMember { self = .other }
    }
  }
}

extension WatchedParts {
  fileprivate func place(of key: JSONString?, _ text: Span<UInt8>) -> Int? {
    guard let key else { return place(of: text.bytes.extracting(0..<0)) }
    return key.withBytes(text) { place(of: $0) }
  }
}

extension JSONString {
  /// The string's bytes; only one with an escape allocates for them.
  @inline(__always)
  func withBytes<Result>(_ text: Span<UInt8>, _ use: (RawSpan) -> Result) -> Result {
    guard isEscaped else { return use(text.bytes.extracting(start..<end)) }
    let bytes = unescaped(text)
    return use(bytes.span.bytes)
  }
}
