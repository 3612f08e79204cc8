import Observations
import Scenarios
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("The verifier")
struct VerifierTests {
  @Test(
    "finds nothing wrong with the reference system's own trees",
    arguments: [
      ("chat, alone", MadeUpScenario.chat, 1), ("chat, three in the room", MadeUpScenario.chat, 3),
      ("typing, alone", MadeUpScenario.typing, 1), ("typing, three in the room", MadeUpScenario.typing, 3),
      ("without spans", MadeUpScenario.untraced, 1), ("without echo", MadeUpScenario.silent, 1),
    ])
  func rightTrees(_ label: String, type: UInt8, members: Int) throws {
    var run = try MadeUpRun()
    for connection in 0..<4 { run.add(run.exchange(type, connection: UInt32(connection), members: members)) }
    let verdict = run.verdict()
    #expect(verdict.counts == [:])
    #expect(verdict.outcome == .pass, "\(verdict.reasons)")
    #expect(verdict.tallies.messagesSent == 4)
    #expect(verdict.tallies.messagesEchoed == (type == MadeUpScenario.silent ? 0 : 4))
    #expect(verdict.tallies.messagesWithoutEcho == (type == MadeUpScenario.silent ? 4 : 0))
    #expect(verdict.tallies.tracesComplete == (type == MadeUpScenario.untraced ? 0 : 4))
    #expect(verdict.tallies.tracesExpected == verdict.tallies.tracesComplete)
  }

  @Test("finds each kind in its smallest case, and nothing else", arguments: FindingCase.all)
  func eachKind(_ example: FindingCase) throws {
    var run = try MadeUpRun()
    run.add(run.exchange(example.type, connection: 0))
    run.add(run.exchange(example.type, connection: 3))
    var exchange = run.exchange(example.type, connection: 0)
    example.change(&exchange, &run)
    run.add(exchange)
    let verdict = run.verdict(collector: .lossless)
    #expect(Set(verdict.counts.keys) == example.others.union([example.kind]))
    #expect(verdict.counts[example.kind] == 1)
    #expect(verdict.outcome == .fail)
    let evidence = try #require(verdict.findings.first { $0.kind == example.kind }?.evidence.first)
    #expect(!evidence.expected.isEmpty)
    #expect(!evidence.actual.isEmpty)
  }

  @Test("knows an example of each kind")
  func everyKindHasAnExample() {
    #expect(Set(FindingCase.all.map(\.kind)) == Set(FindingKind.allCases))
  }

  @Test("tells each class of echo by its trace context", arguments: EchoCase.all)
  func echoClasses(_ example: EchoCase) throws {
    var run = try MadeUpRun()
    let earlier = run.exchange(MadeUpScenario.chat, connection: 0)
    let other = run.exchange(MadeUpScenario.chat, connection: 3)
    run.add(earlier)
    run.add(other)
    var exchange = run.exchange(MadeUpScenario.chat, connection: 0)
    let own = exchange
    exchange.changeEchoes { context, traceparent in example.change(&context, &traceparent, own, earlier, other) }
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.tallies.classes[example.echoClass, default: 0] == (example.echoClass == .continued ? 9 : 3))
    #expect(verdict.counts == (example.echoClass.finding(under: .continued).map { [$0: 1] } ?? [:]))
  }

  @Test("takes a context that comes back as it was sent for right where the scenario says that it may")
  func unchangedContexts() throws {
    let yaml = """
      name: echo
      target: { url: "ws://127.0.0.1:8000/" }
      load: { connections: 2, phases: [{ for: 1s, rate: 1/s }] }
      messages:
        echo:
          body: { id: "{{ message.id }}" }
          trace: fresh
          echo: { match: { id: "{{ message.id }}" }, trace-context: unchanged }
      """
    let identities = IdentityPermutation(seed: 7)
    for (label, context) in [("ours", 0), ("a new parent", 1), ("another trace", 2)] {
      var verifier = Verifier(try Scenario(yaml: yaml, file: "echo.yaml"), identities: identities)
      let message = MessageIdentity(shard: 0, sequence: 0)
      let traceID = identities.traceID(of: message)
      var echoed = Traceparent(traceID: traceID, parentID: identities.spanID(in: traceID), flags: .sampled)
      if context == 1 { echoed.parentID = SpanID(99) }
      if context == 2 { echoed.traceID = TraceID(high: 1, low: 2) }
      let now = Instant(nanoseconds: 1_000_000_000)
      verifier.take(
        .facts(
          ObservationBatch(observations: [
            .sent(
              Observation.Sent(message: message, connection: 0, type: 0, phase: 0, members: 1, due: now, at: now)),
            .echoed(
              Observation.Echoed(connection: 0, type: 0, message: message, context: .present(echoed), at: now)),
          ])))
      let verdict = verifier.finish(droppedDeliveries: 0, collector: CollectorBooks())
      #expect(verdict.findings.map(\.kind) == (context == 2 ? [.traceRestarted] : []), "\(label)")
      #expect(verdict.tallies.wrongContexts == (context == 2 ? 1 : 0), "\(label)")
    }
  }

  @Test("calls an echo foreign only where nothing but its trace ID could tell whose it is")
  func foreignEchoes() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange(MadeUpScenario.typing)
    exchange.changeEchoes { _, traceparent in traceparent.traceID = TraceID(high: 1, low: 2) }
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.tallies.classes == [.foreign: 3])
    #expect(verdict.counts == [.foreignContext: 3, .copyLost: 1])
    #expect(verdict.tallies.copiesLost == 3)
  }

  @Test("believes no text id of a message that was never sent, and keeps nothing for it")
  func madeUpTextIDs() throws {
    var run = try MadeUpRun()
    run.add(run.exchange())
    for sequence in stride(from: UInt32(1), through: .max - 100_000, by: 100_000) {
      run.addFact(
        .echoed(
          Observation.Echoed(
            connection: 0, type: 0, message: MessageIdentity(shard: sequence % 256, sequence: sequence),
            context: .absent, at: run.now)))
    }
    let verdict = run.verdict()
    #expect(verdict.tallies.foreignEchoes == 42_949)
    #expect(verdict.counts == [:])
    #expect(run.verifier.rowCount <= 2 * MessageTable.pageSize)
  }

  @Test("attaches the tree of the message to its evidence")
  func evidence() throws {
    var run = try MadeUpRun()
    for _ in 0..<5 {
      var exchange = run.exchange()
      exchange.change("websocket.send") { $0.kind = .server }
      run.add(exchange)
    }
    let finding = try #require(run.verdict().findings.first)
    #expect(finding.count == 5)
    #expect(finding.evidence.count == Finding.evidenceLimit)
    for evidence in finding.evidence {
      #expect(evidence.message?.utf8.count == IdentityPermutation.textLength)
      #expect(evidence.sent?.hasPrefix("00-") == true)
      #expect(evidence.tree.count == 17)
      #expect(evidence.tree.contains { $0.contains("websocket.send [server]") })
    }
  }
}
