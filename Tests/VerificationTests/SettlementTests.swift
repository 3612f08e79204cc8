import Observations
import TestInputs
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("Settlement")
struct SettlementTests {
  @Test("waits for a second of quiet once everything is there")
  func quiet() throws {
    var run = try MadeUpRun()
    run.add(run.exchange())
    run.deliver()
    run.verifier.advance(to: run.now.advanced(byNanoseconds: Verifier.quietTime - 1))
    #expect(run.verifier.pending == 1)
    run.pass(seconds: 2)
    #expect(run.verifier.pending == 0)
    #expect(run.verifier.spans.inUse == 0)
    #expect(run.verifier.copies.inUse == 0)
    #expect(run.verifier.tallies.tracesComplete == 1)
  }

  @Test("waits for the settle time while something is missing, counted from the last arrival")
  func missingSpans() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    let rest = exchange.spans.removeLast()
    run.add(exchange)
    run.deliver()
    run.pass(seconds: 7)
    #expect(run.verifier.pending == 1)
    run.addSpan(run.observation(rest, in: exchange.traceID))
    run.deliver()
    #expect(run.verifier.pending == 1)
    run.pass(seconds: 2)
    #expect(run.verifier.pending == 0)
    #expect(run.verdict().outcome == .pass)
  }

  @Test("happens at the end for whatever is left")
  func unsettled() throws {
    var run = try MadeUpRun()
    var partial = run.exchange()
    partial.spans.removeLast(5)
    partial.echoes.removeLast()
    run.add(partial)
    run.add(run.exchange())
    run.deliver()
    let verdict = run.verifier.finish(droppedDeliveries: 0, collector: CollectorBooks())
    #expect(verdict.tallies.tracesComplete == 1)
    #expect(verdict.tallies.tracesPartial == 1)
    #expect(verdict.tallies.messagesLost == 1)
    #expect(verdict.counts == [.copyLost: 1])
  }

  @Test("takes spans that come before the observation that their message was sent")
  func earlySpans() throws {
    var run = try MadeUpRun()
    let exchange = run.exchange()
    run.addSpans(exchange)
    run.deliver()
    run.pass(seconds: 20)
    run.addSent(exchange)
    run.addEchoes(exchange)
    let verdict = run.verdict()
    #expect(verdict.outcome == .pass, "\(verdict.reasons)")
    #expect(verdict.tallies.tracesComplete == 1)
  }

  @Test(
    "is not moved by the same export again",
    arguments: [
      ("before", false), ("after the trace was settled", true),
    ])
  func retriedBatches(_ label: String, isLate: Bool) throws {
    var run = try MadeUpRun()
    let exchange = run.exchange()
    run.add(exchange)
    if isLate {
      run.deliver()
      run.pass(seconds: 20)
    }
    run.addSpans(exchange)
    run.addSpans(exchange)
    let verdict = run.verdict()
    #expect(verdict.outcome == .pass)
    #expect(verdict.tallies.tracesComplete == 1)
    #expect(verdict.tallies.spansDuplicate + verdict.tallies.spansLate == 2 * exchange.spans.count)
  }

  @Test("leaves other traces alone and counts them")
  func spansOfOthers() throws {
    var run = try MadeUpRun()
    let exchange = run.exchange()
    run.add(exchange)
    for number in 1...100 {
      let span = MadeUpSpan(id: UInt64(number), parent: 0, name: "other", kind: .server, start: 1, end: 2)
      run.addSpan(run.observation(span, in: TraceID(high: UInt64(number), low: 9)))
    }
    let verdict = run.verdict()
    #expect(verdict.tallies.spansOfOthers == 100)
    #expect(verdict.tallies.spansOfOurs == exchange.spans.count)
    #expect(verdict.outcome == .pass)
  }

  @Test("lets late spans of a type without expected spans be")
  func lateSpansOfUntracedTypes() throws {
    var run = try MadeUpRun()
    let exchange = run.exchange(MadeUpScenario.untraced)
    run.add(exchange)
    run.deliver()
    run.pass(seconds: 20)
    let span = MadeUpSpan(
      id: 5, parent: exchange.clientSpan.rawValue, name: "whatever", kind: .server, start: 1, end: 2)
    run.addSpan(run.observation(span, in: exchange.traceID))
    #expect(run.verdict().outcome == .pass)
  }

  @Test("comes to the same verdict in whatever order and batches spans and facts come", arguments: 0..<100)
  func orders(seed: Int) throws {
    let expected = try Self.verdict(shuffledBy: nil)
    let actual = try Self.verdict(shuffledBy: Dice(seed: UInt64(seed)))
    #expect(Self.differences(actual, expected) == [], "seed \(seed)")
    #expect(actual.tallies == expected.tallies, "seed \(seed)")
    #expect(actual.outcome == expected.outcome, "seed \(seed)")
    // Which of a message's copies is shown may differ, but not which messages are.
    #expect(actual.findings.map { $0.evidence.map(\.message) } == expected.findings.map { $0.evidence.map(\.message) })
    #expect(Set(expected.counts.keys) == Set(FindingKind.allCases), "seed \(seed)")
  }

  /// Another order, in which what one connection saw stays in its own: a reactor tells it so.
  private static func shuffled(_ facts: [Observation], _ dice: inout Dice) -> [Observation] {
    var queues = Array(Dictionary(grouping: facts, by: \.connection).sorted { $0.key < $1.key }.map { $0.value[...] })
    var shuffled: [Observation] = []
    while !queues.isEmpty {
      let place = dice.below(queues.count)
      if let fact = queues[place].popFirst() { shuffled.append(fact) } else { queues.remove(at: place) }
    }
    return shuffled
  }

  /// What of two verdicts is not the same, in words.
  private static func differences(_ left: Verdict, _ right: Verdict) -> [String] {
    FindingKind.allCases.filter { left.counts[$0] != right.counts[$0] }.map {
      "\($0): \(left.counts[$0, default: 0]) and \(right.counts[$0, default: 0])"
    }
  }

  /// A run with right messages and every finding, its facts in random batches and its spans in random order between.
  private static func verdict(shuffledBy generator: Dice?) throws -> Verdict {
    var run = try MadeUpRun()
    run.add(run.exchange(connection: 0))
    run.add(run.exchange(connection: 3))
    for example in FindingCase.all {
      var exchange = run.exchange(example.type, connection: 0)
      example.change(&exchange, &run)
      run.add(exchange)
      run.add(run.exchange(MadeUpScenario.typing, connection: 3))
    }
    var partial = run.exchange()
    partial.spans.removeLast(4)
    run.add(partial)
    guard var generator else { return run.verdict(collector: .lossless) }

    var facts = Self.shuffled(run.facts, &generator)[...]
    var spans = run.spans.shuffled(using: &generator)[...]
    run.verifier.take(run.announcement)
    while !facts.isEmpty || !spans.isEmpty {
      if Bool.random(using: &generator) {
        let batch = facts.prefix(Int.random(in: 0...20, using: &generator))
        facts = facts.dropFirst(batch.count)
        run.verifier.take(.facts(ObservationBatch(observations: Array(batch))))
      } else {
        let batch = spans.prefix(Int.random(in: 0...40, using: &generator))
        spans = spans.dropFirst(batch.count)
        run.verifier.take(run.delivery(of: Array(batch)))
      }
    }
    run.verifier.advance(to: run.now.advanced(byNanoseconds: 60 * MadeUpRun.second))
    return run.verifier.finish(droppedDeliveries: 0, collector: .lossless)
  }
}

extension Observation {
  fileprivate var connection: UInt32 {
    switch self {
    case .sent(let sent): sent.connection
    case .echoed(let echoed): echoed.connection
    case .unreadable(let unreadable): unreadable.connection
    case .opened, .failed, .adopted, .dropped, .foreignEcho, .closed, .stalled, .compressed, .ponged, .resolved: .max
    }
  }
}
