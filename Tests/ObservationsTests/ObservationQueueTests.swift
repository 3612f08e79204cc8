import Dispatch
import Synchronization
import Testing
import Timing
import TraceContext

@testable import Observations

@Suite("The observation queue")
struct ObservationQueueTests {
  private func delivery(_ number: UInt32) -> ObservationBatch {
    ObservationBatch(observations: [
      .opened(Observation.Opened(connection: number, at: Instant(nanoseconds: 0)))
    ])
  }

  private func numbers(_ deliveries: [Delivery]) -> [UInt32] {
    deliveries.flatMap { delivery -> [UInt32] in
      guard case .facts(let batch) = delivery else { return [] }
      return batch.observations.compactMap { if case .opened(let opened) = $0 { opened.connection } else { nil } }
    }
  }

  @Test("hands over what was pushed, in order and once")
  func order() {
    let queue = ObservationQueue()
    for number in 0..<100 { queue.push(delivery(UInt32(number))) }
    #expect(queue.takeAll(waitingAtMostMilliseconds: 0).map(numbers) == Array(0..<100))
    #expect(queue.takeAll(waitingAtMostMilliseconds: 0).map(numbers) == [])
  }

  @Test("drops what finds it full, counts it, and takes more once it is emptied")
  func capacity() {
    let queue = ObservationQueue(capacity: 3)
    for number in 0..<10 { queue.push(delivery(UInt32(number))) }
    #expect(queue.dropped == 7)
    #expect(queue.takeAll(waitingAtMostMilliseconds: 0).map(numbers) == [0, 1, 2])
    queue.push(delivery(10))
    #expect(queue.takeAll(waitingAtMostMilliseconds: 0).map(numbers) == [10])
    #expect(queue.dropped == 7)
  }

  @Test("refuses spans that find no room, drops none, and takes a batch beyond all room where none waits")
  func spans() {
    func batch(_ count: Int) -> SpanBatch {
      let span = SpanObservation(
        traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), parentID: SpanID(0), start: 1, end: 2,
        name: NameIndex(0), service: 0, kind: .server, status: .ok, flags: 0)
      return SpanBatch(
        spans: Array(repeating: span, count: count), newNames: [], newServices: [],
        receivedAt: Instant(nanoseconds: 0))
    }
    let queue = ObservationQueue(capacity: 5, spanCapacity: 100)
    #expect(queue.offer(batch(60)))
    #expect(!queue.offer(batch(41)))
    #expect(queue.offer(batch(40)))
    #expect(queue.takeAll(waitingAtMostMilliseconds: 0)?.count == 2)
    #expect(queue.offer(batch(5000)))
    #expect(!queue.offer(batch(1)))
    for number in 0..<4 { queue.push(delivery(UInt32(number))) }
    #expect(queue.takeAll(waitingAtMostMilliseconds: 0)?.count == 5)
    for number in 0..<5 { queue.push(delivery(UInt32(number))) }
    #expect(!queue.offer(batch(1)))
    #expect(queue.dropped == 0)
  }

  @Test("is over once it is finished and empty, not before")
  func finish() {
    let queue = ObservationQueue()
    queue.push(delivery(1))
    queue.finish()
    #expect(queue.takeAll(waitingAtMostMilliseconds: 60_000).map(numbers) == [1])
    #expect(queue.takeAll(waitingAtMostMilliseconds: 60_000) == nil)
    #expect(queue.takeAll(waitingAtMostMilliseconds: 60_000) == nil)
  }

  @Test("wakes a waiting consumer for a delivery and for the end")
  func wakeUp() {
    let queue = ObservationQueue()
    let taken = Mutex<[UInt32]>([])
    let group = DispatchGroup()
    DispatchQueue.global().async(group: group) {
      while let deliveries = queue.takeAll(waitingAtMostMilliseconds: 600_000) {
        taken.withLock { $0 += numbers(deliveries) }
      }
    }
    for number in 0..<1000 { queue.push(delivery(UInt32(number))) }
    queue.finish()
    #expect(group.wait(timeout: .now() + 60) == .success)
    #expect(taken.withLock { $0 } == Array(0..<1000))
  }

  @Test("loses nothing of many producers and keeps each one's order")
  func manyProducers() {
    let queue = ObservationQueue(capacity: .max)
    let taken = Mutex<[UInt32]>([])
    let group = DispatchGroup()
    DispatchQueue.global().async(group: group) {
      while let deliveries = queue.takeAll(waitingAtMostMilliseconds: 100) {
        taken.withLock { $0 += numbers(deliveries) }
      }
    }
    DispatchQueue.concurrentPerform(iterations: 8) { producer in
      for number in 0..<2000 { queue.push(delivery(UInt32(producer * 10_000 + number))) }
    }
    queue.finish()
    #expect(group.wait(timeout: .now() + 60) == .success)
    let all = taken.withLock { $0 }
    #expect(all.count == 16_000)
    #expect(queue.dropped == 0)
    for producer in 0..<8 {
      #expect(all.filter { $0 / 10_000 == producer } == (0..<2000).map { UInt32(producer * 10_000 + $0) })
    }
  }
}
