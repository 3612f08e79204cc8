import Observations
import TestInputs
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("Messages that carry what their connection received")
struct StickyModeTests {
  @Test("go on with a fresh trace from message to message, over a whole room", arguments: 0..<20)
  func chains(seed: Int) throws {
    var dice = Dice(seed: UInt64(seed))
    var run = MadeUpRun(try ModeScenario.make("sticky"))
    // By connection: the context that it received last.
    var received: [UInt32: Traceparent] = [:]
    for _ in 0..<25 {
      let connection = UInt32(dice.below(3))
      let exchange = run.work(on: connection, carrying: received[connection], members: 3)
      if received[connection] == nil { run.add(exchange) } else { run.addAdopting(exchange) }
      for echo in exchange.echoes {
        if case .present(let traceparent) = echo.context { received[echo.connection] = traceparent }
      }
      if dice.below(4) == 0 { run.deliver() }
      if dice.below(6) == 0 { run.pass(seconds: 4) }
    }
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.tracesComplete == 25)
    #expect(verdict.tallies.classes == [.continued: 75])
    #expect(run.verifier.spans.inUse == 0)
    #expect(run.verifier.shared.count == 0)
    #expect(run.verifier.adopted.isEmpty)
  }

  @Test("are told apart although several carry the very same context", arguments: [false, true])
  func sameContext(isFirstWrong: Bool) throws {
    var run = MadeUpRun(try ModeScenario.make("sticky"))
    let first = run.work()
    run.add(first)
    var one = run.work(carrying: first.answer)
    if isFirstWrong { one.spans[1].parent = one.spans[2].id }
    run.addAdopting(one)
    let other = run.work(carrying: first.answer)
    run.addAdopting(other)
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == (isFirstWrong ? [.wrongParent: 1] : [:]), "\(verdict.findings)")
    #expect(verdict.tallies.tracesComplete == (isFirstWrong ? 2 : 3))
  }

  @Test("show an entry span too many, alone and beside another of the same context", arguments: [1, 2])
  func duplicateEntry(count: Int) throws {
    var run = MadeUpRun(try ModeScenario.make("sticky"))
    let first = run.work()
    run.add(first)
    for number in 0..<count {
      var exchange = run.work(carrying: first.answer)
      if number == 0 {
        var again = exchange.spans[0]
        again.id = run.freshSpanID()
        exchange.spans.append(again)
      }
      run.addAdopting(exchange)
    }
    #expect(run.verdict(collector: .lossless).counts.keys.contains(.duplicateEntrySpan))
  }

  @Test("take spans that come before anybody tells of the adoption")
  func spansFirst() throws {
    var run = MadeUpRun(try ModeScenario.make("sticky"))
    let first = run.work()
    run.add(first)
    let adopting = run.work(carrying: first.answer)
    run.addSpans(adopting)
    run.deliver()
    run.pass(seconds: 20)
    #expect(run.verifier.pending == 0)
    run.addFact(.adopted(adopting.adoption))
    run.addSent(adopting)
    run.addEchoes(adopting)
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts[.wrongParent] == nil && verdict.counts[.contextLeak] == nil, "\(verdict.findings)")
    #expect(verdict.tallies.tracesComplete == 2)
  }

  @Test("find an adopted context unchanged, and a trace restarted")
  func echoes() throws {
    var run = MadeUpRun(try ModeScenario.make("sticky"))
    let first = run.work()
    run.add(first)
    var unchanged = run.work(carrying: first.answer)
    unchanged.changeEchoes { $1.parentID = first.answer.parentID }
    run.addAdopting(unchanged)
    var restarted = run.work(carrying: first.answer)
    restarted.spans = []
    restarted.changeEchoes { $1.traceID = TraceID(high: 8, low: 8) }
    run.addAdopting(restarted)
    let verdict = run.verdict()
    #expect(verdict.counts == [.parentNotUpdated: 1, .traceRestarted: 1])
    #expect(verdict.tallies.classes == [.continued: 1, .unchanged: 1, .restarted: 1])
  }

  @Test("follow a trace that the server restarted, once it was adopted")
  func foreignTrace() throws {
    var run = MadeUpRun(try ModeScenario.make("sticky"))
    let foreign = Traceparent(traceID: TraceID(high: 8, low: 8), parentID: SpanID(77), flags: .sampled)
    run.addAdopting(run.work(carrying: foreign))
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.tracesComplete == 1)
    #expect(run.verifier.shared.count == 0)
  }

  @Test("leave open what a dropped delivery may have told")
  func droppedFacts() throws {
    var run = MadeUpRun(try ModeScenario.make("sticky"))
    let first = run.work()
    run.add(first)
    let untold = run.work(carrying: first.answer)
    run.addSpans(untold)
    let verdict = run.verdict(droppedDeliveries: 1)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.outcome == .inconclusive)
  }

  @Test("keep other types' contexts while they wait, though these are in traces of the server's own")
  func besideRoots() throws {
    let others = """
        bare:
          body: { type: bare, text: "b-{{ message.id }}" }
          trace: none
          echo: { match: { type: bare, text: "b-{{ message.id }}" }, trace-context: new, within: 60s }
          spans: [begin]
      """
    var run = MadeUpRun(try ModeScenario.make("sticky", others: others))
    var first = run.work()
    let echoes = first.echoes
    first.echoes = []
    run.add(first)
    run.deliver()
    // The echo comes at the last moment.
    run.pass(seconds: 2)
    run.verifier.take(
      .facts(
        ObservationBatch(observations: [
          .echoed(
            Observation.Echoed(
              connection: 0, type: 0, message: first.identity, context: echoes[0].context,
              at: run.now.advanced(byNanoseconds: -100_000_000)))
        ])))
    for _ in 0..<7 { run.pass(seconds: 1) }
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.tracesComplete == 1)
  }

  @Test("keep nothing of 20,000 adoptions once these are settled")
  func bounds() throws {
    var run = MadeUpRun(try ModeScenario.make("sticky"))
    let first = run.work()
    run.add(first)
    var context = first.answer
    let template = run.work()
    for _ in 0..<20 {
      var facts: [Observation] = []
      for _ in 0..<1000 {
        var exchange = template
        exchange = Exchange(
          identity: run.work(shape: []).identity, traceID: context.traceID, clientSpan: context.parentID, type: 0,
          connection: 0, members: 1)
        facts.append(.adopted(exchange.adoption))
        facts.append(
          .sent(
            Observation.Sent(
              message: exchange.identity, connection: 0, type: 0, phase: 0, members: 1, due: run.now, at: run.now)))
        context.parentID = SpanID(run.freshSpanID())
      }
      run.verifier.take(.facts(ObservationBatch(observations: facts)))
      run.deliver()
      run.pass(seconds: 10)
    }
    run.pass(seconds: 60)
    #expect(run.verifier.adopted.isEmpty)
    #expect(run.verifier.shared.count == 0)
  }
}
