import Observations
import Synchronization
import Timing

/// The books of the collector: written by its thread, read by any.
final class CountLedger: Sendable {
  private let state = Mutex(CollectorCounts())
  private let table = Mutex(ExporterTable())

  var counts: CollectorCounts { state.withLock { $0 } }
  /// In the order in which they first sent something.
  var exporters: [ExporterBooks] { table.withLock { $0.books } }

  /// An answer that is later than this makes a target with a bounded queue lose spans.
  static let slowAnswerNanoseconds: Int64 = nanosecondsPerSecond

  /// - Parameters:
  ///   - isRepeated: whether the same spans were taken before.
  ///   - newExporters: in the order of their numbers.
  func recordTraces(
    bodyBytes: Int, _ receipt: SpanReceipt, isRepeated: Bool, newExporters: [(service: String, instance: String)]
  ) {
    table.withLock { table in
      table.announce(newExporters)
      table.add(receipt.shares, isRepeated: isRepeated, wallNow: WallClock.nanoseconds)
    }
    state.withLock { counts in
      counts.requests += 1
      counts.bytes += UInt64(bodyBytes)
      counts.spans += UInt64(receipt.spans)
      counts.invalidSpans += UInt64(receipt.invalidSpans)
      if isRepeated {
        counts.duplicateSpans += UInt64(receipt.validSpans)
      } else {
        counts.overflowedNames += UInt64(receipt.overflowedNames)
        counts.filteredSpans += UInt64(receipt.filteredSpans)
      }
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
