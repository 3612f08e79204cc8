import TestInputs
import Testing
import Timing

@testable import Reactor

@Suite("A timer heap")
struct TimerHeapTests {
  @Test("gives what is due, the earliest first", arguments: 0..<20)
  func order(seed: Int) {
    var generator = Dice(seed: UInt64(seed))
    var heap = TimerHeap()
    var waiting: [(due: Int64, number: Int)] = []
    var now: Int64 = 0
    for number in 0..<2000 {
      let due = now + Int64.random(in: 0...1000, using: &generator)
      heap.add(number, due: Instant(nanoseconds: due))
      waiting.append((due, number))
      now += Int64.random(in: 0...20, using: &generator)
      var given: [Int64] = []
      while let number = heap.removeDue(at: Instant(nanoseconds: now)) {
        let place = waiting.firstIndex { $0.number == number }
        guard let place else {
          Issue.record("seed \(seed): \(number) was given twice")
          return
        }
        given.append(waiting.remove(at: place).due)
      }
      #expect(given == given.sorted(), "seed \(seed)")
      #expect(waiting.allSatisfy { $0.due > now }, "seed \(seed)")
      #expect(heap.next.nanoseconds == waiting.map(\.due).min() ?? .max, "seed \(seed)")
    }
  }

  @Test("is empty at first, and after all was removed")
  func emptiness() {
    var heap = TimerHeap()
    #expect(heap.isEmpty)
    #expect(heap.removeDue(at: Instant(nanoseconds: .max)) == nil)
    heap.add(1, due: Instant(nanoseconds: 5))
    heap.removeAll()
    #expect(heap.isEmpty)
    #expect(heap.next == Instant(nanoseconds: .max))
  }
}
