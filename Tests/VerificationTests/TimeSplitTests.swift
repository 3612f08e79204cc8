import Observations
import Scenarios
import TestInputs
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("Where the time of a message went")
struct TimeSplitTests {
  /// A span by its times in milliseconds after its entry span began, with those below it.
  struct Timed: Sendable {
    var name: String
    var begin: Double
    var end: Double
    var children: [Timed] = []
  }

  private static func scenario() throws -> Scenario {
    try Scenario(
      yaml: """
        name: split
        target: { url: "ws://127.0.0.1:8000/" }
        load: { connections: 1, phases: [{ for: 1s, rate: 1/s }] }
        messages:
          work:
            body: { type: work, text: "{{ message.id }}" }
            trace: fresh
            echo: { match: { text: "{{ message.id }}" }, within: 60s, parent: reply }
            spans:
              - name: receive
                children:
                  - { name: save, count: any, async: true }
                  - { name: queue, async: true, count: any, children: [{ name: reply, async: true, children: [{ name: write, optional: true }] }] }
                  - { name: reply, optional: true, async: true }
        collector: { settle: 100s }
        """, file: "split.yaml")
  }

  private static func nanoseconds(_ milliseconds: Double) -> Int64 { Int64(milliseconds * 1_000_000) }

  private static func add(
    _ tree: Timed, under parent: UInt64, to exchange: inout Exchange, _ run: inout MadeUpRun
  ) {
    let id = run.freshSpanID()
    func time(_ milliseconds: Double) -> UInt64 { UInt64(Int64(MadeUpRun.wall) + nanoseconds(milliseconds)) }
    exchange.spans.append(
      MadeUpSpan(
        id: id, parent: parent, name: tree.name, kind: .internal, start: time(tree.begin), end: time(tree.end)))
    for child in tree.children { add(child, under: id, to: &exchange, &run) }
  }

  /// Adds a message that was answered so long after its send, half a millisecond after it was due.
  private static func add(_ tree: Timed, answer: Double, to run: inout MadeUpRun) -> Exchange {
    var exchange = run.exchange(0, members: 1, shape: [])
    add(tree, under: exchange.clientSpan.rawValue, to: &exchange, &run)
    exchange.lagNanoseconds = 500_000
    let sender = exchange.first("reply")?.id ?? 0
    exchange.changeEchoes { $1.parentID = SpanID(sender) }
    for index in exchange.echoes.indices { exchange.echoes[index].afterNanoseconds = nanoseconds(answer) }
    run.add(exchange)
    return exchange
  }

  private static func summary(_ run: inout MadeUpRun) throws -> TimeSplitSummary {
    let verdict = run.verdict()
    #expect(verdict.counts == [:], "\(verdict.findings)")
    return try #require(verdict.timeSplits.first)
  }

  private static func column(_ summary: TimeSplitSummary, _ column: Int) -> [String: Double] {
    Dictionary(
      uniqueKeysWithValues: summary.rows.enumerated().map { row, value in
        (
          row == 1 ? "lag" : row == 2 ? "outside" : row == 3 ? "hand-over" : value.name,
          Double(value.nanoseconds[column]) / 1_000_000
        )
      }.reduce(into: [String: Double]()) { $0[$1.0, default: 0] += $1.1 }.map { ($0.key, $0.value) })
  }

  @Test("is told to the nanosecond", arguments: SplitCase.all)
  func parts(_ example: SplitCase) throws {
    var run = MadeUpRun(try Self.scenario())
    _ = Self.add(example.tree, answer: example.answer, to: &run)
    let column = Self.column(try Self.summary(&run), 0)
    #expect(column == example.parts.merging(["response time": example.answer + 0.5, "lag": 0.5]) { $1 })
  }

  @Test("adds up to the response time whatever a trace looks like", arguments: 0..<200)
  func sums(seed: Int) throws {
    var dice = Dice(seed: UInt64(seed))
    var run = MadeUpRun(try Self.scenario())
    func random(_ name: String, _ children: [Timed], _ dice: inout Dice) -> Timed {
      let begin = Double(dice.below(40))
      return Timed(name: name, begin: begin, end: begin + Double(dice.below(30)), children: children)
    }
    for _ in 0..<3 {
      let write = random("write", [], &dice)
      let reply = random("reply", dice.below(2) == 0 ? [write] : [], &dice)
      var children = (0..<dice.below(4)).map { _ in random("save", [], &dice) }
      children.append(dice.below(2) == 0 ? random("queue", [reply], &dice) : reply)
      let tree = Timed(name: "receive", begin: 0, end: Double(dice.below(60)), children: children)
      _ = Self.add(tree, answer: Double(dice.below(80)) + 1, to: &run)
    }
    for summary in run.verdict().timeSplits {
      for column in 2..<summary.rows[0].nanoseconds.count {
        let parts = summary.rows.dropFirst().map { $0.nanoseconds[column] }
        #expect(parts.reduce(0, +) == summary.rows[0].nanoseconds[column], "seed \(seed)")
        #expect(parts.allSatisfy { $0 >= 0 }, "seed \(seed)")
      }
    }
  }

