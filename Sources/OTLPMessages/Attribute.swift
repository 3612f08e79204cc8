/// An attribute of a resource or of a span that we export.
package struct Attribute: Hashable, Sendable {
  package var key: String
  package var value: AttributeValue

  package init(_ key: String, _ value: AttributeValue) {
    self.key = key
    self.value = value
  }
}

/// The kinds of OTLP's AnyValue that we export.
package enum AttributeValue: Hashable, Sendable {
  case string(String)
  case int(Int64)
  case bool(Bool)
}

extension Attribute {
  /// Writes the KeyValue with sizes known beforehand, so that nothing moves.
  func write(_ tag: UInt64, to writer: inout WireWriter) {
    let keySize = key.isEmpty ? 0 : WireWriter.size(ofString: key.utf8.count)
    let valueSize = value.encodedSize
    writer.varint(tag)
    writer.varint(UInt64(keySize + WireWriter.size(ofString: valueSize)))
    if !key.isEmpty { writer.field(KeyValueTag.key, string: key) }
    writer.varint(KeyValueTag.value)
    writer.varint(UInt64(valueSize))
    switch value {
    case .string(let text): writer.field(AnyValueTag.string, string: text)
    case .int(let number): writer.field(AnyValueTag.int, varint: UInt64(bitPattern: number))
    case .bool(let flag): writer.field(AnyValueTag.bool, varint: flag ? 1 : 0)
    }
  }
}

extension AttributeValue {
  /// Bytes of the AnyValue, without its own tag and length.
  fileprivate var encodedSize: Int {
    switch self {
    case .string(let text): WireWriter.size(ofString: text.utf8.count)
    case .int(let number): 1 + WireWriter.width(ofVarint: UInt64(bitPattern: number))
    case .bool: 2
    }
  }
}

extension WireWriter {
  /// Bytes of a length-delimited field with a one-byte tag.
  fileprivate static func size(ofString count: Int) -> Int { 1 + width(ofVarint: UInt64(count)) + count }
}
