import NIOCore
import NIOHTTP1
import OTLPMessages
import Observations
import Reactor
import Timing

/// What all connections share; lives on the collector's one thread and is reached from nowhere else.
final class CollectorLoop {
  private(set) var configuration: Collector.Configuration
  let ledger: CountLedger
  /// The secrets of TLS; nil where connections are plain.
  let tls: TLSContext?
  private let deliver: @Sendable (SpanBatch) -> Bool
  private var metrics: (any MetricSink & Sendable)?
  private let token: BearerToken?
  private let forwarder: Forwarder?
  private var injector: FaultInjector
  private let exporters = ExporterNames()
  private var stage: SpanStage
  private var repeatedBatches = RepeatedBatches()
  /// Names and services of batches that were not taken; the next batch announces them.
  private var unannounced: (names: [(index: NameIndex, text: String)], services: [(index: UInt16, text: String)]) =
    ([], [])
  private var inflater: Inflater
  private var connectionCount = 0
  /// Bytes of bodies that are not complete.
  private var waitingBytes = 0

  init(
    configuration: Collector.Configuration, ledger: CountLedger, forwarder: Forwarder?,
    metrics: (any MetricSink & Sendable)?, deliver: @escaping @Sendable (SpanBatch) -> Bool
  ) throws {
    self.configuration = configuration
    self.configuration.bodyLimit = min(max(configuration.bodyLimit, 0), Collector.Configuration.greatestBodyLimit)
    self.ledger = ledger
    self.forwarder = forwarder
    self.deliver = deliver
    self.metrics = metrics
    token = configuration.token.map(BearerToken.init)
    tls = try configuration.tls.map { try TLSContext(server: $0, offersHTTP2: true) }
    stage = SpanStage(exporters, services: configuration.services)
    injector = FaultInjector(configuration.faults)
    inflater = try Inflater(limit: self.configuration.bodyLimit)
  }

  /// Refuses who must not send here, before anything of the body is kept.
  ///
  /// - Parameters:
  ///   - authorization: the field of that name.
  ///   - via: the fields of that name, in which forwarders name themselves; asked for only where we forward.
  /// - Returns: the forwarders that the body has passed, where that matters.
  func admit(authorization: String?, via: @autoclosure () -> [String]) throws(Refusal) -> [String] {
    if let token, !token.isShown(by: authorization) { throw .unauthenticated }
    guard let forwarder else { return [] }
    let via = via()
    if via.contains(where: { $0.contains(forwarder.name) }) { throw .forwardedByUs }
    return via
  }

  /// What becomes of a request that has arrived, by whatever transport; what is taken is delivered before this returns.
  func reply(to request: ExportRequestHead, _ body: RequestBody, arrival: Instant) -> Reply {
    let faults = injector.next(request.signal)
    if !faults.isEmpty { ledger.recordFault() }
    if let fault = faults.first?.fault {
      if fault.refusal != nil { return Reply(outcome: .refused(.injected(fault))) }
      if fault == .reset { return Reply(outcome: .refused(.injected(fault)), manner: .reset) }
    }
    var reply = Reply(outcome: outcome(of: request, body, arrival: arrival))
    var delay = request.signal == .traces ? configuration.answerDelay : .zero
    for injection in faults {
      switch injection.fault {
      case .slow: delay += injection.delay
      case .dropAnswer: reply.manner = .never
      case .partialSuccess:
        guard reply.outcome == .taken else { continue }
        reply.outcome = .partlyTaken(
          rejected: injection.rejectedItems, message: Refusal.injected(.partialSuccess).message)
      case .unavailable, .tooManyRequests, .badGateway, .badRequest, .reset: continue
      }
    }
    if reply.manner == .atOnce, delay > .zero { reply.manner = .after(delay) }
    return reply
  }

  /// Books `count` more bytes of unfinished bodies; false where they are too many.
  func reserve(_ count: Int) -> Bool {
    guard count <= configuration.bodyBudget - waitingBytes else { return false }
    waitingBytes += count
    return true
  }

  func release(_ count: Int) { waitingBytes -= count }

  /// Counts `channel` until it closes; false where too many are open.
  func openConnection(_ channel: any Channel) -> Bool {
    guard connectionCount < configuration.connectionLimit else { return false }
    connectionCount += 1
    channel.closeFuture.assumeIsolated().whenComplete { _ in self.connectionCount -= 1 }
    return true
  }
}

