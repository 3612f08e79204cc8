import Foundation
import Observations
import Synchronization
import Timing
import Verification

/// Runs the verifier on a thread of its own until the queue is finished.
final class VerifierThread: Sendable {
  /// What of the verdict is known while the run goes on.
  struct Progress: Sendable {
    var tallies = Tallies()
    /// When spans last arrived.
    var lastSpans: Instant?
  }

  /// What verifying took.
  struct Effort: Sendable {
    /// Nanoseconds in which it did not wait.
    var busy: Int64 = 0
    /// The most deliveries that waited for it at once.
    var mostWaiting = 0
  }

  private static let sweepInterval: Int64 = 100_000_000

  /// How much later than now what happened until then is judged, in nanoseconds.
  private let delay: Int64
  private let queue: ObservationQueue
  private let progressState = Mutex(Progress())
  private let effortState = Mutex(Effort())
  private let result: Mutex<Verifier?>
  private let finished = DispatchSemaphore(value: 0)

  /// - Parameter delay: how long facts may be under way from where they were observed.
  init(_ verifier: consuming Verifier, queue: ObservationQueue, delay: Duration = .zero) {
    self.queue = queue
    self.delay = delay.clampedNanoseconds
    result = Mutex(verifier)
    let thread = Thread { self.run() }
    thread.name = "verifier"
    thread.stackSize = 8 << 20
    thread.start()
  }

  var progress: Progress { progressState.withLock { $0 } }

  var effort: Effort { effortState.withLock { $0 } }

  /// Waits until everything that was handed over is judged. The queue must be finished.
  func join() -> Verifier? {
    finished.wait()
    return result.withLock { $0.take() }
  }

  private func run() {
    guard var verifier = result.withLock({ $0.take() }) else { return }
    var lastSpans: Instant?
    var nextSweep = Instant.now
    while true {
      // Read before the queue is: what happened until now is then judged with all that was handed over until now.
      let now = Instant.now
      guard let deliveries = queue.takeAll(waitingAtMostMilliseconds: 50) else { break }
      let begin = Instant.now
      defer {
        let busy = Instant.now - begin
        effortState.withLock {
          $0.busy += busy
          $0.mostWaiting = max($0.mostWaiting, deliveries.count)
        }
      }
      for delivery in deliveries {
        if case .spans(let batch) = delivery { lastSpans = max(lastSpans ?? batch.receivedAt, batch.receivedAt) }
        verifier.take(delivery)
      }
      guard now >= nextSweep else { continue }
      nextSweep = now.advanced(byNanoseconds: Self.sweepInterval)
      verifier.advance(to: now.advanced(byNanoseconds: -delay))
      let progress = Progress(tallies: verifier.tallies, lastSpans: lastSpans)
      progressState.withLock { $0 = progress }
    }
    var last: Verifier? = verifier
    result.withLock { $0 = last.take() }
    finished.signal()
  }
}
