import Observations
import TestInputs
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("Echoes that are told of before their messages")
struct EarlyEchoTests {
  /// What a change adds to the facts.
  private static func observations(_ run: inout MadeUpRun, _ tell: (inout MadeUpRun) -> Void) -> ArraySlice<Observation>
  {
    let before = run.facts.count
    tell(&run)
    return run.facts[before...]
  }

  private static func facts(_ run: inout MadeUpRun, _ tell: (inout MadeUpRun) -> Void) -> ObservationBatch {
    ObservationBatch(observations: Array(observations(&run, tell)))
  }

  @Test("are taken once these are told of")
  func early() throws {
    var run = try MadeUpRun()
    let exchange = run.exchange()
    run.addEchoes(exchange)
    run.deliver()
    #expect(run.verifier.waiting.inUse == 3)
    run.addSent(exchange)
    run.addSpans(exchange)
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.outcome == .pass, "\(verdict.reasons)")
    #expect(run.verifier.waiting.inUse == 0)
  }

  @Test(
    "with the context of another message are crossed or stale by what that one's connection turns out to be",
    arguments: [("another connection", 3, .crossedContext), ("the same", 0, .staleContext)]
      as [(String, UInt32, FindingKind)])
  func crossed(_ label: String, connection: UInt32, kind: FindingKind) throws {
    var run = try MadeUpRun()
    var exchange = run.exchange(connection: 0)
    let other = run.exchange(connection: connection)
    exchange.changeEchoes { $1.traceID = other.traceID }
    exchange.spans = []
    run.addSent(exchange)
    run.addEchoes(exchange)
    run.deliver()
    #expect(run.verifier.waiting.inUse == 3)
    #expect(run.verifier.tallies.classes == [:])
    run.add(other)
    let verdict = run.verdict()
    #expect(verdict.counts == [kind: 1])
    #expect(verdict.tallies.copiesReceived == 6)
  }

  @Test("with the context of a message that nobody ever tells of are judged at the end")
  func neverTold() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange(connection: 0)
    let other = run.exchange(connection: 3)
    exchange.changeEchoes { $1.traceID = other.traceID }
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == [.crossedContext: 1])
    #expect(verdict.tallies.copiesLate == 3)
    #expect(run.verifier.waiting.inUse == 0)
  }

  @Test("are not lost with a message whose observation was dropped, if they answer another")
  func waitingOnADroppedMessage() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange(connection: 0)
    let dropped = run.exchange(connection: 3)
    exchange.changeEchoes { $1.traceID = dropped.traceID }
    run.add(exchange)
    run.add(run.exchange(connection: 3))
    run.deliver()
    run.pass(seconds: 1)
    #expect(run.verifier.waiting.inUse == 0)
    let verdict = run.verdict(droppedDeliveries: 1)
    #expect(verdict.tallies.copiesReceived == 6)
    #expect(verdict.counts[.copyLost] == nil, "\(verdict.findings)")
  }

  @Test("are out of order by when they came, though their messages are told of in order", arguments: 0..<20)
  func order(seed: Int) throws {
    var dice = Dice(seed: UInt64(seed))
    let arrivals = (0..<6).shuffled(using: &dice)
    func verdict(_ tell: (inout MadeUpRun, [Observation], [Observation]) -> Void) throws -> Verdict {
      var run = try MadeUpRun()
      let exchanges = (0..<6).map { _ in run.exchange(members: 1) }
      var told = (sent: [Observation](), echoed: [Observation]())
      for exchange in exchanges { told.sent += Array(Self.observations(&run) { $0.addSent(exchange) }) }
      for (place, index) in arrivals.enumerated() {
        var exchange = exchanges[index]
        exchange.spans = []
        // Two at a time are read at once.
        exchange.echoes[0].afterNanoseconds = Int64(place / 2) * 1_000_000
        told.echoed += Array(Self.observations(&run) { $0.addEchoes(exchange) })
      }
      tell(&run, told.sent, told.echoed)
      run.pass(seconds: 60)
      return run.verifier.finish(droppedDeliveries: 0, collector: CollectorBooks())
    }
    func take(_ run: inout MadeUpRun, _ observations: [Observation]) {
      run.verifier.take(.facts(ObservationBatch(observations: observations)))
    }
    let expected = try verdict { run, sent, echoed in take(&run, sent + echoed) }
    let late = arrivals.indices.filter { place in arrivals[..<place].contains { $0 > arrivals[place] } }
    #expect(expected.tallies.copiesOutOfOrder == late.count)
    let split = dice.below(7)
    let actual = try verdict { run, sent, echoed in
      take(&run, Array(echoed[..<3]))
      take(&run, Array(sent[..<split]))
      take(&run, Array(echoed[3...]))
      for fact in sent[split...] { take(&run, [fact]) }
    }
    #expect(actual.tallies == expected.tallies)
    #expect(actual.findings.map { $0.evidence.map(\.message) } == expected.findings.map { $0.evidence.map(\.message) })
  }

  @Test("are kept to a bound, and counted beyond it")
  func bound() throws {
    var run = try MadeUpRun()
    run.add(run.exchange())
    let early = run.exchange()
    run.deliver()
    let echo = Self.facts(&run) { $0.addEchoes(early) }
    var all: [Observation] = []
    echo.withUnsafeObservations { observations in
      for _ in 0..<25_000 { for index in 0..<observations.count { all.append(observations[index]) } }
    }
    run.verifier.take(.facts(ObservationBatch(observations: all)))
    #expect(run.verifier.waiting.inUse == Verifier.waitingLimit)
    #expect(run.verifier.tallies.foreignEchoes == 75_000 - Verifier.waitingLimit)
    run.addSent(early)
    run.addSpans(early)
    let verdict = run.verdict()
    #expect(verdict.tallies.copiesReceived == 6)
    #expect(run.verifier.waiting.inUse == 0)
  }
}

