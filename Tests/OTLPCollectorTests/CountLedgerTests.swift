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
    ledger.recordTraces(bodyBytes: 100, SpanReceipt(spans: 5, invalidSpans: 2, overflowedNames: 1))
    ledger.recordOtherSignal(bodyBytes: 10)
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
}
