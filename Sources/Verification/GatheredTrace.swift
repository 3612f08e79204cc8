import Observations
import TraceContext

/// The spans of the trace that is judged, each once, with an index by span ID.
///
/// Its memory serves one message after another, and grows to the largest trace.
struct GatheredTrace<Row: TraceRow>: ~Copyable, @unchecked Sendable {
  // What the pointers lead to belongs to this value alone, and is freed with it.
  private(set) var count = 0
  /// Spans that were there again, as a repeated export brings them.
  private(set) var repeated = 0
  /// Of these, the ones that are other spans under the same ID.
  private(set) var conflicting = 0
  /// The IDs of the first of these.
  private(set) var conflictingIDs: [UInt64] = []
  private static var conflictLimit: Int { 64 }
  /// When the first span under ours ended: of several that began at once the one that ended last, so that the order of
  /// arrival decides nothing; 0 where there is none.
  private(set) var entryEnd: UInt64 = 0
  private(set) var latestStart: UInt64 = 0
  /// When the first span under ours began; 0 where there is none.
  private(set) var entryStart: UInt64 = 0

  private var rows: UnsafeMutablePointer<Row>
  private var capacity = 64
  /// A span's place plus one, or zero for none; a power of two, at most half full.
  private var slots: UnsafeMutablePointer<UInt32>
  private var mask = 0
  /// Who exports spans chooses their IDs.
  private let key: UInt64

  init() {
    rows = .allocate(capacity: capacity)
    slots = .allocate(capacity: capacity * 2)
    key = .random(in: 0 ... .max) | 1
  }

  deinit {
    rows.deallocate()
    slots.deallocate()
  }

  /// - Parameter place: below `count`.
  subscript(place: Int) -> UnsafePointer<Row> { UnsafePointer(rows + place) }

  /// The spans as an array, for the judge.
  var spans: [Row] { Array(UnsafeBufferPointer(start: rows, count: count)) }

  /// Where the span with this ID stands.
  func place(of id: UInt64) -> Int? {
    var slot = firstSlot(id)
    while slots[slot] != 0 {
      let place = Int(slots[slot]) - 1
      if rows[place].spanID == id { return place }
      slot = (slot &+ 1) & mask
    }
    return nil
  }

  /// Gathers the spans of a trace, the last to arrive first; of several with one ID the one that began first counts.
  ///
  /// - Parameters:
  ///   - first: the last to arrive, or -1.
  ///   - spanCount: how many there are.
  ///   - clientSpan: the ID that entry spans have as their parent.
  mutating func gather(first: Int32, count spanCount: Int, from pool: borrowing Pool<Row>, clientSpan: UInt64) {
    reserve(spanCount)
    count = 0
    repeated = 0
    if conflicting > 0 { conflictingIDs.removeAll(keepingCapacity: true) }
    conflicting = 0
    entryEnd = 0
    latestStart = 0
    entryStart = 0
    var index = first
    while index >= 0 {
      let span = pool[index]
      index = span.next
      if !insert(span) { repeated += 1 }
      latestStart = max(latestStart, span.start)
      guard span.parentID == clientSpan else { continue }
      if entryStart == 0 || span.start < entryStart || span.start == entryStart && span.end > entryEnd {
        entryStart = span.start
        entryEnd = span.end
      }
    }
  }

  private mutating func insert(_ span: Row) -> Bool {
    var slot = firstSlot(span.spanID)
    while slots[slot] != 0 {
      let known = rows[Int(slots[slot]) - 1]
      if known.spanID == span.spanID {
        if known.start != span.start || known.name != span.name || known.parentID != span.parentID {
          conflicting += 1
          if conflictingIDs.count < Self.conflictLimit { conflictingIDs.append(span.spanID) }
        }
        // Which of them counts is not decided by the order in which they came.
        if Self.isBefore(span, known) { rows[Int(slots[slot]) - 1] = span }
        return false
      }
      slot = (slot &+ 1) & mask
    }
    rows[count] = span
    count += 1
    slots[slot] = UInt32(truncatingIfNeeded: count)
    return true
  }

  private static func isBefore(_ span: Row, _ other: Row) -> Bool {
    (span.start, span.end, span.parentID, span.name, span.kind.rawValue, span.status.rawValue)
      < (other.start, other.end, other.parentID, other.name, other.kind.rawValue, other.status.rawValue)
  }

  private func firstSlot(_ id: UInt64) -> Int {
    let product = (id ^ key).multipliedFullWidth(by: key)
    return Int(truncatingIfNeeded: product.high ^ product.low) & mask
  }

  /// Makes room for so many spans, and empties the index.
  private mutating func reserve(_ spanCount: Int) {
    if spanCount > capacity {
      rows.deallocate()
      slots.deallocate()
      capacity = 1 << (Int.bitWidth - (spanCount - 1).leadingZeroBitCount)
      rows = .allocate(capacity: capacity)
      slots = .allocate(capacity: capacity * 2)
    }
    let size = 2 << (Int.bitWidth - max(spanCount - 1, 1).leadingZeroBitCount)
    mask = size - 1
    slots.initialize(repeating: 0, count: size)
  }
}