extension CollectorLoop {
  /// Takes a body, counts it and passes it on.
  private func outcome(of request: ExportRequestHead, _ body: RequestBody, arrival: Instant) -> Outcome {
    do throws(Refusal) {
      let outcome = try take(request, body, arrival: arrival)
      forwarder?.forward(request, body.buffer)
      return outcome
    } catch .pushedBack {
      ledger.recordPushback()
      return .refused(.pushedBack)
    } catch {
      ledger.recordRefusal(bodyBytes: body.receivedBytes)
      return .refused(error)
    }
  }

  private func take(
    _ request: ExportRequestHead, _ body: RequestBody, arrival: Instant
  ) throws(Refusal) -> Outcome {
    switch request.signal {
    case .traces:
      let (receipt, isRepeated) = try takeTraces(
        request, body.buffer.readableBytesSpan, receivedAt: arrival)
      ledger.recordTraces(
        bodyBytes: body.receivedBytes, receipt, isRepeated: isRepeated, newExporters: exporters.takeUnannounced())
      guard receipt.invalidSpans > 0 else { return .taken }
      return .partlyTaken(
        rejected: Int64(clamping: receipt.invalidSpans),
        message: "\(receipt.invalidSpans) of \(receipt.spans) spans have a trace ID, span ID or parent span ID that is "
          + "all zero or not 16, 8 and 8 bytes long")
    case .metrics:
      let points = try takeMetrics(request, body.buffer.readableBytesSpan)
      ledger.recordMetrics(bodyBytes: body.receivedBytes, points: points)
      return .taken
    case .logs:
      var tally = LogTally()
      try read(request, body.buffer.readableBytesSpan) { body throws(ScanError) in
        try LogRequestScanner.scan(body, as: request.encoding, into: &tally)
      }
      ledger.recordLogs(bodyBytes: body.receivedBytes, tally.records)
      return .taken
    }
  }

  /// Reads a body and delivers its spans, unless it was taken before.
  private func takeTraces(
    _ request: ExportRequestHead, _ body: RawSpan, receivedAt: Instant
  ) throws(Refusal) -> (SpanReceipt, isRepeated: Bool) {
    stage.begin()
    try read(request, body) { body throws(ScanError) in
      try TraceRequestScanner.scan(body, as: request.encoding, into: &stage)
    }
    guard !stage.isRepeated(repeatedBatches) else { return (stage.abandon(), true) }
    let (receipt, batch) = stage.commit(receivedAt: receivedAt)
    if let batch { try offer(batch) }
    if receipt.validSpans > 0 { repeatedBatches.insert(receipt.fingerprint) }
    return (receipt, false)
  }

  /// Reads a body twice: nothing is handed on before all of it is known to be valid.
  private func takeMetrics(_ request: ExportRequestHead, _ body: RawSpan) throws(Refusal) -> Int {
    var counter = MetricCounter()
    try read(request, body) { body throws(ScanError) in
      try MetricRequestScanner.scan(body, as: request.encoding, into: &counter)
      guard var sink = metrics else { return }
      defer { metrics = sink }
      try MetricRequestScanner.scan(body, as: request.encoding, into: &sink)
    }
    return counter.points
  }

  /// Decompresses a body and has it scanned.
  private func read(
    _ request: ExportRequestHead, _ body: RawSpan, _ scan: (RawSpan) throws(ScanError) -> Void
  ) throws(Refusal) {
    func wrapped(_ body: RawSpan) throws(Refusal) {
      do throws(ScanError) {
        try scan(body)
      } catch {
        throw .malformedBody(request.signal, error)
      }
    }
    switch request.coding {
    case .identity: try wrapped(body)
    case .compressed(let format):
      let limit = configuration.bodyLimit
      try inflater.inflate(body, as: format, orThrow: { Refusal($0, limit: limit) }, wrapped)
    }
  }

  /// Delivers a batch with all names that nobody knows yet; keeps them where it is not taken.
  private func offer(_ batch: SpanBatch) throws(Refusal) {
    var batch = batch
    if !unannounced.names.isEmpty { batch.newNames = unannounced.names + batch.newNames }
    if !unannounced.services.isEmpty { batch.newServices = unannounced.services + batch.newServices }
    let isTaken = deliver(batch)
    unannounced = isTaken ? ([], []) : (batch.newNames, batch.newServices)
    guard isTaken else { throw .pushedBack }
  }
}
