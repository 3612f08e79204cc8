import Observations
import Scenarios
import Testing
import TraceContext

@testable import Verification

@Suite("The trace of a connection's upgrade")
struct UpgradeTraceTests {
  private static func scenario(_ trace: String = "fresh", sampled: String = "100%") throws -> Scenario {
    try ModeScenario.make(
      trace,
      upgrade: """
        upgrade:
          sampled: \(sampled)
          spans: [{ name: session, kind: server, children: [accept, { name: "* receive", count: any, children: [parse] }] }]
        """)
  }

  private static func tree(receives: Int = 2) -> [SpanShape] {
    let receive = SpanShape("ws receive", .internal, [SpanShape("parse")])
    return [SpanShape("session", .server, [SpanShape("accept")] + Array(repeating: receive, count: receives))]
  }

  @Test("is right with any number of what may be there any number of times", arguments: [0, 1, 2, 6000])
  func rightTrees(receives: Int) throws {
    var run = MadeUpRun(try Self.scenario())
    for connection in 0..<2 { run.addUpgrade(UInt32(connection), Self.tree(receives: receives)) }
    run.add(run.work())
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.outcome == .pass, "\(verdict.reasons)")
    #expect(verdict.tallies.connectionTracesExpected == 2)
    #expect(verdict.tallies.connectionTracesComplete == 2)
    #expect(run.verifier.spans.inUse == 0)
  }

  @Test(
    "tells what is wrong in it",
    arguments: [
      ("a part of what may be there any number of times", .missingSpan),
      ("a required span is missing", .missingSpan), ("all are missing", .traceNotExported),
      ("an entry span of a message", .unexpectedSpan), ("a second root", .secondRoot), ("an orphan", .orphanSpan),
      ("two entry spans", .duplicateEntrySpan), ("a leak", .contextLeak),
    ] as [(String, FindingKind)])
  func wrongTrees(_ label: String, kind: FindingKind) throws {
    var run = MadeUpRun(try Self.scenario())
    run.add(run.work())
    run.addOpened(0)
    let traceID = run.identities.traceID(ofConnection: 0)
    let clientSpan = run.identities.spanID(in: traceID).rawValue
    var clock = MadeUpRun.wall
    var spans = run.make(Self.tree()[0], under: clientSpan, &clock)
    var extra = MadeUpSpan(
      id: run.freshSpanID(), parent: spans[0].id, name: "receive", kind: .server, start: MadeUpRun.wall + 10,
      end: MadeUpRun.wall + 20)
    switch label {
    case "a part of what may be there any number of times": spans.removeLast()
    case "a required span is missing": spans.removeAll { $0.name == "accept" }
    case "all are missing": spans = []
    case "a second root":
      extra.parent = 0
      spans.append(extra)
    case "an orphan":
      extra.parent = 0xdead
      spans.append(extra)
    case "two entry spans":
      (extra.name, extra.parent) = ("session", clientSpan)
      spans += [extra]
      let accept = MadeUpSpan(
        id: run.freshSpanID(), parent: extra.id, name: "accept", kind: .internal, start: extra.start, end: extra.end)
      spans.append(accept)
    case "a leak":
      (extra.start, extra.end) = (spans[0].end + 1, spans[0].end + 2)
      spans.append(extra)
    default: spans.append(extra)
    }
    for span in spans { run.addSpan(run.observation(span, in: traceID)) }
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts[kind] == 1, "\(verdict.findings)")
    #expect(verdict.findings.first { $0.kind == kind }?.evidence.first?.connection == 0)
    #expect(verdict.outcome == .fail)
  }

  @Test("is open where telemetry was lost, and holds nothing against anybody", arguments: 0..<8)
  func lostSpans(place: Int) throws {
    var run = MadeUpRun(try Self.scenario())
    run.add(run.work())
    run.addUpgrade(0, Self.tree())
    let own = run.spans.filter { run.identities.connection(of: $0.traceID) != nil }
    var other = MadeUpRun(try Self.scenario())
    other.add(other.work())
    other.addOpened(0)
    _ = other.observation(
      MadeUpSpan(id: 0, parent: 0, name: "", kind: .internal, start: 0, end: 0), in: TraceID(high: 1, low: 1))
    var clock = MadeUpRun.wall
    let traceID = other.identities.traceID(ofConnection: 0)
    let spans = other.make(Self.tree()[0], under: other.identities.spanID(in: traceID).rawValue, &clock)
    #expect(own.count == spans.count)
    for (index, span) in spans.enumerated() where index != place % spans.count {
      other.addSpan(other.observation(span, in: traceID))
    }
    let verdict = other.verdict()
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.outcome != .fail)
  }

  @Test("that is not sampled is not exported", arguments: [false, true])
  func unsampled(isExported: Bool) throws {
    var run = MadeUpRun(try Self.scenario(sampled: "0%"))
    run.add(run.work())
    run.addUpgrade(0, isExported ? Self.tree() : [])
    let verdict = run.verdict(collector: .lossless)
    #expect(verdict.counts == (isExported ? [.unsampledExported: 1] : [:]))
    #expect(verdict.tallies.connectionTracesUnsampled == 1)
  }

  @Test("of a connection that was opened again is not judged, though a span without a parent is told")
  func reopened() throws {
    for isWrong in [false, true] {
      var run = MadeUpRun(try Self.scenario())
      run.add(run.work())
      run.addUpgrade(0, Self.tree())
      run.addUpgrade(0, Self.tree())
      if isWrong {
        let root = MadeUpSpan(id: run.freshSpanID(), parent: 0, name: "lost", kind: .server, start: 1, end: 2)
        run.addSpan(run.observation(root, in: run.identities.traceID(ofConnection: 0)))
      }
      let verdict = run.verdict(collector: .lossless)
      #expect(verdict.counts == (isWrong ? [.secondRoot: 1] : [:]), "\(verdict.findings)")
    }
  }

  @Test("holds the spans of its messages, which are theirs alone", arguments: [false, true])
  func besideMessages(isLossy: Bool) throws {
    var run = MadeUpRun(try Self.scenario("connection"))
    run.addUpgrade(0, Self.tree())
    for number in 0..<3 {
      var exchange = run.workInConnection()
      if isLossy, number == 1 { exchange.spans.removeFirst() }
      run.add(exchange)
    }
    let verdict = run.verdict(collector: isLossy ? CollectorBooks() : .lossless)
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.connectionTracesComplete == 1)
    #expect(verdict.tallies.tracesComplete == (isLossy ? 2 : 3))
  }

  @Test("is where an echo must not be")
  func ambientEcho() throws {
    var run = MadeUpRun(try Self.scenario())
    run.addUpgrade(0, Self.tree())
    var exchange = run.work()
    let (own, other) = (run.identities.traceID(ofConnection: 0), run.identities.traceID(ofConnection: 3))
    exchange.spans = []
    exchange.changeEchoes { $1.traceID = own }
    run.add(exchange)
    var crossed = run.work()
    crossed.changeEchoes { $1.traceID = other }
    run.add(crossed)
    #expect(run.verdict().counts == [.ambientContext: 1, .crossedContext: 1])
  }

  @Test("never takes the room of messages: of connections that make spans for ever half of it is left")
  func endlessConnection() throws {
    var scenario = try Self.scenario()
    scenario.collector.memory = 1 << 20
    var run = MadeUpRun(scenario)
    run.addUpgrade(0, Self.tree(receives: 8000))
    run.deliver()
    #expect(run.verifier.spans.inUse <= run.verifier.spanLimit / 2 + 1)
    for _ in 0..<20 { run.add(run.work()) }
    let verdict = run.verdict()
    #expect(verdict.tallies.tracesComplete == 20)
    #expect(verdict.counts == [:])
    #expect(verdict.outcome == .inconclusive)
  }
}
