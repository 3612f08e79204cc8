import TraceContext

/// The spans of the message that is judged, each once, with an index by span ID.
///
/// Its memory serves one message after another, and grows to the largest trace.
struct GatheredTrace: ~Copyable, @unchecked Sendable {
  // What the pointers lead to belongs to this value alone, and is freed with it.
  private(set) var count = 0
  /// Spans that were there again.
  private(set) var repeated = 0
  /// When the first span under ours ended: of several that began at once the one that ended last, so that the order of
  /// arrival decides nothing; 0 where there is none.
  private(set) var entryEnd: UInt64 = 0
  private(set) var latestStart: UInt64 = 0

  private var rows: UnsafeMutablePointer<SpanRow>
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
  subscript(place: Int) -> UnsafePointer<SpanRow> { UnsafePointer(rows + place) }

  /// The spans as an array, for the judge.
  var spans: [SpanRow] { Array(UnsafeBufferPointer(start: rows, count: count)) }

  /// Where the span with this ID stands.
  func place(of id: UInt64) -> Int? {
    var slot = first(id)
    while slots[slot] != 0 {
      let place = Int(slots[slot]) - 1
      if rows[place].spanID == id { return place }
      slot = (slot &+ 1) & mask
    }
    return nil
  }

  /// Gathers the spans of a message, the last to arrive first; of several with one ID that is the one that counts.
  mutating func gather(_ message: MessageRow, from pool: borrowing Pool<SpanRow>, clientSpan: UInt64) {
    reserve(Int(message.spanCount))
    count = 0
    repeated = 0
    entryEnd = 0
    latestStart = 0
    var entryStart = UInt64.max
    var index = message.firstSpan
    while index >= 0 {
      let span = pool[index]
      index = span.next
      guard insert(span) else {
        repeated += 1
        continue
      }
      latestStart = max(latestStart, span.start)
      guard span.parentID == clientSpan else { continue }
      if span.start < entryStart || span.start == entryStart && span.end > entryEnd {
        entryStart = span.start
        entryEnd = span.end
      }
    }
  }

  private mutating func insert(_ span: SpanRow) -> Bool {
    var slot = first(span.spanID)
    while slots[slot] != 0 {
      if rows[Int(slots[slot]) - 1].spanID == span.spanID { return false }
      slot = (slot &+ 1) & mask
    }
    rows[count] = span
    count += 1
    slots[slot] = UInt32(truncatingIfNeeded: count)
    return true
  }

  private func first(_ id: UInt64) -> Int { Int(truncatingIfNeeded: id &* key &>> 32) & mask }

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
