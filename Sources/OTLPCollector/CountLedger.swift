import Observations
import Synchronization
import Timing

/// The books of the collector: written by its thread, read by any.
final class CountLedger: Sendable {
  private let state = Mutex(CollectorCounts())
  private let table = Mutex(ExporterTable())
  private let metrics: Mutex<MetricTable>
  let exporterNames = ExporterNames()
  private let listeningSince = WallClock.nanoseconds
  private let services: [String]

  /// - Parameter services: the ones that are asked for; empty for all.
  init(services: [String] = []) {
    self.services = services
    metrics = Mutex(MetricTable(exporterNames))
  }

  var counts: CollectorCounts { state.withLock { $0 } }

  var books: CollectorBooks {
    let (series, droppedPoints) = metrics.withLock { ($0.series, $0.droppedPoints) }
    return CollectorBooks(
      counts: counts, exporters: table.withLock { $0.books }, series: series, droppedPoints: droppedPoints,
      listeningSince: listeningSince, services: services)
  }

  /// An answer that is later than this makes a target with a bounded queue lose spans.
  static let slowAnswerNanoseconds: Int64 = nanosecondsPerSecond

  /// - Parameter isRepeated: whether the same spans were taken before.
  func recordTraces(bodyBytes: Int, _ receipt: SpanReceipt, isRepeated: Bool) {
    let newExporters = exporterNames.takeUnannounced()
    table.withLock { table in
      table.announce(newExporters)
      table.add(receipt.shares, bytes: bodyBytes, isRepeated: isRepeated, wallNow: WallClock.nanoseconds)
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

  /// Lets `keep` put data points into the table.
  func keepMetrics<Failure: Error>(_ keep: (inout MetricTable) throws(Failure) -> Void) throws(Failure) {
    try metrics.withLock { table throws(Failure) in try keep(&table) }
  }

  func recordMetrics(bodyBytes: Int, _ points: RecordTally) {
    record(points, bytes: bodyBytes, as: \.dataPoints)
    state.withLock { counts in
      counts.addOtherSignal(bodyBytes: bodyBytes)
      counts.dataPoints += points.total
    }
  }

  func recordLogs(bodyBytes: Int, _ records: RecordTally) {
    record(records, bytes: bodyBytes, as: \.logRecords)
    state.withLock { counts in
      counts.addOtherSignal(bodyBytes: bodyBytes)
      counts.logRecords += records.total
    }
  }

  /// - Parameter isOfBody: whether the body could not be decoded, and not the request be taken at all.
  func recordRefusal(bodyBytes: Int, isOfBody: Bool = false) {
    state.withLock { counts in
      counts.requests += 1
      counts.bytes += UInt64(bodyBytes)
      counts.refusedRequests += 1
      if isOfBody { counts.decodeErrors += 1 }
    }
  }

  /// - Parameter arrival: when the last byte of the request had been read.
  func recordAnswer(arrival: Instant, answered: Instant) {
    guard answered - arrival > Self.slowAnswerNanoseconds else { return }
    state.withLock { $0.slowAnswers += 1 }
  }

  private func record(_ tally: RecordTally, bytes: Int, as kind: WritableKeyPath<ExporterBooks, UInt64>) {
    let newExporters = exporterNames.takeUnannounced()
    table.withLock { table in
      table.announce(newExporters)
      table.add(tally, bytes: bytes, as: kind)
    }
  }

  func update(_ change: (inout CollectorCounts) -> Void) { state.withLock { change(&$0) } }
}

extension CollectorCounts {
  fileprivate mutating func addOtherSignal(bodyBytes: Int) {
    requests += 1
    bytes += UInt64(bodyBytes)
    otherSignals += 1
  }
}
