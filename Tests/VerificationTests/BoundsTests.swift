import Observations
import Scenarios
import TestInputs
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("The verifier's memory")
struct BoundsTests {
  /// Of a span and its detail.
  private static let rowBytes = MemoryLayout<SpanRow>.stride + MemoryLayout<SpanDetail>.stride

  @Test("is that of what is in flight and of the recent past, after 300,000 messages")
  func longRun() throws {
    var run = try MadeUpRun()
    let first = run.exchange(MadeUpScenario.typing)
    run.add(first)
    let template = run.exchange(MadeUpScenario.silent)
    var span = run.observation(template.spans[0], in: template.traceID)
    run.addSent(template)
    var highest = 0
    for round in 0..<300 {
      var facts: [Observation] = []
      var spans: [SpanObservation] = []
      for number in 0..<1000 {
        let message = MessageIdentity(shard: 0, sequence: UInt32(2 + round * 1000 + number))
        facts.append(
          .sent(
            Observation.Sent(
              message: message, connection: 0, type: MadeUpScenario.silent, phase: MadeUpScenario.steady, members: 1,
              due: run.now,
              at: run.now)))
        span.traceID = run.identities.traceID(of: message)
        span.parentID = run.identities.spanID(in: span.traceID)
        spans.append(span)
      }
      run.deliver()
      run.verifier.take(.facts(ObservationBatch(observations: facts)))
      run.verifier.take(run.delivery(of: spans))
      run.pass(seconds: 2)
      highest = max(highest, run.verifier.rowCount)
      #expect(run.verifier.spans.inUse <= 1001, "round \(round)")
      #expect(run.verifier.pending <= 1001, "round \(round)")
    }
    #expect(highest <= (MessageTable.retainedPages + 3) * MessageTable.pageSize)
    #expect(run.verifier.spans.capacity <= 2100)
    // The first message is forgotten, which is said of its spans and copies.
    run.addSpans(first)
    run.addEchoes(first)
    let tallies = run.verdict().tallies
    #expect(tallies.tracesComplete == 300_001)
    #expect(tallies.messagesWithoutEcho == 300_001)
    #expect(tallies.spansForgotten == first.spans.count)
    #expect(tallies.copiesReceived == 3)
    #expect(tallies.copiesLate == 3)
  }

  @Test("holds no more than its part of a trace with 10,000 spans")
  func wideTrace() throws {
    var run = try MadeUpRun()
    let exchange = run.exchange()
    run.addSent(exchange)
    for _ in 0..<10_000 {
      let span = MadeUpSpan(
        id: run.freshSpanID(), parent: exchange.clientSpan.rawValue, name: "more", kind: .server, start: 1, end: 2)
      run.addSpan(run.observation(span, in: exchange.traceID))
    }
    run.deliver()
    #expect(run.verifier.spans.inUse <= 4096 + 4 * 13)
    let verdict = run.verdict()
    #expect(verdict.tallies.spansDropped == 10_000 - (4096 + 4 * 13))
    #expect(verdict.counts[.unexpectedSpan] == 1)
    #expect(run.verifier.spans.inUse == 0)
  }

  @Test("lets go of a message that outlived everything remembered, when it is settled at last")
  func oldestMessage() throws {
    var scenario = try MadeUpScenario.make()
    scenario.collector.settle = .seconds(600)
    var run = MadeUpRun(scenario)
    var old = run.exchange()
    old.drop("chat.save_message")
    run.add(old)
    run.deliver()
    let count = (MessageTable.retainedPages + 3) * MessageTable.pageSize
    let facts = (1..<count).map { number in
      Observation.sent(
        Observation.Sent(
          message: MessageIdentity(shard: 0, sequence: UInt32(number)), connection: 0, type: MadeUpScenario.untraced,
          phase: MadeUpScenario.steady, members: 1, due: run.now, at: run.now))
    }
    run.verifier.take(.facts(ObservationBatch(observations: facts)))
    run.pass(seconds: 60)
    #expect(run.verifier.pending == 1)
    run.pass(seconds: 600)
    #expect(run.verifier.pending == 0)
    #expect(run.verifier.tallies.tracesPartial == 1)
  }

  @Test("keeps no more spans than its budget, and calls what is cut inconclusive, never a finding")
  func budget() throws {
    var scenario = try MadeUpScenario.make()
    scenario.collector.memory = Self.rowBytes * 1000 / 3 * 4 + 4
    var run = MadeUpRun(scenario)
    var sent = 0
    for _ in 0..<200 {
      let exchange = run.exchange()
      sent += exchange.spans.count
      run.addSent(exchange)
      run.addEchoes(exchange)
      run.addSpans(exchange)
    }
    run.deliver()
    #expect(run.verifier.spans.inUse == 1000)
    let verdict = run.verdict()
    #expect(verdict.tallies.spansDropped == sent - 1000)
    #expect(verdict.counts == [:], "\(verdict.findings.first?.evidence ?? [])")
    #expect(verdict.outcome == .inconclusive)
    #expect(verdict.tallies.tracesComplete > 0)
    // There is room again once what waited is settled.
    #expect(run.verifier.spans.inUse == 0)
  }

