import Observations
import TraceContext

/// A span of a message's trace, linked to the next of the same message.
struct SpanRow: Sendable {
  var spanID: UInt64
  var parentID: UInt64
  var start: UInt64
  var end: UInt64
  var name: UInt32
  var next: Int32
  var kind: SpanKind
  var status: SpanStatus

  init(_ span: SpanObservation, next: Int32) {
    spanID = span.spanID.rawValue
    parentID = span.parentID.rawValue
    start = span.start
    end = span.end
    name = span.name.rawValue
    self.next = next
    kind = span.kind
    status = span.status
  }
}

/// A copy that continues its message's trace and is not beyond the expected, linked to the next of the same message.
struct CopyRow: Sendable {
  /// Zero where it does not continue the message's trace.
  var parentID: UInt64
  /// The connection that received it.
  var connection: UInt32
  var next: Int32
}

/// Rows that are handed out and taken back one at a time; memory grows to the most that was in use at once.
struct Pool<Row: Sendable>: Sendable {
  private var rows: [Row] = []
  private var free: [Int32] = []

  var inUse: Int { rows.count - free.count }
  /// Rows in use and free.
  var capacity: Int { rows.count }

  mutating func add(_ row: Row) -> Int32 {
    if let index = free.popLast() {
      rows[Int(index)] = row
      return index
    }
    rows.append(row)
    return Int32(rows.count - 1)
  }

  mutating func remove(_ index: Int32) { free.append(index) }

  subscript(index: Int32) -> Row { rows[Int(index)] }
}
