import Observations
import TestInputs
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("The verdict on shared traces")
struct OrderTests {
  @Test(
    "is the same in whatever order and batches facts and spans come",
    arguments: ["connection", "sticky", "link", "none"], 0..<15)
  func orders(mode: String, seed: Int) throws {
    let expected = try Self.verdict(mode, seed: seed, shuffledBy: nil)
    for order in 0..<3 {
      let actual = try Self.verdict(mode, seed: seed, shuffledBy: Dice(seed: UInt64(seed * 10 + order)))
      #expect(actual.counts == expected.counts, "seed \(seed), order \(order)")
      #expect(actual.tallies == expected.tallies, "seed \(seed), order \(order)")
      #expect(
        actual.findings.map { $0.evidence.map(\.message) } == expected.findings.map { $0.evidence.map(\.message) },
        "seed \(seed), order \(order)")
    }
  }

  /// A run of messages of which some are wrong, by the seed; its facts and spans in another order by the dice.
  private static func verdict(_ mode: String, seed: Int, shuffledBy order: Dice?) throws -> Verdict {
    var dice = Dice(seed: UInt64(seed) + 1000)
    let isNew = mode == "link" || mode == "none"
    var run = MadeUpRun(
      try ModeScenario.make(
        mode == "link" ? "fresh" : mode, entry: mode == "link" ? "link" : isNew ? "root" : "client",
        echo: isNew ? "new" : "continued", upgrade: "upgrade: { spans: [session] }"))
    var received: Traceparent?
    run.addUpgrade(0, [SpanShape("session", .server)])
    for number in 0..<8 {
      var exchange = mode == "connection" ? run.workInConnection() : run.work()
      if mode == "sticky", let received { exchange.carry(received) }
      if isNew {
        let trace = TraceID(high: 3, low: UInt64(number) + 1)
        exchange.spanTrace = trace
        exchange.changeEchoes { $1.traceID = trace }
        exchange.spans[0].parent = 0
        if mode == "link" { exchange.spans[0].links = [exchange.traceID] }
      }
      received = exchange.answer
      for _ in 0..<dice.below(3) { damage(&exchange, &run, &dice) }
      if mode == "sticky", number > 0 { run.addAdopting(exchange) } else { run.add(exchange) }
    }
    guard var order else { return run.verdict(collector: .lossless) }
    var facts = run.facts[...]
    var spans = run.spans.shuffled(using: &order)[...]
    run.verifier.take(run.announcement)
    while !facts.isEmpty || !spans.isEmpty {
      if order.below(2) == 0 {
        let batch = facts.prefix(order.below(6))
        facts = facts.dropFirst(batch.count)
        run.verifier.take(.facts(ObservationBatch(observations: Array(batch))))
      } else {
        let batch = spans.prefix(order.below(10))
        spans = spans.dropFirst(batch.count)
        run.verifier.take(run.delivery(of: Array(batch)))
      }
    }
    run.verifier.advance(to: run.now.advanced(byNanoseconds: 60 * MadeUpRun.second))
    return run.verifier.finish(droppedDeliveries: 0, collector: .lossless)
  }

  private static func damage(_ exchange: inout Exchange, _ run: inout MadeUpRun, _ dice: inout Dice) {
    guard !exchange.spans.isEmpty else { return }
    let index = dice.below(exchange.spans.count)
    switch dice.below(6) {
    case 0: exchange.spans[index].parent = dice.pick(exchange.spans.map(\.id) + [exchange.clientSpan.rawValue, 7])
    case 1: exchange.spans[index].name = dice.pick(["receive", "handle", "reply", "poll"])
    case 2: exchange.spans.remove(at: index)
    case 3: exchange.spans.append(exchange.spans[index])
    case 4:
      var other = exchange.spans[index]
      other.id = run.freshSpanID()
      exchange.spans.append(other)
    default: exchange.changeEchoes { $1.parentID = SpanID(9) }
    }
  }
}

@Suite("Great traces")
struct GreatTraceTests {
  @Test("of siblings that several rules match are judged in the time that their number takes")
  func ambiguousSiblings() throws {
    var run = MadeUpRun(
      try ModeScenario.make(
        "fresh",
        upgrade: """
          upgrade: { spans: [{ name: session, children: [{ name: "* poll", count: any }, { name: "ws *", count: any }] }] }
          """))
    let poll = SpanShape("ws poll")
    run.addUpgrade(0, [SpanShape("session", .server, Array(repeating: poll, count: 20_000))])
    run.add(run.work())
    run.deliver()
    run.pass(seconds: 60)
    let began = ContinuousClock.now
    let verdict = run.verifier.finish(droppedDeliveries: 0, collector: .lossless)
    #expect(ContinuousClock.now - began < .seconds(20))
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.connectionTracesComplete == 1)
  }
}
