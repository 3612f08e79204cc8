import Dispatch
import Glibc
import OTLPCollector
import OTLPMessages
import Observations
import Synchronization
import Testing
import Timing
import TraceContext

/// A collector on a port of the kernel's choice, with everything that it has delivered; stops at its end.
final class CollectorUnderTest: Sendable {
  private final class Deliveries: Sendable {
    let batches = Mutex<[SpanBatch]>([])
    let hasRoom = Mutex(true)
    let arrived = DispatchSemaphore(value: 0)
  }

  private let deliveries = Deliveries()
  private let collector: Collector

  init(_ change: (inout Collector.Configuration) -> Void = { _ in }) throws {
    var configuration = Collector.Configuration()
    change(&configuration)
    collector = try Collector.start(configuration) { [deliveries] batch in
      guard deliveries.hasRoom.withLock({ $0 }) else { return false }
      deliveries.batches.withLock { $0.append(batch) }
      deliveries.arrived.signal()
      return true
    }
  }

  deinit { collector.stop() }

  var port: Int { collector.port }
  var grpcPort: Int? { collector.grpcPort }
  var counts: CollectorCounts { collector.counts }
  var books: CollectorBooks { collector.books }
  var batches: [SpanBatch] { deliveries.batches.withLock { $0 } }
  var spans: [SpanObservation] { batches.flatMap(\.spans) }

  /// Names by their index, as a verifier learns them; an index that no batch has announced yet fails the test.
  var spanNames: [String] {
    var names: [NameIndex: String] = [:]
    return batches.flatMap { batch in
      for (index, text) in batch.newNames { names[index] = text }
      return batch.spans.map { names[$0.name] ?? "not announced" }
    }
  }

  /// Waits for the next batch; false after ten seconds.
  func waitForBatch() -> Bool { deliveries.arrived.wait(timeout: .now() + 10) == .success }

  func stop() { collector.stop() }

  /// Waits until the books say so; false after ten seconds.
  func waitForCounts(_ isReached: (CollectorCounts) -> Bool) -> Bool {
    let begin = Instant.now
    while !isReached(counts) {
      guard Instant.now - begin < 10 * nanosecondsPerSecond else { return false }
      sched_yield()
    }
    return true
  }

  /// Whether batches are taken.
  func setRoom(_ hasRoom: Bool) { deliveries.hasRoom.withLock { $0 = hasRoom } }

  func connect() throws -> ExporterConnection { try ExporterConnection(port: port) }
}

/// The body of an export request with `count` spans, numbered from `first`; number 0 has no valid IDs.
func traceBody(spans count: Int = 1, from first: Int = 1, name: String = "step", service: String = "chat") -> [UInt8] {
  var encoder = ExportRequestEncoder(
    resource: [Attribute("service.name", .string(service)), Attribute("service.instance.id", .string("1"))],
    scopeName: "tests")
  for number in first..<first + count {
    encoder.append(
      ExportedSpan(
        traceID: TraceID(high: number == 0 ? 0 : 7, low: UInt64(number)), spanID: SpanID(UInt64(number)),
        parentID: SpanID(UInt64(max(number - 1, 0))), name: name, kind: .server, start: UInt64(number),
        end: UInt64(number) + 5, attributes: [Attribute("messaging.system", .string("websocket"))], status: .ok,
        flags: 0x301))
  }
  return encoder.takeBody()
}
