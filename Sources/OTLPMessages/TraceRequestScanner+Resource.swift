/// Where the attributes that name a service stand in the body; empty where they are missing.
package struct ServiceRanges {
  package var name = 0..<0
  package var instance = 0..<0
  package init() {}
}

extension TraceRequestScanner {
  package static func scanResource(
    _ message: WireCursor, _ body: RawSpan, into service: inout ServiceRanges
  ) throws(ScanError) {
    var fields = message
    while fields.hasMore {
      let tag = try fields.varint(body)
      switch tag {
      case ResourceTag.attribute:
        let (key, value) = try attribute(fields.field(body), body)
        if equals(body.extracting(key), "service.name") {
          service.name = value
        } else if equals(body.extracting(key), "service.instance.id") {
          service.instance = value
        }
      case ResourceTag.droppedAttributes: _ = try fields.varint(body)
      case ResourceTag.entityReference: try fields.skipField(body)
      default: try fields.skip(tag, lastKnownField: 3, body)
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
      let tag = try fields.varint(body)
      switch tag {
      case KeyValueTag.key: key = try fields.field(body).range
      case KeyValueTag.value: try scanString(fields.field(body), body, into: &value)
      case KeyValueTag.keyIndex: _ = try fields.varint(body)
      default: try fields.skip(tag, lastKnownField: 3, body)
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
      let tag = try fields.varint(body)
      switch tag {
      case AnyValueTag.string: value = try fields.field(body).range
      case AnyValueTag.bool, AnyValueTag.int, AnyValueTag.stringIndex:
        _ = try fields.varint(body)
        value = 0..<0
      case AnyValueTag.double:
        _ = try fields.fixed64(body)
        value = 0..<0
      case AnyValueTag.array, AnyValueTag.keyValueList, AnyValueTag.bytes:
        try fields.skipField(body)
        value = 0..<0
      default: try fields.skip(tag, lastKnownField: 8, body)
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
