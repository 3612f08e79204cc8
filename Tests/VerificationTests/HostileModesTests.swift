import Observations
import Scenarios
import TestInputs
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("Damaged runs")
struct HostileModesTests {
  @Test("of every message type never trap, and every message is counted once", arguments: 0..<60)
  func everyType(seed: Int) throws {
    var dice = Dice(seed: UInt64(seed))
    var run = try MadeUpRun()
    for _ in 0..<25 {
      let type = UInt8(dice.below(Int(MadeUpScenario.faint) + 1))
      let exchange = run.exchange(type, connection: UInt32(dice.below(6)), members: dice.below(4))
      Self.addDamaged(exchange, to: &run, &dice)
    }
    Self.check(&run, dice, count: 25, seed: seed)
  }

  @Test(
    "in every mode never trap, and every message is counted once",
    arguments: [
      "fresh", "connection", "sticky", "none", "link", "linked connection", "linked sticky",
      "{ raw: \"00-{{ trace.id }}-x\" }",
    ], 0..<25)
  func everyMode(mode: String, seed: Int) throws {
    var dice = Dice(seed: UInt64(seed))
    let isLinked = mode.hasPrefix("link")
    let trace = mode == "link" ? "fresh" : mode.replacing("linked ", with: "")
    let isNew = isLinked || mode == "none" || mode.contains("raw")
    let others =
      dice.below(2) == 0
      ? ""
      : """
        other:
          body: { type: other, text: "o-{{ message.id }}" }
          trace: fresh
          spans: [{ name: receive, children: [handle, { name: reply, optional: true }] }]
      """
    var run = MadeUpRun(
      try ModeScenario.make(
        trace, entry: isLinked ? "link" : isNew ? "root" : "client", echo: isNew ? "new" : "continued",
        upgrade: dice.below(2) == 0
          ? "" : "upgrade: { spans: [{ name: session, children: [{ name: reply, count: any }] }] }",
        others: others))
    var received: [Traceparent] = []
    for number in 0..<25 {
      let connection = UInt32(dice.below(6))
      if dice.below(6) == 0 { run.addUpgrade(connection, [SpanShape("session", .server, [SpanShape("reply")])]) }
      let type: UInt8 = others.isEmpty || dice.below(3) > 0 ? 0 : 1
      var exchange = run.work(type, on: connection, members: dice.below(3))
      if trace == "connection", type == 0 {
        exchange.carry(
          Traceparent(
            traceID: run.identities.traceID(ofConnection: connection),
            parentID: run.identities.spanID(of: exchange.identity), flags: .sampled))
      }
      if trace == "sticky", type == 0, let context = received.randomElement(using: &dice) {
        exchange.carry(context)
        run.addFact(.adopted(exchange.adoption))
      }
      if isLinked, dice.below(4) > 0 {
        exchange.spanTrace = TraceID(high: 3, low: UInt64(dice.below(10)))
        exchange.spans[0].furtherLinks = [
          SpanDetail.SpanLink(traceID: exchange.traceID, spanID: exchange.clientSpan)
        ]
      }
      if isNew, number % 2 == 0 {
        let spanTrace = exchange.spanTrace ?? TraceID(high: 4, low: UInt64(dice.below(5)))
        exchange.spanTrace = spanTrace
        exchange.changeEchoes { $1.traceID = spanTrace }
      }
      if !exchange.echoes.isEmpty { received.append(exchange.answer) }
      Self.addDamaged(exchange, to: &run, &dice)
    }
    Self.check(&run, dice, count: 25, seed: seed)
  }

  /// Adds a message of which spans, links, times and echoes are changed, and some come late or before it.
  private static func addDamaged(_ original: Exchange, to run: inout MadeUpRun, _ dice: inout Dice) {
    var exchange = original
    damageSpans(of: &exchange, run.identities, &dice)
    if dice.below(3) == 0 { damageEchoes(of: &exchange, run.identities, &dice) }
    switch dice.below(4) {
    case 0:
      run.addSpans(exchange)
      if dice.below(2) == 0 { run.deliver() }
      run.addEchoes(exchange)
      run.addSent(exchange)
    case 1:
      run.addSent(exchange)
      run.addEchoes(exchange)
      run.deliver()
      run.pass(seconds: Int64(dice.below(20)))
      run.addSpans(exchange)
    default: run.add(exchange)
    }
  }

