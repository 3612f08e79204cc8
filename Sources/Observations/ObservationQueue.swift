import Dispatch
import Synchronization

/// What one producer hands to the verifier at once.
package enum Delivery: Sendable {
  case facts(ObservationBatch)
  case spans(SpanBatch)
}

/// Takes what a reactor has observed, a batch at a time, on the reactor's thread.
package protocol ObservationSink: Sendable {
  func push(_ batch: ObservationBatch)
}

/// Carries batches from the reactors and the collector to the one thread that judges them.
///
/// Bounded: facts that find `capacity` other deliveries waiting are dropped and counted, and the run is then
/// inconclusive. Spans are not dropped but refused, because whoever sent them can be asked to send them again.
package final class ObservationQueue: ObservationSink {
  private struct State {
    var waiting: [Delivery] = []
    /// Spans among them.
    var waitingSpans = 0
    var dropped: UInt64 = 0
    var isFinished = false
  }

  private let state = Mutex(State())
  private let wakeUp = DispatchSemaphore(value: 0)
  private let capacity: Int
  private let spanCapacity: Int

  /// - Parameters:
  ///   - capacity: deliveries; one holds up to about a thousand observations or one export request.
  ///   - spanCapacity: spans, 80 bytes each; a batch that is larger is taken where no other waits.
  package init(capacity: Int = 8192, spanCapacity: Int = 1 << 20) {
    self.capacity = capacity
    self.spanCapacity = spanCapacity
  }

  package func push(_ batch: ObservationBatch) {
    let wasEmpty = state.withLock { state in
      guard state.waiting.count < capacity else {
        state.dropped += 1
        return false
      }
      state.waiting.append(.facts(batch))
      return state.waiting.count == 1
    }
    if wasEmpty { wakeUp.signal() }
  }

  /// Takes a batch of spans, or refuses it where there is no room now.
  package func offer(_ batch: SpanBatch) -> Bool {
    let (isTaken, wasEmpty) = state.withLock { state in
      let hasRoom = state.waitingSpans == 0 || batch.spans.count <= spanCapacity - state.waitingSpans
      guard hasRoom, state.waiting.count < capacity else { return (false, false) }
      state.waiting.append(.spans(batch))
      state.waitingSpans += batch.spans.count
      return (true, state.waiting.count == 1)
    }
    if wasEmpty { wakeUp.signal() }
    return isTaken
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

  /// Batches of facts that found the queue full.
  package var dropped: UInt64 { state.withLock { $0.dropped } }

  private func take() -> [Delivery]? {
    state.withLock { state in
      if state.waiting.isEmpty { return state.isFinished ? nil : [] }
      defer {
        state.waiting.removeAll(keepingCapacity: true)
        state.waitingSpans = 0
      }
      return state.waiting
    }
  }
}
