import Observations
import Scenarios
import Testing
import TraceContext

@testable import Verification

@Suite("How many spans there are")
struct SpanCountTests {
  private static func kinds(_ rule: String, _ children: [SpanShape]) throws -> [FindingKind: Int] {
    var run = MadeUpRun(
      try Scenario(
        yaml: """
          name: counts
          target: { url: "ws://127.0.0.1:8000/" }
          load: { connections: 1, phases: [{ for: 1s, rate: 1/s }] }
          messages:
            steps: { body: { type: steps }, trace: fresh, spans: [{ name: entry, children: [\(rule)] }] }
          """, file: "counts.yaml"))
    run.add(run.exchange(0, members: 0, shape: [SpanShape("entry", .internal, children)]))
    return run.verdict(collector: .lossless).counts
  }

  private static func shapes(_ name: String, _ below: [Int]) -> [SpanShape] {
    below.map { SpanShape(name, .internal, Array(repeating: SpanShape("write"), count: $0)) }
  }

  @Test(
    "is what the scenario says below each parent",
    arguments: [
      ("any number, none", "{ name: send, count: any, children: [write] }", [], nil),
      ("any number, each with its child", "{ name: send, count: any, children: [write] }", [1, 1, 1], nil),
      ("any number, one without its child", "{ name: send, count: any, children: [write] }", [1, 0, 1], .missingSpan),
      ("any number, one with two", "{ name: send, count: any, children: [write] }", [1, 2, 1], .wrongSpanCount),
      (
        "any number below any number", "{ name: send, count: any, children: [{ name: write, count: any }] }", [0, 3],
        nil
      ),
      ("two of two", "{ name: send, count: 2, children: [write] }", [1, 1], nil),
      ("one of two", "{ name: send, count: 2 }", [0], .missingSpan),
      ("three of two", "{ name: send, count: 2 }", [0, 0, 0], .wrongSpanCount),
      ("none of an optional two", "{ name: send, count: 2, optional: true }", [], nil),
      ("two children here and none there", "{ name: send, count: 2, children: [write] }", [2, 0], .wrongSpanCount),
      ("none that is allowed", "{ name: send, count: 0 }", [0], .wrongSpanCount),
    ] as [(String, String, [Int], FindingKind?)])
  func counts(_ label: String, rule: String, below: [Int], kind: FindingKind?) throws {
    #expect(try Self.kinds(rule, Self.shapes("send", below)) == (kind.map { [$0: 1] } ?? [:]))
  }

  @Test(
    "is one entry span: what a message without a context makes is in nobody's trace",
    arguments: [
      ("as an entry span", "websocket.receive", false, .duplicateEntrySpan),
      ("as another span at the top", "bare.receive", false, .unexpectedSpan),
      ("below an entry span, once that has ended", "bare.receive", true, .contextLeak),
    ] as [(String, String, Bool, FindingKind)])
  func uncontextedWork(_ label: String, name: String, isLate: Bool, kind: FindingKind) throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    let entry = exchange.spans[0]
    exchange.spans.append(
      MadeUpSpan(
        id: run.freshSpanID(), parent: isLate ? entry.id : exchange.clientSpan.rawValue, name: name, kind: .server,
        start: isLate ? entry.end + 1 : entry.start + 1, end: entry.end + 2))
    run.add(exchange)
    var bare = run.exchange(MadeUpScenario.bare)
    bare.spans = []
    run.add(bare)
    #expect(run.verdict().counts == [kind: 1])
  }
}
