/// Where the two texts that name a resource, or a scope, stand in a protobuf body; empty where they are missing.
struct NameRanges {
  var first = 0..<0
  var second = 0..<0
}

extension ExportRequestScanner {
  /// The service's name and instance of a message with a resource and records.
  static func serviceRanges(_ message: WireCursor, _ body: RawSpan) throws(ScanError) -> NameRanges {
    var service = NameRanges()
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case ResourceRecordsTag.resource: try scanResource(fields.field(body), body, into: &service)
      default: try fields.skip(tag, body)
      }
    }
    return service
  }

  /// The name and version of the scope of a message with a scope and records.
  static func scopeRanges(_ message: WireCursor, _ body: RawSpan) throws(ScanError) -> NameRanges {
    var scope = NameRanges()
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case ScopeRecordsTag.scope: try scanScope(fields.field(body), body, into: &scope)
      case ScopeRecordsTag.record: try fields.skipField(body)
      default: try fields.skip(tag, body)
      }
    }
    return scope
  }

  private static func scanScope(
    _ message: WireCursor, _ body: RawSpan, into scope: inout NameRanges
  ) throws(ScanError) {
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case ScopeTag.name: scope.first = try fields.field(body).range
      case ScopeTag.version: scope.second = try fields.field(body).range
      default: try fields.skip(tag, body)
      }
    }
  }

  private static func scanResource(
    _ message: WireCursor, _ body: RawSpan, into service: inout NameRanges
  ) throws(ScanError) {
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case ResourceTag.attribute:
        let (key, value) = try attribute(fields.field(body), body)
        if equals(body.extracting(key), "service.name") {
          service.first = value
        } else if equals(body.extracting(key), "service.instance.id") {
          service.second = value
        }
      default: try fields.skip(tag, body)
      }
    }
  }

  /// Where the key and the value of a KeyValue stand; the value is empty unless it is a string.
  private static func attribute(
    _ message: WireCursor, _ body: RawSpan
  ) throws(ScanError) -> (key: Range<Int>, value: Range<Int>) {
    var key = 0..<0
    var value = 0..<0
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case KeyValueTag.key: key = try fields.field(body).range
      case KeyValueTag.value: try scanString(fields.field(body), body, into: &value)
      default: try fields.skip(tag, body)
      }
    }
    return (key, value)
  }

  /// AnyValue is a oneof: the last member on the wire is the value.
  private static func scanString(
    _ message: WireCursor, _ body: RawSpan, into value: inout Range<Int>
  ) throws(ScanError) {
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case AnyValueTag.string: value = try fields.field(body).range
      case AnyValueTag.bool, AnyValueTag.int, AnyValueTag.stringIndex, AnyValueTag.double, AnyValueTag.array,
        AnyValueTag.keyValueList, AnyValueTag.bytes:
        try fields.skip(tag, body)
        value = 0..<0
      default: try fields.skip(tag, body)
      }
    }
  }

  private static func equals(_ bytes: RawSpan, _ text: StaticString) -> Bool {
    guard bytes.byteCount == text.utf8CodeUnitCount else { return false }
    for offset in 0..<bytes.byteCount
    where bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) != text.utf8Start[offset] {
      return false
    }
    return true
  }
}
