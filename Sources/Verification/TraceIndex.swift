import Timing
import TraceContext

/// A trace that somebody's spans are in.
struct TraceEntry: BitwiseCopyable, Sendable {
  var high: UInt64
  var low: UInt64
  var lastArrival: Instant
  /// When it took its place in the line of those that wait.
  var waitsSince: Instant
  /// The last span to arrive, or -1.
  var firstSpan: Int32 = -1
  var spanCount: UInt32 = 0
  /// The next in line, or -1.
  var next: Int32 = -1
  /// Whether it is judged, and only remembered for what comes late.
  var isSettled = false
  /// Whether spans of it were left out.
  var isCut = false

  init(_ traceID: TraceID, at now: Instant) {
    high = traceID.high
    low = traceID.low
    lastArrival = now
    waitsSince = now
  }
}

/// Traces by their IDs: open addressing, and the entries in rows of their own.
struct TraceIndex: ~Copyable, @unchecked Sendable {
  // The rows belong to this value alone, and are freed with it.
  private var slots = [Int32](repeating: -1, count: 1024)
  private var rows: UnsafeMutablePointer<TraceEntry>
  private var capacity = 512
  private var touched = 0
  private var free: Int32 = -1
  private(set) var count = 0
  /// Who begins traces chooses their IDs.
  private let keys: (UInt64, UInt64)

  init() {
    rows = .allocate(capacity: capacity)
    keys = (.random(in: 0 ... .max), .random(in: 0 ... .max))
  }

  deinit { rows.deallocate() }

  /// Bytes that an entry takes, with its part of the slots.
  static let entryBytes = MemoryLayout<TraceEntry>.stride + 2 * MemoryLayout<Int32>.stride

  /// - Parameter index: of an entry that is there.
  subscript(index: Int32) -> UnsafeMutablePointer<TraceEntry> { rows + Int(index) }

  /// The entry of a trace, made where there is none.
  mutating func entry(of traceID: TraceID, at now: Instant) -> (index: Int32, isNew: Bool) {
    var slot = place(traceID.high, traceID.low)
    while slots[slot] >= 0 {
      let entry = rows + Int(slots[slot])
      if entry.pointee.low == traceID.low, entry.pointee.high == traceID.high { return (slots[slot], false) }
      slot = (slot + 1) & (slots.count - 1)
    }
    if (count + 1) * 2 > slots.count {
      grow()
      slot = freeSlot(traceID.high, traceID.low)
    }
    let index = takeRow()
    (rows + Int(index)).initialize(to: TraceEntry(traceID, at: now))
    slots[slot] = index
    count += 1
    return (index, true)
  }

  /// Forgets a trace. What stood behind it in its run of slots moves up, so that it is found without markers.
  mutating func remove(_ index: Int32) {
    let mask = slots.count - 1
    var hole = place(rows[Int(index)].high, rows[Int(index)].low)
    while slots[hole] != index { hole = (hole + 1) & mask }
    var slot = hole
    while true {
      slot = (slot + 1) & mask
      guard slots[slot] >= 0 else { break }
      let entry = rows[Int(slots[slot])]
      let home = place(entry.high, entry.low)
      // Whether its home lies at or before the hole, going round.
      if (slot - home) & mask >= (slot - hole) & mask {
        slots[hole] = slots[slot]
        hole = slot
      }
    }
    slots[hole] = -1
    rows[Int(index)].next = free
    free = index
    count -= 1
  }

  private mutating func takeRow() -> Int32 {
    if free >= 0 {
      let index = free
      free = rows[Int(index)].next
      return index
    }
    if touched == capacity {
      let larger = UnsafeMutablePointer<TraceEntry>.allocate(capacity: capacity * 2)
      larger.moveInitialize(from: rows, count: touched)
      rows.deallocate()
      rows = larger
      capacity *= 2
    }
    touched += 1
    return Int32(touched - 1)
  }

  private mutating func grow() {
    let old = slots
    slots = [Int32](repeating: -1, count: old.count * 2)
    for index in old where index >= 0 {
      slots[freeSlot(rows[Int(index)].high, rows[Int(index)].low)] = index
    }
  }

  private func freeSlot(_ high: UInt64, _ low: UInt64) -> Int {
    var slot = place(high, low)
    while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
    return slot
  }

  private func place(_ high: UInt64, _ low: UInt64) -> Int {
    let first = (low ^ keys.0).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
    let second = (high ^ keys.1 ^ first.high ^ first.low).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
    return Int(truncatingIfNeeded: second.high ^ second.low) & (slots.count - 1)
  }
}

/// Entries one after the other, linked by their `next`.
struct TraceLine {
  private var first: Int32 = -1
  private var last: Int32 = -1
  private(set) var count = 0

  /// The one that waits longest.
  var head: Int32? { first < 0 ? nil : first }

  mutating func append(_ index: Int32, _ traces: borrowing TraceIndex) {
    traces[index].pointee.next = -1
    if last >= 0 { traces[last].pointee.next = index } else { first = index }
    last = index
    count += 1
  }

  /// Takes the head out; there is one.
  mutating func removeFirst(_ traces: borrowing TraceIndex) {
    guard first >= 0 else { return }
    first = traces[first].pointee.next
    if first < 0 { last = -1 }
    count -= 1
  }
}
