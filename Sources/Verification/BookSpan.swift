import Observations
import TraceContext

/// A span of anybody's trace, linked to the next of the same trace: 48 bytes.
struct BookSpan: TraceRow {
  /// What OTLP's Span.flags say of the parent.
  enum ParentPlace: UInt8, BitwiseCopyable, Sendable {
    case unknown, sameProcess, elsewhere
  }

  var spanID: UInt64
  var parentID: UInt64
  var start: UInt64
  var end: UInt64
  var next: Int32
  var name: UInt16
  var service: UInt16
  var kind: SpanKind
  var status: SpanStatus
  var parentPlace: ParentPlace

  init(_ span: SpanObservation, next: Int32) {
    spanID = span.spanID.rawValue
    parentID = span.parentID.rawValue
    start = span.start
    end = span.end
    name = UInt16(clamping: span.name.rawValue)
    service = span.service
    self.next = next
    kind = span.kind
    status = span.status
    parentPlace = span.flags & 0x100 == 0 ? .unknown : span.flags & 0x200 == 0 ? .sameProcess : .elsewhere
  }

  /// Whether its parent is a span of the same process. Without flags nobody can say.
  var hasLocalParent: Bool { parentID != 0 && parentPlace == .sameProcess }
}
