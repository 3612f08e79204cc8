import Scenarios
import Testing
import TraceContext

@testable import Verification

@Suite("Sibling rules")
struct SiblingTests {
  /// A scenario of one type without echo, with these lines under `children` of its entry span.
  private static func scenario(children: String, echo: String = "") throws -> Scenario {
    try Scenario(
      yaml: """
        name: siblings
        target: { url: "ws://127.0.0.1:8000/" }
        load:
          connections: 1
          connect-rate: 1/s
          phases: [{ name: steady, for: 1s, rate: 1/s }]
        messages:
          steps:
            body: { type: steps }
            trace: fresh
        \(echo)
            spans:
              - name: entry
                children: [\(children)]
        collector: { settle: 6s }
        """, file: "siblings.yaml")
  }

  @Test(
    "take a span each, however they are written",
    arguments: [
      ("the same name twice", "send, send", ["send", "send"]),
      ("a pattern before an exact name", "\"chat.*\", chat.save", ["chat.save", "chat.broadcast"]),
      ("an exact name before a pattern", "chat.save, \"chat.*\"", ["chat.broadcast", "chat.save"]),
      (
        "a pattern beside a count", "{ name: \"*.send\", count: 2 }, \"web*\"", ["web.send", "web.send", "web.receive"]
      ),
    ])
  func everySpanHasARule(_ label: String, children: String, names: [String]) throws {
    var run = MadeUpRun(try Self.scenario(children: children))
    run.add(run.exchange(0, members: 0, shape: [SpanShape("entry", .internal, names.map { SpanShape($0) })]))
    let verdict = run.verdict()
    #expect(verdict.counts == [:])
    #expect(verdict.tallies.tracesComplete == 1)
  }

  @Test("still count: one too many is a wrong count")
  func oneTooMany() throws {
    var run = MadeUpRun(try Self.scenario(children: "send, send"))
    let sends = Array(repeating: SpanShape("send"), count: 3)
    run.add(run.exchange(0, members: 0, shape: [SpanShape("entry", .internal, sends)]))
    #expect(run.verdict().counts == [.wrongSpanCount: 1])
  }

  @Test("that are optional may bring the span that an echo names late, or never")
  func lateOptionalParent() throws {
    let echo = """
          echo:
            match: { type: steps }
            parent: send
      """
    for isLost in [false, true] {
      var run = MadeUpRun(try Self.scenario(children: "{ name: send, optional: true }", echo: echo))
      var exchange = run.exchange(
        0, members: 1, shape: [SpanShape("entry", .internal, [SpanShape("send")])], echoNames: "send")
      let send = try #require(exchange.first("send"))
      exchange.drop("send")
      run.add(exchange)
      run.deliver()
      run.pass(seconds: 3)
      #expect(run.verifier.pending == 1)
      if !isLost { run.addSpan(run.observation(send, in: exchange.traceID)) }
      let verdict = run.verdict()
      #expect(verdict.counts == [:])
      #expect(verdict.tallies.tracesComplete == (isLost ? 0 : 1))
      #expect(verdict.tallies.tracesPartial == (isLost ? 1 : 0))
    }
  }
}

@Suite("A leak under an expected name")
struct ExpectedNameLeakTests {
  @Test("is told from a repeated span by its begin", arguments: [("a repeat", false), ("a leak", true)])
  func lateSpan(_ label: String, isLeak: Bool) throws {
    var run = try MadeUpRun()
    let exchange = run.exchange()
    run.add(exchange)
    run.deliver()
    run.pass(seconds: 5)
    #expect(run.verifier.pending == 0)
    var again = try #require(exchange.first("websocket.receive"))
    if isLeak {
      again.id = run.freshSpanID()
      again.start = try #require(exchange.spans.map(\.start).max()) + 2_500_000_000
      again.end = again.start + 1000
    }
    run.addSpan(run.observation(again, in: exchange.traceID))
    let verdict = run.verdict()
    #expect(verdict.counts == (isLeak ? [.contextLeak: 1] : [:]))
    #expect(verdict.tallies.spansLate == (isLeak ? 0 : 1))
  }
}
