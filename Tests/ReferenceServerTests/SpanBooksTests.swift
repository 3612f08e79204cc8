import OTLPCollector
import Observations
import Reactor
import Synchronization
import Testing
import TraceContext

@testable import ReferenceServer

/// The books that a real collector draws of the server's spans.
@Suite struct SpanBooksTests {
  /// The balance after a server that two clients talked to.
  private func balance(
    faults: [FaultOrder] = [], queueSize: Int = 200_000, messages: [String]
  ) throws -> (balance: SpanBalance, exports: SpanExporter.Counts) {
    let collector = try Collector.start { _ in true }
    defer { collector.stop() }
    var configuration = SpanExporter.Configuration(host: "127.0.0.1", port: UInt16(collector.port))
    configuration.queueSize = queueSize
    configuration.metricsMilliseconds = 1
    let exporter = SpanExporter(configuration)
    let chat = try ServedChat(faults: faults, exporter: exporter)
    let clients = [try chat.join(), try chat.join()]
    for message in messages {
      try clients[0].say(message)
      _ = try clients[0].hearAll()
    }
    #expect(chat.stop())
    return (try #require(collector.books.balances.first), exporter.counts)
  }

  private static let sampled = (1...20).map { Message.chat(.client($0)) }
  private static let unsampled = (1...5).map { Message.chat(.client($0, flags: 0)) }

  @Test func `every span of a right server is accounted for`() throws {
    let (balance, exports) = try balance(messages: Self.sampled)
    // 20 messages to two members: 7 spans of its own and 3 of each member; two connections of 8 spans, and one wait
    // before each message.
    #expect(balance.started == 20 * (7 + 2 * 3 + 1) + 2 * 8)
    #expect(balance.received == balance.started && exports.exported == Int(balance.started))
    #expect(balance.live == 0 && balance.waiting == 0 && balance.dropped == 0 && balance.sampledOut == 0)
    #expect(balance.unexplained == 0 && !balance.beganBefore)
  }

  @Test func `spans of messages that are not sampled are sampled out`() throws {
    let (balance, _) = try balance(messages: Self.unsampled)
    #expect(balance.sampledOut == 5 * (7 + 2 * 3))
    #expect(balance.started == balance.received + balance.sampledOut)
    #expect(balance.unexplained == 0)
  }

  @Test(arguments: [
    [FaultOrder(.traceNotExported)], [FaultOrder(.unsampledExported)], [FaultOrder(.wrongSpanCount)],
    [FaultOrder(.missingSpan), FaultOrder(.duplicateEntrySpan)],
  ])
  func `faults that make or leave out spans leave nothing unexplained`(faults: [FaultOrder]) throws {
    let (balance, _) = try balance(faults: faults, messages: Self.sampled + Self.unsampled)
    #expect(balance.started == balance.received + balance.sampledOut)
    #expect(balance.dropped == 0 && balance.live == 0 && balance.unexplained == 0)
  }

  @Test func `spans that a fault loses are dropped, one of each message`() throws {
    let (balance, _) = try balance(faults: [FaultOrder(.spanDropped)], messages: Self.sampled)
    #expect(balance.dropped == 20)
    #expect(balance.started == balance.received + 20 && balance.unexplained == 0)
  }

  @Test func `spans that find the queue full are dropped`() throws {
    let (balance, exports) = try balance(queueSize: 1, messages: Self.sampled)
    #expect(exports.overflowed > 0)
    #expect(balance.dropped == exports.overflowed)
    #expect(balance.started == balance.received + balance.dropped && balance.unexplained == 0)
  }
}
