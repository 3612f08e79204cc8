import Observations
import TraceContext

/// A span of anybody's trace: 48 bytes.
struct BookSpan: TraceRow {
  /// What OTLP's Span.flags say of the parent.
  enum ParentPlace: UInt8, BitwiseCopyable, Sendable {
    case unknown, sameProcess, elsewhere
  }

  private var row: SpanRow
  var service: UInt16
  var parentPlace: ParentPlace

  init(_ span: SpanObservation, next: Int32) {
    row = SpanRow(span, next: next)
    service = span.service
    parentPlace = span.flags & 0x100 == 0 ? .unknown : span.flags & 0x200 == 0 ? .sameProcess : .elsewhere
  }

  var spanID: UInt64 { row.spanID }
  var parentID: UInt64 { row.parentID }
  var start: UInt64 { row.start }
  var end: UInt64 { row.end }
  var next: Int32 { row.next }
  var name: UInt16 { row.name }
  var kind: SpanKind { row.kind }
  var status: SpanStatus { row.status }

  /// Whether its parent is a span of the same process. Without flags nobody can say.
  var hasLocalParent: Bool { parentID != 0 && parentPlace == .sameProcess }
}
