import Observations
import Timing
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
  var kind: SpanKind { get }
  var status: SpanStatus { get }
}

/// What OTLP's Span.flags say of a span's parent.
enum ParentPlace: UInt8, BitwiseCopyable, Sendable {
  case unknown, sameProcess, elsewhere

  init(flags: UInt32) {
    self = flags & 0x100 == 0 ? .unknown : flags & 0x200 == 0 ? .sameProcess : .elsewhere
  }
}

/// A span of a message's trace, linked to the next of the same message: 48 bytes.
struct SpanRow: TraceRow {
  var spanID: UInt64
  var parentID: UInt64
  var start: UInt64
  var end: UInt64
  var next: Int32
  /// Where its detail is kept, or -1.
  var detail: Int32
  /// Index in the table of names; `NameTable.limit` for one that is not kept.
  var name: UInt16
  var kind: SpanKind
  var status: SpanStatus
  var parentPlace: ParentPlace

  init(_ span: SpanObservation, next: Int32, detail: Int32 = -1) {
    spanID = span.spanID.rawValue
    parentID = span.parentID.rawValue
    start = span.start
    end = span.end
    name = UInt16(clamping: span.name.rawValue)
    self.next = next
    self.detail = detail
    kind = span.kind
    status = span.status
    parentPlace = ParentPlace(flags: span.flags)
  }
}

/// A copy that is not beyond the expected, linked to the next of the same message: 32 bytes.
struct CopyRow: Sendable, BitwiseCopyable {
  /// Zero where it does not continue the message's trace.
  var parentID: UInt64
  var at: Instant
  /// The connection that received it.
  var connection: UInt32
  var next: Int32
  var echoClass: EchoClass
}

/// An echo that was told of before its message was, linked to the next of the same message.
struct WaitingEcho: Sendable, BitwiseCopyable {
  var echoed: Observation.Echoed
  var next: Int32
}
