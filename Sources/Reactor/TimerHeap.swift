package import Timing

/// Numbers that are due at instants of their own, the earliest first: for waits of different lengths, where a `FIFO`
/// would not stay in order.
package struct TimerHeap: Sendable {
  private var entries: [(due: Instant, number: Int)] = []

  package init() {}

  package var isEmpty: Bool { entries.isEmpty }

  /// When the earliest is due; far away where there is none.
  package var next: Instant { entries.first?.due ?? Instant(nanoseconds: .max) }

  package mutating func add(_ number: Int, due: Instant) {
    entries.append((due, number))
    var child = entries.count - 1
    while child > 0, entries[child].due < entries[(child - 1) / 2].due {
      entries.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Removes and returns the earliest, if it is due.
  package mutating func removeDue(at now: Instant) -> Int? {
    guard let first = entries.first, first.due <= now else { return nil }
    let last = entries.removeLast()
    guard !entries.isEmpty else { return first.number }
    entries[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count {
        if entries[child].due < entries[least].due { least = child }
      }
      guard least != parent else { return first.number }
      entries.swapAt(parent, least)
      parent = least
    }
  }

  package mutating func removeAll() { entries.removeAll() }
}
