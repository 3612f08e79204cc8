import Observations
import Scenarios
import Testing
import TraceContext

@testable import Verification

@Suite("An entry span that a link leads from")
struct LinkedEntryTests {
  /// A right message whose spans are in a trace of the server's own.
  private static func linked(_ run: inout MadeUpRun, in trace: TraceID? = nil, under parent: UInt64 = 0) -> Exchange {
    var exchange = run.work()
    exchange.spanTrace = trace ?? TraceID(high: 3, low: UInt64(exchange.identity.sequence) + 1)
    exchange.isInSharedTrace = true
    exchange.spans[0].parent = parent
    exchange.spans[0].links = [exchange.traceID]
    let spanTrace = exchange.spanTrace ?? .zero
    exchange.changeEchoes { $1.traceID = spanTrace }
    return exchange
  }

  private static func scenario(_ trace: String = "fresh", upgrade: String = "") throws -> Scenario {
    try ModeScenario.make(trace, entry: "link", echo: "new", upgrade: upgrade)
  }

  @Test("is found in traces of the server's own, one for each message or one for all", arguments: [false, true])
  func ownTraces(isOneTrace: Bool) throws {
    var run = MadeUpRun(try Self.scenario())
    for _ in 0..<10 {
      run.add(
        Self.linked(&run, in: isOneTrace ? TraceID(high: 3, low: 3) : nil, under: isOneTrace ? 0xffff_0001 : 0))
    }
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.tracesComplete == 10)
    #expect(run.verifier.spans.inUse == 0)
  }

  @Test("is found in the trace of its connection's upgrade, which stays right")
  func connectionTrace() throws {
    var run = MadeUpRun(try Self.scenario(upgrade: "upgrade: { spans: [session] }"))
    run.addUpgrade(0, [SpanShape("session", .server)])
    let trace = run.identities.traceID(ofConnection: 0)
    let session = try #require(run.spans.first?.spanID.rawValue)
    for _ in 0..<5 {
      var exchange = Self.linked(&run, in: trace, under: session)
      exchange.changeEchoes { context, _ in context = .absent }
      exchange.echoes = exchange.echoes.map { echo in
        var echo = echo
        echo.context = .present(Traceparent(traceID: TraceID(high: 5, low: 5), parentID: SpanID(1), flags: .sampled))
        return echo
      }
      run.add(exchange)
    }
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.tallies.tracesComplete + verdict.tallies.tracesBroken == 5)
    #expect(verdict.counts[.traceNotExported] == nil && verdict.counts[.orphanSpan] == nil, "\(verdict.findings)")
    #expect(verdict.tallies.connectionTracesComplete == 1)
  }

  @Test("may link to a context of connection mode")
  func connectionMode() throws {
    var run = MadeUpRun(try Self.scenario("connection"))
    var exchange = Self.linked(&run)
    exchange.spans[0].links = []
    exchange.spans[0].furtherLinks = [
      SpanDetail.SpanLink(
        traceID: run.identities.traceID(ofConnection: 0), spanID: run.identities.spanID(of: exchange.identity))
    ]
    run.add(exchange)
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.tracesComplete == 1)
  }

  @Test("is one too many in a second trace, whichever comes first", arguments: [false, true])
  func twoTraces(isReversed: Bool) throws {
    var run = MadeUpRun(try Self.scenario())
    let exchange = Self.linked(&run)
    var again = exchange
    again.spanTrace = TraceID(high: 4, low: 4)
    for index in again.spans.indices {
      again.spans[index].id += 1000
      if again.spans[index].parent != 0 { again.spans[index].parent += 1000 }
    }
    run.addSent(exchange)
    run.addEchoes(exchange)
    for copy in isReversed ? [again, exchange] : [exchange, again] { run.addSpans(copy) }
    #expect(run.verdict().counts == [.duplicateEntrySpan: 1])
  }

  @Test("is wrong in the message's own trace, even under the span ID that we sent")
  func misplaced() throws {
    var run = MadeUpRun(try Self.scenario())
    let linked = Self.linked(&run)
    run.add(linked)
    var exchange = run.work()
    exchange.echoes = []
    run.add(exchange)
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [.wrongEntrySpan: 1, .copyLost: 1], "\(verdict.findings)")
    #expect(verdict.tallies.tracesBroken == 1)
  }

  @Test("need not follow the flags of what it links to")
  func unsampled() throws {
    var run = MadeUpRun(try Self.scenario("{ sampled: 0% }"))
    var exchange = Self.linked(&run)
    exchange.flags = []
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.tracesComplete == 1)
  }

  @Test("is missing where its trace has no link, and only if nothing was lost", arguments: [false, true])
  func noLink(isLossless: Bool) throws {
    var run = MadeUpRun(try Self.scenario())
    var exchange = Self.linked(&run)
    exchange.spans[0].links = []
    run.add(exchange)
    let verdict = run.verdict(collector: isLossless ? .lossless : CollectorBooks())
    #expect(verdict.counts.keys.contains(.traceNotExported) == isLossless)
    #expect(verdict.outcome == (isLossless ? .fail : .inconclusive))
  }
}

