import NIOCore
import OTLPMessages
import Observations
import Timing

/// Reads whole bodies, books what they hold and hands the spans to those who embed the collector.
final class Intake {
  private let deliver: @Sendable (SpanBatch) -> Bool
  private let ledger: CountLedger
  private let bodyLimit: Int
  private let exporters: ExporterNames
  private var inflater: Inflater
  private var stage: SpanStage
  /// Nil where nothing is watched.
  private let watchedParts: WatchedParts?
  private var repeatedBatches = RepeatedBatches()
  /// What batches that were not taken announced; the next batch announces it.
  private var unannounced = Announcements()

  init(
    _ configuration: Collector.Configuration, ledger: CountLedger, deliver: @escaping @Sendable (SpanBatch) -> Bool
  ) throws(InflateFault) {
    self.deliver = deliver
    self.ledger = ledger
    bodyLimit = configuration.bodyLimit
    exporters = ledger.exporterNames
    inflater = try Inflater(limit: bodyLimit)
    let watch = configuration.watch
    stage = SpanStage(exporters, services: configuration.services, watch: watch)
    watchedParts = watch.isEmpty ? nil : WatchedParts(watch)
  }

  /// Takes all of a body, or nothing.
  func take(_ request: ExportRequestHead, _ body: RequestBody, arrival: Instant) throws(Refusal) -> Outcome {
    let bytes = body.buffer.readableBytesSpan
    switch request.signal {
    case .traces:
      let (receipt, isRepeated) = try takeTraces(request, bytes, receivedAt: arrival)
      ledger.recordTraces(bodyBytes: body.receivedBytes, receipt, isRepeated: isRepeated)
      return Outcome(receipt)
    case .metrics:
      ledger.recordMetrics(bodyBytes: body.receivedBytes, try takeMetrics(request, bytes))
      return .taken
    case .logs:
      ledger.recordLogs(bodyBytes: body.receivedBytes, try takeLogs(request, bytes))
      return .taken
    }
  }

  /// Reads a body and delivers its spans, unless it was taken before.
  private func takeTraces(
    _ request: ExportRequestHead, _ body: RawSpan, receivedAt: Instant
  ) throws(Refusal) -> (SpanReceipt, isRepeated: Bool) {
    stage.begin()
    try read(request, body) { body throws(ScanError) in
      guard let watchedParts else { return try TraceRequestScanner.scan(body, as: request.encoding, into: &stage) }
      try TraceRequestScanner.scan(body, as: request.encoding, watching: watchedParts, into: &stage)
    }
    guard !stage.isRepeated(repeatedBatches) else { return (stage.abandon(), true) }
    let (receipt, batch) = stage.commit(receivedAt: receivedAt)
    if let batch { try offer(batch) }
    if receipt.validSpans > 0 { repeatedBatches.insert(receipt.fingerprint) }
    return (receipt, false)
  }

  /// Reads a body twice: nothing is kept before all of it is known to be valid.
  private func takeMetrics(_ request: ExportRequestHead, _ body: RawSpan) throws(Refusal) -> RecordTally {
    var tally = RecordTally(exporters)
    try read(request, body) { body throws(ScanError) in
      try MetricRequestScanner.scan(body, as: request.encoding, into: &tally)
      try ledger.keepMetrics { table throws(ScanError) in
        try MetricRequestScanner.scan(body, as: request.encoding, into: &table)
      }
    }
    return tally
  }

  private func takeLogs(_ request: ExportRequestHead, _ body: RawSpan) throws(Refusal) -> RecordTally {
    var tally = RecordTally(exporters)
    try read(request, body) { body throws(ScanError) in
      try LogRequestScanner.scan(body, as: request.encoding, into: &tally)
    }
    return tally
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
    unannounced.precede(&batch)
    let isTaken = deliver(batch)
    unannounced = isTaken ? Announcements() : Announcements(of: batch)
    guard isTaken else { throw .pushedBack }
  }
}

/// The texts that a batch is the first to use.
private struct Announcements {
  var names: [(index: NameIndex, text: String)] = []
  var services: [(index: UInt16, text: String)] = []
  var words: [(index: WordIndex, text: String)] = []

  init() {}

  init(of batch: SpanBatch) {
    names = batch.newNames
    services = batch.newServices
    words = batch.newWords
  }

  /// Has a batch announce these before its own.
  func precede(_ batch: inout SpanBatch) {
    if !names.isEmpty { batch.newNames = names + batch.newNames }
    if !services.isEmpty { batch.newServices = services + batch.newServices }
    if !words.isEmpty { batch.newWords = words + batch.newWords }
  }
}

extension WatchedParts {
  convenience init(_ watch: SpanWatch) {
    self.init(attributes: watch.attributes, links: watch.links, events: watch.events)
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
