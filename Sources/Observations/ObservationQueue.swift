import Dispatch
import Synchronization

/// What one producer hands to the verifier at once.
package enum Delivery: Sendable {
  case facts(ObservationBatch)
  case spans(SpanBatch)
}

/// Observations of one reactor in the order in which they happened.
package struct ObservationBatch: Sendable {
  package var observations: [Observation]
  /// By the index of an observation: the beginning of what arrived, for the first few unreadable messages and malformed
  /// contexts; and the first reason of each close code, for one session that ended so.
  package var excerpts: [Int: String]

  package init(observations: [Observation] = [], excerpts: [Int: String] = [:]) {
    self.observations = observations
    self.excerpts = excerpts
  }
}

/// Carries batches from the reactors and the collector to the one thread that judges them.
///
/// Bounded: a delivery that finds `capacity` others waiting is dropped and counted, and the run is then inconclusive.
package final class ObservationQueue: Sendable {
  private struct State {
    var waiting: [Delivery] = []
    var dropped: UInt64 = 0
    var isFinished = false
  }

  private let state = Mutex(State())
  private let wakeUp = DispatchSemaphore(value: 0)
  private let capacity: Int

  /// - Parameter capacity: deliveries; one holds up to about a thousand observations or one export request.
  package init(capacity: Int = 8192) { self.capacity = capacity }

  package func push(_ delivery: Delivery) {
    let wasEmpty = state.withLock { state in
      guard state.waiting.count < capacity else {
        state.dropped += 1
        return false
      }
      state.waiting.append(delivery)
      return state.waiting.count == 1
    }
    if wasEmpty { wakeUp.signal() }
  }

  /// Says that no more will come.
  package func finish() {
    state.withLock { $0.isFinished = true }
    wakeUp.signal()
  }

  /// Everything that waits, after at most `milliseconds`; nil once the queue is finished and empty.
  package func takeAll(waitingAtMostMilliseconds milliseconds: Int) -> [Delivery]? {
    // Signals of deliveries that were taken without waiting would make later calls return at once, one each.
    while wakeUp.wait(timeout: .now()) == .success {}
    guard let ready = take() else { return nil }
    if !ready.isEmpty { return ready }
    _ = wakeUp.wait(timeout: .now() + .milliseconds(milliseconds))
    return take()
  }

  /// Deliveries that found the queue full.
  package var dropped: UInt64 { state.withLock { $0.dropped } }

  private func take() -> [Delivery]? {
    state.withLock { state in
      if state.waiting.isEmpty { return state.isFinished ? nil : [] }
      defer { state.waiting.removeAll(keepingCapacity: true) }
      return state.waiting
    }
  }
}
