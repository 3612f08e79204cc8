/// Field tags of opentelemetry-proto 1.x: the field's number shifted by three, and its wire type (0 varint, 1 eight
/// bytes, 2 length-delimited, 5 four bytes).
package enum RequestTag {
  @inlinable package static var resourceSpans: UInt64 { 1 << 3 | 2 }
}

package enum ResourceSpansTag {
  @inlinable package static var resource: UInt64 { 1 << 3 | 2 }
  @inlinable package static var scopeSpans: UInt64 { 2 << 3 | 2 }
  @inlinable package static var schemaURL: UInt64 { 3 << 3 | 2 }
}

package enum ScopeSpansTag {
  @inlinable package static var scope: UInt64 { 1 << 3 | 2 }
  @inlinable package static var span: UInt64 { 2 << 3 | 2 }
  @inlinable package static var schemaURL: UInt64 { 3 << 3 | 2 }
}

package enum SpanTag {
  @inlinable package static var traceID: UInt64 { 1 << 3 | 2 }
  @inlinable package static var spanID: UInt64 { 2 << 3 | 2 }
  @inlinable package static var traceState: UInt64 { 3 << 3 | 2 }
  @inlinable package static var parentID: UInt64 { 4 << 3 | 2 }
  @inlinable package static var name: UInt64 { 5 << 3 | 2 }
  @inlinable package static var kind: UInt64 { 6 << 3 | 0 }
  @inlinable package static var start: UInt64 { 7 << 3 | 1 }
  @inlinable package static var end: UInt64 { 8 << 3 | 1 }
  @inlinable package static var attribute: UInt64 { 9 << 3 | 2 }
  @inlinable package static var droppedAttributes: UInt64 { 10 << 3 | 0 }
  @inlinable package static var event: UInt64 { 11 << 3 | 2 }
  @inlinable package static var droppedEvents: UInt64 { 12 << 3 | 0 }
  @inlinable package static var link: UInt64 { 13 << 3 | 2 }
  @inlinable package static var droppedLinks: UInt64 { 14 << 3 | 0 }
  @inlinable package static var status: UInt64 { 15 << 3 | 2 }
  @inlinable package static var flags: UInt64 { 16 << 3 | 5 }
}

package enum LinkTag {
  @inlinable package static var traceID: UInt64 { 1 << 3 | 2 }
  @inlinable package static var spanID: UInt64 { 2 << 3 | 2 }
  @inlinable package static var flags: UInt64 { 6 << 3 | 5 }
}

package enum StatusTag {
  @inlinable package static var message: UInt64 { 2 << 3 | 2 }
  @inlinable package static var code: UInt64 { 3 << 3 | 0 }
}

package enum ResourceTag {
  @inlinable package static var attribute: UInt64 { 1 << 3 | 2 }
  @inlinable package static var droppedAttributes: UInt64 { 2 << 3 | 0 }
  @inlinable package static var entityReference: UInt64 { 3 << 3 | 2 }
}

package enum ScopeTag {
  @inlinable package static var name: UInt64 { 1 << 3 | 2 }
  @inlinable package static var version: UInt64 { 2 << 3 | 2 }
}

package enum KeyValueTag {
  @inlinable package static var key: UInt64 { 1 << 3 | 2 }
  @inlinable package static var value: UInt64 { 2 << 3 | 2 }
  @inlinable package static var keyIndex: UInt64 { 3 << 3 | 0 }
}

package enum AnyValueTag {
  @inlinable package static var string: UInt64 { 1 << 3 | 2 }
  @inlinable package static var bool: UInt64 { 2 << 3 | 0 }
  @inlinable package static var int: UInt64 { 3 << 3 | 0 }
  @inlinable package static var double: UInt64 { 4 << 3 | 1 }
  @inlinable package static var array: UInt64 { 5 << 3 | 2 }
  @inlinable package static var keyValueList: UInt64 { 6 << 3 | 2 }
  @inlinable package static var bytes: UInt64 { 7 << 3 | 2 }
  @inlinable package static var stringIndex: UInt64 { 8 << 3 | 0 }
}
