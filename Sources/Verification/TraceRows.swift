import Observations
import TraceContext

/// What any row of a span tells of its place in a trace.
protocol TraceRow: BitwiseCopyable, Sendable {
  var spanID: UInt64 { get }
  /// Zero for a root.
  var parentID: UInt64 { get }
  var start: UInt64 { get }
  var end: UInt64 { get }
  /// The next of the same trace, or -1.
  var next: Int32 { get }
  var name: UInt16 { get }
}

/// A span of a message's trace, linked to the next of the same message: 40 bytes.
struct SpanRow: TraceRow {
  var spanID: UInt64
  var parentID: UInt64
  var start: UInt64
  var end: UInt64
  var next: Int32
  /// Index in the table of names; `NameTable.limit` for one that is not kept.
  var name: UInt16
  var kind: SpanKind
  var status: SpanStatus

  init(_ span: SpanObservation, next: Int32) {
    spanID = span.spanID.rawValue
    parentID = span.parentID.rawValue
    start = span.start
    end = span.end
    name = UInt16(clamping: span.name.rawValue)
    self.next = next
    kind = span.kind
    status = span.status
  }
}

/// A copy that continues its message's trace and is not beyond the expected, linked to the next of the same message.
struct CopyRow: Sendable, BitwiseCopyable {
  /// Zero where it does not continue the message's trace.
  var parentID: UInt64
  /// The connection that received it.
  var connection: UInt32
  var next: Int32
}
