import NIOCore
import NIOHTTP1
import OTLPMessages
import Observations
import Timing

/// What all connections share; lives on the collector's one thread and is reached from nowhere else.
final class CollectorLoop {
  private(set) var configuration: Collector.Configuration
  let ledger: CountLedger
  private let deliver: @Sendable (SpanBatch) -> Void
  private var stage = SpanStage()
  private var inflater: Inflater
  private var connectionCount = 0
  /// Bytes of bodies that are not complete.
  private var waitingBytes = 0

  init(
    configuration: Collector.Configuration, ledger: CountLedger, deliver: @escaping @Sendable (SpanBatch) -> Void
  ) throws {
    self.configuration = configuration
    self.configuration.bodyLimit = min(max(configuration.bodyLimit, 0), Collector.Configuration.greatestBodyLimit)
    self.ledger = ledger
    self.deliver = deliver
    inflater = try Inflater(limit: self.configuration.bodyLimit)
  }

  /// Reads a body and delivers its spans.
  func take(_ body: RawSpan, _ coding: ExportRequestHead.Coding, receivedAt: Instant) throws(Refusal) -> SpanReceipt {
    stage.begin()
    switch coding {
    case .identity: try scan(body)
    case .compressed(let format):
      let limit = configuration.bodyLimit
      try inflater.inflate(body, as: format, orThrow: { Refusal($0, limit: limit) }, scan)
    }
    let (receipt, batch) = stage.commit(receivedAt: receivedAt)
    if let batch { deliver(batch) }
    return receipt
  }

  private func scan(_ body: RawSpan) throws(Refusal) {
    do throws(ScanError) {
      try TraceRequestScanner.scan(body, into: &stage)
    } catch {
      throw .malformedBody(error)
    }
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