  @Test("that is full of others' spans makes no orphan of a span whose optional parent found no room")
  func truncatedOptionalParent() throws {
    var scenario = try MadeUpScenario.make()
    let whole = try MadeUpRun.spanCountOfAChat()
    scenario.collector.memory = (Self.rowBytes * (whole - 1) + 2) / 3 * 4
    var run = MadeUpRun(scenario)
    var exchange = run.exchange()
    let parent = try #require(exchange.indices(named: "chat.queue_background_task").first)
    exchange.spans.append(exchange.spans.remove(at: parent))
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.tallies.spansDropped == 1)
    #expect(verdict.counts == [:])
    #expect(verdict.tallies.tracesPartial == 1)
  }

  @Test("is not for a server to fill with copies")
  func repeatedCopies() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    exchange.echoes += Array(repeating: exchange.echoes[0], count: 10_000)
    run.add(exchange)
    run.deliver()
    #expect(run.verifier.copies.inUse == 3)
    run.pass(seconds: 20)
    #expect(run.verifier.pending == 0)
    #expect(run.verdict().tallies.copiesDuplicate == 10_000)
  }

  @Test("is not for a server to fill with names")
  func names() throws {
    var table = NameTable(patterns: [NamePattern("a*")])
    for index in [0, 5, NameTable.limit - 1, NameTable.limit, Int(UInt32.max), -1, .max] { table.add("abc", at: index) }
    #expect(table.isKnown(5))
    #expect(!table.isKnown(4))
    #expect(!table.isKnown(NameTable.limit))
    #expect(table.matches(5, 0))
    #expect(!table.matches(4, 0))
    #expect(!table.matches(Int(UInt32.max), 0))
    #expect(table.text(0) == "abc")
  }
}

@Suite("Hostile spans")
struct HostileSpanTests {
  @Test("never trap, and are told", arguments: HostileTrace.all)
  func traces(_ trace: HostileTrace) throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    trace.change(&exchange)
    run.add(exchange)
    let verdict = run.verdict(collector: .lossless)
    #expect(Set(verdict.counts.keys) == trace.kinds)
    #expect(run.verifier.spans.inUse == 0)
  }

  @Test("of any shape never trap", arguments: 0..<300)
  func randomTraces(seed: Int) throws {
    var generator = Dice(seed: UInt64(seed))
    var run = try MadeUpRun()
    for _ in 0..<10 {
      var exchange = run.exchange(
        UInt8.random(in: 0...3, using: &generator), members: Int.random(in: 0...4, using: &generator))
      let ids = exchange.spans.map(\.id) + [exchange.clientSpan.rawValue, 0, .max]
      let names = exchange.spans.map(\.name) + ["?", ""]
      for _ in 0..<Int.random(in: 0...20, using: &generator) where !exchange.spans.isEmpty {
        let index = Int.random(in: exchange.spans.indices, using: &generator)
        switch Int.random(in: 0...6, using: &generator) {
        case 0: exchange.spans[index].parent = ids.randomElement(using: &generator) ?? 0
        case 1: exchange.spans[index].id = ids.randomElement(using: &generator) ?? 0
        case 2: exchange.spans[index].name = names.randomElement(using: &generator) ?? ""
        case 3: exchange.spans[index].start = generator.next()
        case 4: exchange.spans[index].end = generator.next()
        case 5: exchange.spans.remove(at: index)
        default: exchange.spans.append(exchange.spans[index])
        }
      }
      run.add(exchange)
    }
    let verdict = run.verdict()
    let tallies = verdict.tallies
    let judged = tallies.tracesComplete + tallies.tracesBroken + tallies.tracesPartial + tallies.tracesUnseen
    #expect(judged == tallies.tracesExpected, "seed \(seed)")
    #expect(run.verifier.spans.inUse == 0, "seed \(seed)")
    #expect(run.verifier.copies.inUse == 0, "seed \(seed)")
  }

  @Test("in rooms beyond measure never overflow")
  func greatRooms() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange(members: 1)
    exchange = Exchange(
      identity: exchange.identity, traceID: exchange.traceID, clientSpan: exchange.clientSpan, type: exchange.type,
      connection: 0, members: Int(UInt32.max), spans: exchange.spans, echoes: exchange.echoes)
    run.add(exchange)
    #expect(run.verdict().tallies.tracesPartial == 1)
  }
}

/// A trace that no SDK would export.
struct HostileTrace: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var kinds: Set<FindingKind>
  var change: @Sendable (inout Exchange) -> Void

  init(_ label: String, _ kinds: Set<FindingKind>, _ change: @escaping @Sendable (inout Exchange) -> Void) {
    testDescription = label
    self.kinds = kinds
    self.change = change
  }

  static let all = [
    HostileTrace("a span that is its own parent", [.spanCycle]) { exchange in
      exchange.change("chat.save_message") { $0.parent = $0.id }
    },
    HostileTrace("spans in a circle", [.spanCycle]) { exchange in
      let leaf = exchange.first("chat.save_message")?.id ?? 0
      exchange.change("chat.process_message") { $0.parent = leaf }
    },
    HostileTrace("two spans of one ID", []) { exchange in
      exchange.spans.append(exchange.spans[3])
      exchange.spans[exchange.spans.count - 1].end += 1
    },
    HostileTrace("ends before starts", [.spanReversed]) { exchange in
      for index in exchange.spans.indices { exchange.spans[index].end = exchange.spans[index].start - 1 }
    },
    HostileTrace("times at the ends of time", [.spanReversed]) { exchange in
      for index in exchange.spans.indices {
        exchange.spans[index].start = index.isMultiple(of: 2) ? 0 : .max
        exchange.spans[index].end = index.isMultiple(of: 3) ? .max : 0
      }
    },
    HostileTrace("a span with the ID that we sent", [.orphanSpan]) { exchange in
      exchange.spans[0].id = exchange.clientSpan.rawValue
    },
  ]
}