  @Test("shows the slowest three, in whatever order they settle", arguments: 0..<5)
  func slowest(seed: Int) throws {
    func slowest(_ dice: Dice?) throws -> [String] {
      var run = MadeUpRun(try Self.scenario())
      let tree = Timed(name: "receive", begin: 0, end: 5, children: [Timed(name: "reply", begin: 1, end: 4)])
      for number in 0..<30 { _ = Self.add(tree, answer: 10 + Double(number * 7 % 10), to: &run) }
      guard var dice else { return try Self.summary(&run).slowest }
      run.verifier.take(run.announcement)
      run.verifier.take(.facts(ObservationBatch(observations: run.facts)))
      for span in run.spans.shuffled(using: &dice) {
        run.verifier.take(run.delivery(of: [span]))
        if dice.below(3) == 0 { run.verifier.advance(to: run.now.advanced(byNanoseconds: 1_500_000_000)) }
      }
      run.verifier.advance(to: run.now.advanced(byNanoseconds: 200_000_000_000))
      let verdict = run.verifier.finish(droppedDeliveries: 0, collector: CollectorBooks())
      return try #require(verdict.timeSplits.first).slowest
    }
    let expected = try slowest(nil)
    #expect(expected.count == 3)
    #expect(try slowest(Dice(seed: UInt64(seed))) == expected)
  }

  @Test("leaves out warm-ups, and what was not answered")
  func leftOut() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    exchange.isWarmUp = true
    run.add(exchange)
    var unanswered = run.exchange()
    unanswered.echoes = []
    run.add(unanswered)
    #expect(run.verdict().timeSplits == [])
  }
}

/// A trace, when its reply came, and where the time went.
struct SplitCase: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var tree: TimeSplitTests.Timed
  var answer: Double
  var parts: [String: Double]

  private static func receive(_ end: Double, _ children: [TimeSplitTests.Timed]) -> TimeSplitTests.Timed {
    TimeSplitTests.Timed(name: "receive", begin: 0, end: end, children: children)
  }

  private static func span(
    _ name: String, _ begin: Double, _ end: Double, _ children: [TimeSplitTests.Timed] = []
  ) -> TimeSplitTests.Timed {
    TimeSplitTests.Timed(name: name, begin: begin, end: end, children: children)
  }

  static let all = [
    SplitCase(
      testDescription: "one span below another", tree: receive(10, [span("reply", 4, 9)]), answer: 12,
      parts: ["outside": 3, "hand-over": 0, "receive": 4, "reply": 5]),
    SplitCase(
      testDescription: "siblings that the reply waited for",
      tree: receive(10, [span("save", 1, 3), span("save", 3, 5), span("reply", 6, 9)]), answer: 12,
      parts: ["outside": 3, "hand-over": 0, "receive": 2, "save": 4, "reply": 3]),
    SplitCase(
      testDescription: "a sibling that was still busy", tree: receive(10, [span("save", 1, 8), span("reply", 4, 9)]),
      answer: 12, parts: ["outside": 3, "hand-over": 0, "receive": 4, "reply": 5]),
    SplitCase(
      testDescription: "work that a queue handed over after its parent's end",
      tree: receive(2, [span("queue", 5, 6, [span("reply", 9, 10)])]), answer: 12,
      parts: ["outside": 2, "hand-over": 6, "receive": 2, "queue": 1, "reply": 1]),
    SplitCase(
      testDescription: "spans without length",
      tree: receive(0, [span("save", 0, 0), span("reply", 0, 0)]), answer: 12,
      parts: ["outside": 12, "hand-over": 0]),
    SplitCase(
      testDescription: "a sender that ends after the copy has come", tree: receive(30, [span("reply", 4, 20)]),
      answer: 12, parts: ["outside": 0, "hand-over": 0, "receive": 4, "reply": 8]),
    SplitCase(
      testDescription: "a span below that begins before its parent",
      tree: receive(10, [span("queue", 5, 9, [span("reply", 3, 8)])]), answer: 12,
      parts: ["outside": 4, "hand-over": 0, "receive": 3, "reply": 5]),
  ]
}
