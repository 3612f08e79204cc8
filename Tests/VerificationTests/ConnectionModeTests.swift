import Observations
import TestInputs
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("Messages that share their connection's trace")
struct ConnectionModeTests {
  @Test("are right, each under a span ID of its own, however they interleave", arguments: 0..<20)
  func rightMessages(seed: Int) throws {
    var dice = Dice(seed: UInt64(seed))
    var run = MadeUpRun(try ModeScenario.make("connection"))
    for _ in 0..<20 {
      run.add(run.workInConnection(UInt32(dice.below(3))))
      if dice.below(3) == 0 { run.deliver() }
      if dice.below(5) == 0 { run.pass(seconds: 3) }
    }
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.outcome == .pass, "\(verdict.reasons)")
    #expect(verdict.tallies.tracesComplete == 20)
    #expect(run.verifier.spans.inUse == 0)
    #expect(run.verifier.shared.count == 0)
  }

  @Test("are judged for their own spans alone")
  func oneBrokenMessage() throws {
    var run = MadeUpRun(try ModeScenario.make("connection"))
    run.add(run.workInConnection())
    var broken = run.workInConnection()
    broken.spans[1].parent = broken.spans[2].id
    run.add(broken)
    run.add(run.workInConnection())
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [.wrongParent: 1])
    #expect(verdict.findings.first?.evidence.map(\.message) == [run.identities.text(of: broken.identity)])
    #expect(verdict.tallies.tracesComplete == 2)
  }

  @Test("take spans that come before their facts")
  func spansFirst() throws {
    var run = MadeUpRun(try ModeScenario.make("connection"))
    let exchange = run.workInConnection()
    run.addSpans(exchange)
    run.deliver()
    run.pass(seconds: 20)
    run.addSent(exchange)
    run.addEchoes(exchange)
    let verdict = run.verdict(collector: .lossless)
    // Its spans began long before it was sent, by this run's clock.
    #expect(verdict.tallies.tracesComplete == 1)
  }

  @Test(
    "are answered in it, and under a new parent ID",
    arguments: [
      ("continued", EchoClass.continued, nil), ("as it was sent", .unchanged, .parentNotUpdated),
      ("in the trace that the message could have begun", .stale, .staleContext),
      ("in that of another connection", .crossed, .crossedContext), ("restarted", .restarted, .traceRestarted),
    ] as [(String, EchoClass, FindingKind?)])
  func echoes(_ label: String, echoClass: EchoClass, finding: FindingKind?) throws {
    var run = MadeUpRun(try ModeScenario.make("connection"))
    let earlier = run.workInConnection()
    run.add(earlier)
    var exchange = run.workInConnection()
    let (clientSpan, other) = (exchange.clientSpan, run.identities.traceID(ofConnection: 4))
    let stale = run.identities.traceID(of: earlier.identity)
    exchange.changeEchoes { _, traceparent in
      switch echoClass {
      case .unchanged: traceparent.parentID = clientSpan
      case .stale: traceparent.traceID = stale
      case .crossed: traceparent.traceID = other
      case .restarted: traceparent.traceID = TraceID(high: 9, low: 9)
      case .continued, .ambient, .foreign, .malformed, .absent: break
      }
    }
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == (finding.map { [$0: 1] } ?? [:]))
    #expect(verdict.tallies.classes[echoClass] == (echoClass == .continued ? 2 : 1))
  }

  @Test(
    "show a leak, whether it comes before or after they are settled",
    arguments: [("before", false), ("after", true)])
  func leaks(_ label: String, isLate: Bool) throws {
    var run = MadeUpRun(try ModeScenario.make("connection"))
    let exchange = run.workInConnection()
    run.add(exchange)
    if isLate {
      run.deliver()
      run.pass(seconds: 20)
      #expect(run.verifier.pending == 0)
    }
    let entry = exchange.spans[0]
    var leaked = MadeUpSpan(
      id: run.freshSpanID(), parent: exchange.spans[1].id, name: "poll", kind: .internal, start: entry.end + 5000,
      end: entry.end + 9000)
    run.addSpan(run.observation(leaked, in: exchange.traceID))
    (leaked.id, leaked.parent) = (run.freshSpanID(), leaked.id)
    run.addSpan(run.observation(leaked, in: exchange.traceID))
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [.contextLeak: 1], "\(verdict.findings)")
    #expect(verdict.tallies.tracesBroken == 1)
    #expect(run.verifier.spans.inUse == 0)
  }

  @Test("are not accused of the same export again, after they were settled")
  func retriedExport() throws {
    var run = MadeUpRun(try ModeScenario.make("connection"))
    let exchange = run.workInConnection()
    run.add(exchange)
    run.deliver()
    run.pass(seconds: 20)
    for span in exchange.spans { run.addSpan(run.observation(span, in: exchange.traceID)) }
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.spansLate == exchange.spans.count)
  }

  @Test("leave open what was lost with an entry span, unless nothing was lost", arguments: [false, true])
  func lostEntry(isLossless: Bool) throws {
    var run = MadeUpRun(try ModeScenario.make("connection"))
    run.add(run.workInConnection())
    var exchange = run.workInConnection()
    exchange.spans.removeFirst()
    run.add(exchange)
    let verdict = run.verdict(collector: isLossless ? .lossless : CollectorBooks())
    #expect(verdict.counts == (isLossless ? [.traceNotExported: 1, .orphanSpan: 2] : [:]))
    #expect(verdict.outcome == (isLossless ? .fail : .inconclusive))
  }

  @Test("tell of a span without a parent in their trace")
  func secondRoot() throws {
    var run = MadeUpRun(try ModeScenario.make("connection"))
    let exchange = run.workInConnection()
    run.add(exchange)
    let root = MadeUpSpan(id: run.freshSpanID(), parent: 0, name: "lost", kind: .server, start: 1, end: 2)
    run.addSpan(run.observation(root, in: exchange.traceID))
    #expect(run.verdict().counts == [.secondRoot: 1])
  }

  @Test("cost the same however many of a connection wait: 8000 of them are settled in seconds")
  func manyMessages() throws {
    var run = MadeUpRun(try ModeScenario.make("connection"))
    let first = run.workInConnection()
    run.add(first)
    let sent = run.now
    var observations: [SpanObservation] = []
    for _ in 0..<8000 {
      let exchange = run.workInConnection()
      run.addSent(exchange)
      run.addEchoes(exchange)
      for span in exchange.spans { observations.append(run.observation(span, in: exchange.traceID)) }
    }
    run.deliver()
    run.verifier.take(run.delivery(of: observations, at: sent))
    let began = ContinuousClock.now
    run.pass(seconds: 60)
    #expect(ContinuousClock.now - began < .seconds(20))
    #expect(run.verifier.pending == 0)
    #expect(run.verifier.tallies.tracesComplete == 8001)
  }
}
