import Observations
import Testing
import Timing

@testable import OTLPCollector

@Suite("The books of the collector")
struct CountLedgerTests {
  @Test(
    "call an answer slow that comes more than a second after the request",
    arguments: [("at once", 0, 0), ("in a second", 1_000_000_000, 0), ("in more than a second", 1_000_000_001, 1)])
  func slowAnswers(label: String, nanoseconds: Int64, expected: UInt64) {
    let ledger = CountLedger()
    let arrival = Instant(nanoseconds: 5)
    ledger.recordAnswer(arrival: arrival, answered: arrival.advanced(byNanoseconds: nanoseconds))
    #expect(ledger.counts.slowAnswers == expected)
  }

  @Test("count every request once as such, and spans only of requests that were taken")
  func requests() {
    let ledger = CountLedger()
    let share = ExporterShare(exporter: 0, scopeName: "lib", scopeVersion: "1", spans: 3, invalidSpans: 2)
    let receipt = SpanReceipt(shares: [share], overflowedNames: 1)
    ledger.recordTraces(bodyBytes: 100, receipt, isRepeated: false)
    ledger.recordLogs(bodyBytes: 10, RecordTally(ledger.exporterNames))
    ledger.recordRefusal(bodyBytes: 1)
    let counts = ledger.counts
    #expect(counts.requests == 3)
    #expect(counts.bytes == 111)
    #expect(counts.spans == 5)
    #expect(counts.invalidSpans == 2)
    #expect(counts.overflowedNames == 1)
    #expect(counts.otherSignals == 1)
    #expect(counts.refusedRequests == 1)
  }

  @Test("keep what came from whom, and tell a batch that came again")
  func exporters() {
    let ledger = CountLedger()
    let shares = [
      ExporterShare(exporter: 0, scopeName: "a", scopeVersion: "1", spans: 3),
      ExporterShare(exporter: 0, scopeName: "b", scopeVersion: "", spans: 4),
      ExporterShare(exporter: 1, scopeName: "a", scopeVersion: "1", spans: 5, invalidSpans: 1),
      ExporterShare(exporter: Int(ExporterNames.overflow), scopeName: "", scopeVersion: "", spans: 9),
    ]
    let receipt = SpanReceipt(shares: shares)
    for (service, instance) in [("chat", "1"), ("worker", "")] {
      let (service, instance) = (Array(service.utf8), Array(instance.utf8))
      _ = ledger.exporterNames.index(service: service.span.bytes, instance: instance.span.bytes)
    }
    ledger.recordTraces(bodyBytes: 100, receipt, isRepeated: false)
    ledger.recordTraces(bodyBytes: 100, receipt, isRepeated: true)
    let books = ledger.books.exporters
    #expect(books.map(\.name) == ["chat/1", "worker"])
    #expect(books.map(\.requests) == [2, 2])
    #expect(books.map(\.spans) == [7, 5])
    // 7, 6 and 9 of 22 spans.
    #expect(books.map(\.bytes) == [62, 56])
    #expect(books.map(\.duplicateSpans) == [7, 5])
    #expect(books.map(\.invalidSpans) == [0, 2])
    #expect(books[0].scopes.map(\.name) == ["a", "b"])
    #expect(books[0].scopes.map(\.spans) == [3, 4])
    #expect(ledger.counts.spans == 44)
    #expect(ledger.counts.duplicateSpans == 21)
  }
}

@Suite("Batches that come again")
struct RepeatedBatchesTests {
  @Test("are known as long as no more than the limit came since")
  func memory() {
    var batches = RepeatedBatches()
    for number in 0..<UInt64(RepeatedBatches.limit) { batches.insert(number) }
    batches.insert(5)
    #expect(batches.contains(0))
    batches.insert(999_999)
    #expect(!batches.contains(0))
    #expect(batches.contains(1))
    #expect(batches.contains(999_999))
  }
}

@Suite("The parts of a body")
struct BytePartsTests {
  @Test("add up to the whole, whatever the shares", arguments: 1...20)
  func sum(bytes: Int) {
    var parts = ByteParts(bytes: bytes, records: 7)
    #expect([3, 1, 0, 3].map { parts.next($0) }.reduce(0, +) == UInt64(bytes))
    #expect(parts.next(5) == 0)
  }

  @Test("are none of a body without records")
  func none() {
    var parts = ByteParts(bytes: 100, records: 0)
    #expect(parts.next(0) == 0)
  }
}
