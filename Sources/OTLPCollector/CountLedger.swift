import Observations
import Synchronization
import Timing

/// The books of the collector: written by its thread, read by any.
final class CountLedger: Sendable {
  private let state = Mutex(CollectorCounts())

  var counts: CollectorCounts { state.withLock { $0 } }

  /// An answer that is later than this makes a target with a bounded queue lose spans.
  static let slowAnswerNanoseconds: Int64 = nanosecondsPerSecond

  func recordTraces(bodyBytes: Int, _ receipt: SpanReceipt) {
    state.withLock { counts in
      counts.requests += 1
      counts.bytes += UInt64(bodyBytes)
      counts.spans += UInt64(receipt.spans)
      counts.invalidSpans += UInt64(receipt.invalidSpans)
      counts.overflowedNames += UInt64(receipt.overflowedNames)
    }
  }

  func recordOtherSignal(bodyBytes: Int) {
    state.withLock { counts in
      counts.requests += 1
      counts.bytes += UInt64(bodyBytes)
      counts.otherSignals += 1
    }
  }

  func recordRefusal(bodyBytes: Int) {
    state.withLock { counts in
      counts.requests += 1
      counts.bytes += UInt64(bodyBytes)
      counts.refusedRequests += 1
    }
  }

  /// - Parameter arrival: when the last byte of the request had been read.
  func recordAnswer(arrival: Instant, answered: Instant) {
    guard answered - arrival > Self.slowAnswerNanoseconds else { return }
    state.withLock { $0.slowAnswers += 1 }
  }

  func update(_ change: (inout CollectorCounts) -> Void) { state.withLock { change(&$0) } }
}
