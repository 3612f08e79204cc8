import OTLPMessages
import Testing

@testable import OTLPCollector

@Suite("Faults on request")
struct FaultInjectionTests {
  @Test(
    "are read from the words of a command line",
    arguments: [
      ("unavailable", FaultInjection(.unavailable)),
      ("unavailable=2", FaultInjection(.unavailable, .first(2))),
      ("too-many-requests=10%", FaultInjection(.tooManyRequests, .percent(10))),
      ("slow=2s", FaultInjection(.slow, delay: .seconds(2))),
      ("slow=500ms/25%", FaultInjection(.slow, .percent(25), delay: .milliseconds(500))),
      ("partial-success=5/3", FaultInjection(.partialSuccess, .first(3), rejectedItems: 5)),
      ("reset=1", FaultInjection(.reset, .first(1))),
      ("drop-answer=100%", FaultInjection(.dropAnswer, .percent(100))),
    ])
  func parsing(text: String, expected: FaultInjection) throws {
    #expect(try FaultInjection(parsing: text) == expected)
  }

  @Test(
    "are refused with a reason that helps",
    arguments: [
      ("", FaultInjection.SyntaxError.unknownFault(""), "unavailable, too-many-requests"),
      ("Unavailable", .unknownFault("Unavailable"), "'Unavailable'"),
      ("unavailable=", .malformedPortion(""), "10%"),
      ("unavailable=0", .malformedPortion("0"), "10%"),
      ("unavailable=-1", .malformedPortion("-1"), "10%"),
      ("unavailable=+1", .malformedPortion("+1"), "10%"),
      ("unavailable=101%", .malformedPortion("101%"), "10%"),
      ("unavailable=99999999999999999999", .malformedPortion("99999999999999999999"), "10%"),
      ("unavailable=1/2", .trailingText("2"), "'/2'"),
      ("slow", .missingQuantity(.slow), "slow=2s"),
      ("slow=2", .malformedDelay("2"), "500ms"),
      ("slow=s", .malformedDelay("s"), "500ms"),
      ("slow=86401s", .malformedDelay("86401s"), "a day"),
      ("partial-success", .missingQuantity(.partialSuccess), "partial-success=5"),
      ("partial-success=x", .malformedNumber("x"), "number"),
    ])
  func malformed(text: String, error: FaultInjection.SyntaxError, words: String) {
    #expect(throws: error) { try FaultInjection(parsing: text) }
    #expect("\(error)".contains(words))
  }

  @Test("have a sentence each, and a name that their text form takes", arguments: CollectorFault.allCases)
  func summaries(fault: CollectorFault) throws {
    #expect(fault.summary.count > 20)
    let quantity = fault == .slow ? "=1s" : fault == .partialSuccess ? "=1" : ""
    #expect(try FaultInjection(parsing: fault.rawValue + quantity).fault == fault)
  }

  @Test("meet just their share of every hundred requests, evenly", arguments: [1, 3, 10, 33, 50, 99, 100])
  func shares(percent: Int) {
    let met = (0..<300).filter { FaultInjection.Portion.percent(percent).contains(UInt64($0)) }
    #expect(met.count == percent * 3)
    let gaps = zip(met, met.dropFirst()).map { $1 - $0 }
    #expect((gaps.max() ?? 0) - (gaps.min() ?? 0) <= 1)
  }

  @Test("are counted by signal, and the first that refuses comes alone")
  func counting() {
    let slow = FaultInjection(.slow)
    let refusal = FaultInjection(.unavailable, .first(1))
    let lost = FaultInjection(.dropAnswer)
    var injector = FaultInjector([slow, refusal, lost])
    #expect(injector.next(.traces) == [refusal])
    #expect(injector.next(.traces) == [slow, lost])
    #expect(injector.next(.metrics) == [refusal])
  }
}