@Suite("An entry span without a parent")
struct RootEntryTests {
  @Test("is found by the trace that the echo carries")
  func bound() throws {
    var run = try MadeUpRun()
    for connection in 0..<3 { run.add(run.exchange(MadeUpScenario.bare, connection: UInt32(connection))) }
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.tracesComplete == 3)
    #expect(run.verifier.shared.count == 0)
  }

  @Test("is refused where no echo names its trace", arguments: ["no echo", "no context"])
  func unbound(_ label: String) {
    let echo = label == "no echo" ? "" : "echo: { match: { text: \"{{ message.id }}\" }, trace-context: absent }"
    let yaml = """
      name: bare
      target: { url: "ws://127.0.0.1:8000/" }
      load: { connections: 1, phases: [{ for: 1s, rate: 1/s }] }
      messages:
        bare:
          body: { type: bare, text: "{{ message.id }}" }
          trace: none
          \(echo)
          spans: [begin]
      """
    #expect(throws: Diagnostics.self) { try Scenario(yaml: yaml, file: "bare.yaml") }
  }

  @Test("may link to the span ID that we sent besides", arguments: [true, false])
  func linkedRoot(isLinked: Bool) throws {
    var run = MadeUpRun(
      try ModeScenario.make(
        "fresh", entry: "root", echo: "new", spans: "[{ name: receive, links: [client] }]"))
    var exchange = run.work(shape: [SpanShape("receive", .server)])
    let trace = TraceID(high: 3, low: 3)
    exchange.spanTrace = trace
    exchange.spans[0].parent = 0
    if isLinked { exchange.spans[0].links = [exchange.traceID] }
    let parent = SpanID(exchange.spans[0].id)
    exchange.changeEchoes { ($1.traceID, $1.parentID) = (trace, parent) }
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == (isLinked ? [:] : [.missingLink: 1]), "\(verdict.findings)")
  }

  @Test("of others is forgotten, and makes no room scarce for long: 20,000 traces that nobody claims")
  func unclaimed() throws {
    var run = try MadeUpRun()
    for round in 0..<20 {
      for number in 1...1000 {
        let span = MadeUpSpan(id: UInt64(number), parent: 0, name: "bare.receive", kind: .server, start: 1, end: 2)
        run.addSpan(run.observation(span, in: TraceID(high: UInt64(round) + 1, low: UInt64(number))))
      }
      run.deliver()
      run.pass(seconds: 10)
      #expect(run.verifier.shared.count <= 3000, "round \(round)")
    }
    run.pass(seconds: 60)
    run.pass(seconds: 60)
    #expect(run.verifier.shared.count == 0)
    #expect(run.verifier.spans.inUse == 0)
  }
}
