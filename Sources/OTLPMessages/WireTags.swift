/// Field tags of opentelemetry-proto 1.x: the field's number shifted by three, and its wire type (0 varint, 1 eight
/// bytes, 2 length-delimited, 5 four bytes).
enum RequestTag {
  /// resource_spans, resource_metrics or resource_logs.
  static var resource: UInt64 { 1 << 3 | 2 }
}

/// ResourceSpans, ResourceMetrics and ResourceLogs.
enum ResourceRecordsTag {
  static var resource: UInt64 { 1 << 3 | 2 }
  /// scope_spans, scope_metrics or scope_logs.
  static var scopeRecords: UInt64 { 2 << 3 | 2 }
}

/// ScopeSpans, ScopeMetrics and ScopeLogs.
enum ScopeRecordsTag {
  static var scope: UInt64 { 1 << 3 | 2 }
  /// A Span, a Metric or a LogRecord.
  static var record: UInt64 { 2 << 3 | 2 }
}

enum SpanTag {
  static var traceID: UInt64 { 1 << 3 | 2 }
  static var spanID: UInt64 { 2 << 3 | 2 }
  static var traceState: UInt64 { 3 << 3 | 2 }
  static var parentID: UInt64 { 4 << 3 | 2 }
  static var name: UInt64 { 5 << 3 | 2 }
  static var kind: UInt64 { 6 << 3 | 0 }
  static var start: UInt64 { 7 << 3 | 1 }
  static var end: UInt64 { 8 << 3 | 1 }
  static var attribute: UInt64 { 9 << 3 | 2 }
  static var event: UInt64 { 11 << 3 | 2 }
  static var link: UInt64 { 13 << 3 | 2 }
  static var status: UInt64 { 15 << 3 | 2 }
  static var flags: UInt64 { 16 << 3 | 5 }
}

enum EventTag {
  static var time: UInt64 { 1 << 3 | 1 }
  static var name: UInt64 { 2 << 3 | 2 }
}

enum LinkTag {
  static var traceID: UInt64 { 1 << 3 | 2 }
  static var spanID: UInt64 { 2 << 3 | 2 }
  static var flags: UInt64 { 6 << 3 | 5 }
}

enum StatusTag {
  static var message: UInt64 { 2 << 3 | 2 }
  static var code: UInt64 { 3 << 3 | 0 }
}

enum ResourceTag {
  static var attribute: UInt64 { 1 << 3 | 2 }
}

enum ScopeTag {
  static var name: UInt64 { 1 << 3 | 2 }
  static var version: UInt64 { 2 << 3 | 2 }
}

enum KeyValueTag {
  static var key: UInt64 { 1 << 3 | 2 }
  static var value: UInt64 { 2 << 3 | 2 }
}

enum AnyValueTag {
  static var string: UInt64 { 1 << 3 | 2 }
  static var bool: UInt64 { 2 << 3 | 0 }
  static var int: UInt64 { 3 << 3 | 0 }
  static var double: UInt64 { 4 << 3 | 1 }
  static var array: UInt64 { 5 << 3 | 2 }
  static var keyValueList: UInt64 { 6 << 3 | 2 }
  static var bytes: UInt64 { 7 << 3 | 2 }
  static var stringIndex: UInt64 { 8 << 3 | 0 }
}
