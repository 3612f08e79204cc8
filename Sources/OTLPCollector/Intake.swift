import NIOCore
import OTLPMessages
import Observations
import Timing

/// Reads whole bodies, counts what they hold and hands it to those who embed the collector.
final class Intake {
  private var receivers: Collector.Receivers
  private let ledger: CountLedger
  private let bodyLimit: Int
  private var inflater: Inflater
  private var stage = SpanStage()
  /// Names and services of batches that were not taken; the next batch announces them.
  private var unannounced: (names: [(index: NameIndex, text: String)], services: [(index: UInt16, text: String)]) =
    ([], [])

  /// - Parameter bodyLimit: bytes of the largest decompressed body.
  init(receivers: Collector.Receivers, ledger: CountLedger, bodyLimit: Int) throws(InflateFault) {
    self.receivers = receivers
    self.ledger = ledger
    self.bodyLimit = bodyLimit
    inflater = try Inflater(limit: bodyLimit)
  }

  /// Takes all of a body, or nothing.
  func take(_ request: ExportRequestHead, _ body: RequestBody, arrival: Instant) throws(Refusal) -> Outcome {
    let bytes = body.buffer.readableBytesSpan
    switch request.signal {
    case .traces:
      let receipt = try takeTraces(request, bytes, receivedAt: arrival)
      ledger.recordTraces(bodyBytes: body.receivedBytes, receipt)
      return Outcome(receipt)
    case .metrics:
      ledger.recordMetrics(bodyBytes: body.receivedBytes, points: try takeMetrics(request, bytes))
      return .taken
    case .logs:
      ledger.recordLogs(bodyBytes: body.receivedBytes, try takeLogs(request, bytes))
      return .taken
    }
  }

  private func takeTraces(
    _ request: ExportRequestHead, _ body: RawSpan, receivedAt: Instant
  ) throws(Refusal) -> SpanReceipt {
    stage.begin()
    try read(request, body) { body throws(ScanError) in
      try TraceRequestScanner.scan(body, as: request.encoding, into: &stage)
    }
    let (receipt, batch) = stage.commit(receivedAt: receivedAt)
    if let batch { try offer(batch) }
    return receipt
  }

  /// Reads a body twice: nothing is handed on before all of it is known to be valid.
  private func takeMetrics(_ request: ExportRequestHead, _ body: RawSpan) throws(Refusal) -> Int {
    var counter = MetricCounter()
    try read(request, body) { body throws(ScanError) in
      try MetricRequestScanner.scan(body, as: request.encoding, into: &counter)
      guard var sink = receivers.metrics else { return }
      defer { receivers.metrics = sink }
      try MetricRequestScanner.scan(body, as: request.encoding, into: &sink)
    }
    return counter.points
  }

  private func takeLogs(_ request: ExportRequestHead, _ body: RawSpan) throws(Refusal) -> [String: UInt64] {
    var tally = LogTally()
    try read(request, body) { body throws(ScanError) in
      try LogRequestScanner.scan(body, as: request.encoding, into: &tally)
    }
    return tally.records
  }

  /// Decompresses a body and has it scanned.
  private func read(
    _ request: ExportRequestHead, _ body: RawSpan, _ scan: (RawSpan) throws(ScanError) -> Void
  ) throws(Refusal) {
    func refusing(_ body: RawSpan) throws(Refusal) {
      do throws(ScanError) {
        try scan(body)
      } catch {
        throw .malformedBody(request.signal, error)
      }
    }
    switch request.coding {
    case .identity: try refusing(body)
    case .compressed(let format):
      try inflater.inflate(body, as: format, orThrow: { Refusal($0, limit: bodyLimit) }, refusing)
    }
  }

  /// Delivers a batch with all names that nobody knows yet; keeps them where it is not taken.
  private func offer(_ batch: SpanBatch) throws(Refusal) {
    var batch = batch
    if !unannounced.names.isEmpty { batch.newNames = unannounced.names + batch.newNames }
    if !unannounced.services.isEmpty { batch.newServices = unannounced.services + batch.newServices }
    let isTaken = receivers.deliver(batch)
    unannounced = isTaken ? ([], []) : (batch.newNames, batch.newServices)
    guard isTaken else { throw .pushedBack }
  }
}

extension Collector {
  /// What the embedding code does with what arrives.
  struct Receivers: Sendable {
    var metrics: (any MetricSink & Sendable)?
    var deliver: @Sendable (SpanBatch) -> Bool
  }
}

extension Outcome {
  /// Of a body whose valid spans were taken.
  fileprivate init(_ receipt: SpanReceipt) {
    guard receipt.invalidSpans > 0 else {
      self = .taken
      return
    }
    self = .partlyTaken(
      rejected: Int64(clamping: receipt.invalidSpans),
      message: "\(receipt.invalidSpans) of \(receipt.spans) spans have a trace ID, span ID or parent span ID that is "
        + "all zero or not 16, 8 and 8 bytes long")
  }
}