@Suite("The order of deliveries")
struct DeliveryOrderTests {
  @Test(
    "is broken by a message that comes after a later one",
    arguments: [
      ("in order", [0, 1, 2, 3], []), ("one late", [1, 0, 2, 3], [0]), ("two late", [2, 0, 1, 3], [0, 1]),
      ("in reverse", [3, 2, 1, 0], [2, 1, 0]), ("again", [0, 1, 1, 2], []),
    ] as [(String, [UInt32], [UInt32])])
  func late(_ label: String, order: [UInt32], late: [UInt32]) {
    for step in [Int64(0), 5] {
      var deliveries = DeliveryOrder(connections: 4, groupSize: 2)
      let found = order.enumerated().compactMap { place, sequence in
        deliveries.note(
          receiver: 1, sender: 0, sequence: sequence, at: Instant(nanoseconds: 100 + Int64(place) * step))
      }
      #expect(found == late, "\(step) ns apart")
    }
  }

  @Test("is that of arrival, and not that in which it is told")
  func toldLater() {
    var deliveries = DeliveryOrder(connections: 4, groupSize: 2)
    #expect(deliveries.note(receiver: 1, sender: 0, sequence: 1, at: Instant(nanoseconds: 20)) == nil)
    #expect(deliveries.note(receiver: 1, sender: 0, sequence: 0, at: Instant(nanoseconds: 10)) == nil)
    #expect(deliveries.note(receiver: 1, sender: 0, sequence: 3, at: Instant(nanoseconds: 15)) == 1)
  }

  @Test("is one of each pair of receiver and sender")
  func pairs() {
    var deliveries = DeliveryOrder(connections: 4, groupSize: 2)
    for (receiver, sender, sequence) in [(0, 0, 5), (1, 0, 4), (0, 1, 3), (2, 2, 2), (3, 2, 1)] {
      let found = deliveries.note(
        receiver: UInt32(receiver), sender: UInt32(sender), sequence: UInt32(sequence), at: Instant(nanoseconds: 1))
      #expect(found == nil)
    }
    #expect(deliveries.note(receiver: 0, sender: 0, sequence: 4, at: Instant(nanoseconds: 1)) == 4)
  }

  @Test("is not judged of receivers that nobody opened, nor of groups beyond measure")
  func bounds() {
    var deliveries = DeliveryOrder(connections: 2, groupSize: 0)
    #expect(deliveries.note(receiver: .max, sender: 0, sequence: .max, at: .never) == nil)
    #expect(deliveries.note(receiver: 1, sender: .max, sequence: .max, at: .never) == nil)
    var great = DeliveryOrder(connections: .max, groupSize: 1000)
    #expect(!great.isJudged)
    #expect(great.note(receiver: 1, sender: 0, sequence: 1, at: .never) == nil)
  }
}

@Suite("What comes after its message was settled")
struct LateArrivalTests {
  @Test("and is a copy makes it no lost one any more", arguments: [1, 3])
  func copies(count: Int) throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    let late = exchange.echoes.suffix(count)
    exchange.echoes.removeLast(count)
    run.add(exchange)
    let sent = run.now
    run.deliver()
    run.pass(seconds: 20)
    #expect(run.verifier.pending == 0)
    exchange.echoes = Array(late)
    for index in exchange.echoes.indices { exchange.echoes[index].afterNanoseconds = sent - run.now + 1_500_000_000 }
    run.addEchoes(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.copiesLate == count)
    #expect(verdict.tallies.copiesLost == count)
  }

  @Test("and is not expected breaks a trace once, of which something is missing besides")
  func unexpectedSpan() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    exchange.drop("chat.save_message")
    run.add(exchange)
    run.deliver()
    run.pass(seconds: 20)
    var audit = exchange.spans[1]
    (audit.id, audit.name) = (run.freshSpanID(), "chat.audit")
    run.addSpan(run.observation(audit, in: exchange.traceID))
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [.missingSpan: 1, .unexpectedSpan: 1])
    #expect(verdict.tallies.tracesBroken == 1)
    #expect(verdict.tallies.tracesPartial == 0)
  }

  @Test("and is an expected span proves that it was not missing", arguments: ["all", "one", "none"])
  func spans(_ label: String) throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    let all = exchange.spans
    if label == "all" { exchange.spans = [] } else { exchange.drop("chat.save_message") }
    run.add(exchange)
    run.deliver()
    run.pass(seconds: 20)
    #expect(run.verifier.pending == 0)
    for span in all where label == "all" || label == "one" && span.name == "chat.save_message" {
      run.addSpan(run.observation(span, in: exchange.traceID))
    }
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == (label == "none" ? [.missingSpan: 1] : [:]), "\(verdict.findings)")
    #expect(verdict.outcome == (label == "none" ? .fail : .inconclusive))
    #expect(verdict.tallies.tracesIncomplete == (label == "none" ? 0 : 1))
  }
}