  private static func damageSpans(of exchange: inout Exchange, _ identities: IdentityPermutation, _ dice: inout Dice) {
    let ids = exchange.spans.map(\.id) + [exchange.clientSpan.rawValue, 0, .max, 5]
    let names = exchange.spans.map(\.name) + ["?", "receive", "session"]
    for _ in 0..<dice.below(12) where !exchange.spans.isEmpty {
      let index = dice.below(exchange.spans.count)
      switch dice.below(9) {
      case 0: exchange.spans[index].parent = dice.pick(ids)
      case 1: exchange.spans[index].id = dice.pick(ids)
      case 2: exchange.spans[index].name = dice.pick(names)
      case 3: exchange.spans[index].start = dice.pick([0, .max, dice.next(), exchange.spans[index].end])
      case 4: exchange.spans[index].end = dice.pick([0, .max, dice.next(), exchange.spans[index].start])
      case 5: exchange.spans.remove(at: index)
      case 6: exchange.spans.append(exchange.spans[index])
      case 7:
        let other = identities.traceID(of: MessageIdentity(shard: 0, sequence: UInt32(dice.below(40))))
        exchange.spans[index].furtherLinks = (0..<dice.below(5)).map { _ in
          SpanDetail.SpanLink(
            traceID: dice.pick([other, exchange.traceID, TraceID(high: 1, low: 1)]),
            spanID: dice.pick([identities.spanID(in: other), SpanID(dice.pick(ids))]))
        }
      default: exchange.spans[index].kind = dice.pick(SpanKind.allCases)
      }
    }
  }

  private static func damageEchoes(of exchange: inout Exchange, _ identities: IdentityPermutation, _ dice: inout Dice) {
    for index in exchange.echoes.indices {
      exchange.echoes[index].afterNanoseconds = Int64(dice.below(4_000_000_000))
      exchange.echoes[index].connection = dice.pick([0, 1, 5, 99, .max])
    }
    if dice.below(2) == 0 { exchange.echoes += exchange.echoes }
    let other = identities.traceID(of: MessageIdentity(shard: 0, sequence: UInt32(dice.below(40))))
    let choice = dice.below(5)
    exchange.changeEchoes { context, traceparent in
      switch choice {
      case 0: traceparent.traceID = other
      case 1: context = .absent
      case 2: context = .malformed(.zeroParentID)
      case 3: traceparent.traceID = identities.traceID(ofConnection: 2)
      default: traceparent.parentID = SpanID(9)
      }
    }
  }

  private static func check(_ run: inout MadeUpRun, _ dice: Dice, count: Int, seed: Int) {
    var dice = dice
    let verdict = run.verdict(
      droppedDeliveries: dice.next() % 2, collector: dice.below(2) == 0 ? .lossless : CollectorBooks())
    let tallies = verdict.tallies
    #expect(tallies.messagesSent == count, "seed \(seed)")
    #expect(
      tallies.messagesSent == tallies.messagesEchoed + tallies.messagesLost + tallies.messagesWithoutEcho,
      "seed \(seed)")
    #expect(
      tallies.tracesExpected
        == tallies.tracesComplete + tallies.tracesBroken + tallies.tracesPartial + tallies.tracesUnseen,
      "seed \(seed)")
    #expect(min(tallies.tracesPartial, tallies.tracesUnseen, tallies.tracesComplete) >= 0, "seed \(seed)")
    #expect(verdict.findings.allSatisfy { $0.count > 0 && !$0.evidence.isEmpty }, "seed \(seed)")
    #expect(run.verifier.pending == 0, "seed \(seed)")
    #expect(run.verifier.copies.inUse == 0, "seed \(seed)")
    #expect(run.verifier.waiting.inUse == 0, "seed \(seed)")
    #expect(run.verifier.adopted.isEmpty && run.verifier.bound.isEmpty, "seed \(seed)")
    #expect(run.verifier.inspector.details.inUse == run.verifier.spans.inUse, "seed \(seed)")
  }
}
