/// Bytes that wait: memory is allocated with the first of them and freed with the last.
package struct SpillBuffer: ~Copyable {
  private var base: UnsafeMutableRawPointer?
  private var start = 0
  private var end = 0
  private var capacity = 0

  package init() {}

  deinit { base?.deallocate() }

  package var isEmpty: Bool { start == end }
  package var count: Int { end - start }

  /// The waiting bytes; valid until the next change.
  package var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: base.map { $0 + start }, count: count)
  }

  package mutating func append(_ more: UnsafeRawBufferPointer) {
    guard !more.isEmpty else { return }
    reserve(more.count).copyMemory(from: more)
    commit(more.count)
  }

  /// Room for at least `additional` bytes behind the waiting ones.
  @discardableResult
  package mutating func reserve(_ additional: Int) -> UnsafeMutableRawBufferPointer {
    if capacity - end < additional {
      let room = max(count + additional, min(count * 2, count + (1 << 20)))
      let grown = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 16)
      if let base {
        grown.copyMemory(from: base + start, byteCount: count)
        base.deallocate()
      }
      end = count
      start = 0
      base = grown
      capacity = room
    }
    return UnsafeMutableRawBufferPointer(start: base.map { $0 + end }, count: capacity - end)
  }

  /// Says that `count` bytes were written into the reserved room.
  package mutating func commit(_ count: Int) { end += min(count, capacity - end) }

  /// Forgets the first `count` waiting bytes.
  package mutating func consume(_ count: Int) {
    start += min(count, self.count)
    if isEmpty { clear() }
  }

  package mutating func clear() {
    base?.deallocate()
    base = nil
    start = 0
    end = 0
    capacity = 0
  }
}
