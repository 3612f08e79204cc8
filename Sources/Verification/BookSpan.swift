import Observations
import TraceContext

/// A span of anybody's trace: 48 bytes.
struct BookSpan: TraceRow {
  private var row: SpanRow
  var service: UInt16

  init(_ span: SpanObservation, next: Int32) {
    row = SpanRow(span, next: next)
    service = span.service
  }

  var spanID: UInt64 { row.spanID }
  var parentID: UInt64 { row.parentID }
  var start: UInt64 { row.start }
  var end: UInt64 { row.end }
  var next: Int32 { row.next }
  var name: UInt16 { row.name }
  var kind: SpanKind { row.kind }
  var status: SpanStatus { row.status }
  var parentPlace: ParentPlace { row.parentPlace }

  /// Whether its parent is a span of the same process. Without flags nobody can say.
  var hasLocalParent: Bool { parentID != 0 && parentPlace == .sameProcess }
}
