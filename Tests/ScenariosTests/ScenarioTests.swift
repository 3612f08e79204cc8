import Foundation
import TestInputs
import Testing
import Timing
import TraceContext

@testable import Scenarios

@Suite struct ScenarioTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "scenarios")

  @Test(arguments: ["chat-broadcast", "echo-steady", "typing"])
  func theScenarioFileIsRead(name: String) throws {
    let text = try String(contentsOf: Self.folder.appending(path: "\(name).yaml"), encoding: .utf8)
    #expect(text.hasPrefix("# "), "its first comment asks its question")
    #expect(diagnostics(text) == [])
    let scenario = try Scenario(yaml: text, file: name)
    #expect(scenario.name == name)
    #expect(scenario.carrier.path == ["trace_context"])
  }

  @Test func everyKeyIsRead() throws {
    let scenario = try Scenario(yaml: wholeScenario, file: "s.yaml")
    #expect(scenario.name == "whole")
    #expect(scenario.target.url == Template([.literal("ws://host:8000/"), .value(.groupName), .literal("/")]))
    #expect(scenario.target.headers.map(\.name) == ["X-Id"])
    #expect(scenario.target.headers.map(\.value) == [Template([.value(.connectionIndex)])])
    #expect(scenario.carrier == Carrier(path: ["trace_context"]))
    #expect(scenario.group == Group(name: "room", size: 2))
    #expect(scenario.load.connections == 4)
    #expect(scenario.load.connectRate == Rate(perSecond: 100))
    let rate = try #require(Rate(perSecond: 10))
    #expect(
      scenario.load.phases == [
        Phase(
          name: "steady", duration: .seconds(1), pace: .open(OpenLoad(from: rate, arrivals: .poisson)), isWarmUp: false)
      ])
    let message = try #require(scenario.messages.first)
    #expect(message.name == "chat")
    #expect(
      message.body
        == .object([
          .init(key: "type", value: .string(Template(literal: "chat"))),
          .init(key: "id", value: .string(Template([.value(.messageID)]))),
        ]))
    let echo = try #require(message.echo)
    #expect(echo.match.map(\.key) == ["id"])
    #expect(echo.copies == .groupSize)
    #expect(echo.within == .seconds(2))
    #expect(echo.context == .continued)
    #expect(echo.parent == NamePattern("reply"))
    let span = try #require(message.spans.first)
    #expect(span.name == NamePattern("receive"))
    #expect(span.kind == .server)
    #expect(span.count == .fixed(1))
    #expect(!span.isOptional)
    #expect(span.children.map(\.name) == [NamePattern("reply")])
    #expect(span.children.first?.kind == nil)
    #expect(scenario.expectations.map(\.text) == ["propagation == 100%"])
    #expect(
      scenario.collector
        == CollectorSettings(
          httpPort: 0, grpcPort: 4317, services: ["chat", "worker"], settle: .seconds(1), answerDelay: .zero,
          memory: 64 << 20))
  }

  @Test func whatIsLeftOutHasItsUsualValue() throws {
    let scenario = try Scenario(
      yaml: """
        name: least
        target: { url: ws://h }
        load: { connections: 1, phases: [{ for: 1s, rate: 1/s }, { for: 1s, rate: 1/s }] }
        messages: { m: { body: {} }, n: { body: {}, echo: { match: { a: 1 } } } }
        """, file: "s.yaml")
    #expect(scenario.carrier == Carrier(path: ["trace_context"]))
    #expect(scenario.group == nil)
    #expect(scenario.load.connectRate == Rate(perSecond: 1000))
    #expect(scenario.load.phases.map(\.name) == ["phase 1", "phase 2"])
    #expect(scenario.messages.map(\.weight) == [1, 1])
    #expect(scenario.messages.map { $0.echo == nil } == [true, false])
    #expect(scenario.messages.last?.echo?.copies == .fixed(1))
    #expect(scenario.messages.last?.echo?.within == .seconds(5))
    #expect(scenario.expectations.isEmpty)
    #expect(scenario.collector == .standard)
  }

  @Test(
    arguments: [
      ("1ns", .nanoseconds(1)), ("5us", .microseconds(5)), ("5µs", .microseconds(5)), ("7ms", .milliseconds(7)),
      ("49ms", .milliseconds(49)),
      ("0.1s", .milliseconds(100)), ("1.005s", .milliseconds(1005)), ("2m", .seconds(120)), ("1.5h", .seconds(5400)),
      ("1e1s", .seconds(10)),
      ("720h", .seconds(720 * 3600)), ("0.4ns", .zero), ("0.6ns", .nanoseconds(1)),
    ] as [(String, Duration)])
  func aTimeIsExactToTheNanosecond(text: String, duration: Duration) throws {
    let scenario = try Scenario(
      yaml: wholeScenario.replacing("answer-delay: 0s", with: "answer-delay: \(text)"), file: "s.yaml")
    #expect(scenario.collector.answerDelay == duration)
  }

  @Test(arguments: [
    "1", "s", "1 s", "1S", "-1s", "+1s", "1,5s", "0x1s", "١s", "1sec", "1e400s", "720.1h", "nans", "infs", ".5s", "1.s",
    "01s", "1d", "",
  ])
  func aTimeIsRefused(text: String) {
    let told = diagnostics(wholeScenario.replacing("answer-delay: 0s", with: "answer-delay: \"\(text)\""))
    #expect(told.count == 1)
    #expect(told.first?.contains("32:49: error: 'answer-delay' is") == true)
  }

  @Test(
    arguments: [
      ("146B", 146), ("1KiB", 1024), ("0.5KiB", 512), ("1MiB", 1_048_576), ("1.5MiB", 1_572_864),
      ("16MiB", 16_777_216), ("16777216B", 16_777_216),
    ] as [(String, Int)])
  func aSizeIsRead(text: String, bytes: Int) throws {
    let scenario = try Scenario(
      yaml: wholeScenario.replacing("trace: fresh", with: "size: \(text)"), file: "s.yaml")
    #expect(scenario.messages.first?.size == bytes)
  }

  @Test(arguments: [
    "1", "B", "MiB", "0B", "0.3B", "1.0001KiB", "-1B", "1 KiB", "1kiB", "1KB", "1MB", "1GiB", "16777217B", "1e400B", "",
  ])
  func aSizeIsRefused(text: String) {
    let told = diagnostics(wholeScenario.replacing("trace: fresh", with: "size: \"\(text)\""))
    #expect(told.count == 1)
    #expect(told.first?.contains("16:11: error: 'size' is") == true)
  }

  @Test func aMessageWithoutASizeIsNotPadded() throws {
    #expect(try Scenario(yaml: wholeScenario, file: "s.yaml").messages.first?.size == nil)
  }

  @Test(
    arguments: [
      ("1/s", 1), ("0.5/s", 0.5), ("1e3/s", 1000), ("100000000/s", 1e8),
    ] as [(String, Double)])
  func aRateIsRead(text: String, perSecond: Double) throws {
    let scenario = try Scenario(
      yaml: wholeScenario.replacing("connect-rate: 100/s", with: "connect-rate: \(text)"), file: "s.yaml")
    #expect(scenario.load.connectRate == Rate(perSecond: perSecond))
  }

  @Test(
    arguments: [
      ("text", "a", .string(Template(literal: "a"))), ("a quoted number", "\"1\"", .string(Template(literal: "1"))),
      ("a number", "-1.50e+3", .number("-1.50e+3")),
      ("a number that JSON has not", "0x10", .string(Template(literal: "0x10"))),
      ("a leading zero", "007", .string(Template(literal: "007"))),
      ("true", "true", .bool(true)), ("a word of old YAML", "yes", .string(Template(literal: "yes"))),
      ("null", "null", .null), ("a tilde", "~", .null),
      ("nothing", "", .null), ("an empty string", "\"\"", .string(Template([]))),
      ("a list", "[1, [a]]", .array([.number("1"), .array([.string(Template(literal: "a"))])])),
      (
        "two places", "\"{{message.id}}-{{  message.id  }}\"",
        .string(Template([.value(.messageID), .literal("-"), .value(.messageID)]))
      ),
      ("braces that are no template", "\"}} { } {\"", .string(Template(literal: "}} { } {"))),
      ("NUL", "\"\\0\"", .string(Template(literal: "\0"))),
    ] as [(String, String, BodyValue)])
  func aBodyValueIsRead(label: String, text: String, value: BodyValue) throws {
    let scenario = try Scenario(yaml: wholeScenario.replacing("type: chat", with: "type: \(text)"), file: "s.yaml")
    guard case .object(let members)? = scenario.messages.first?.body else {
      Issue.record("the body is no object")
      return
    }
    #expect(members.first?.value == value)
  }

  @Test(
    arguments: [
      ("p99(response-time) < 50ms", .latency(.responseTime, percentile: 99), .below, 50e6),
      ("p99.9( service-time )<=1s", .latency(.serviceTime, percentile: 99.9), .atMost, 1e9),
      ("max(send-lag) > 0s", .latency(.sendLag, percentile: 100), .above, 0),
      ("p0(connect-time)>=1us", .latency(.connectTime, percentile: 0), .atLeast, 1e3),
      ("propagation == 100%", .propagation, .equal, 100), ("complete-traces >= 99.9%", .completeTraces, .atLeast, 99.9),
      ("lost-messages==0", .count(.lostMessages), .equal, 0),
      ("lost-copies < 10", .count(.lostCopies), .below, 10),
      ("duplicate-copies <= 1", .count(.duplicateCopies), .atMost, 1),
      ("failed-connections == 0", .count(.failedConnections), .equal, 0),
      ("dropped-arrivals == 0", .count(.droppedArrivals), .equal, 0),
    ] as [(String, Scenarios.Expectation.Metric, Scenarios.Expectation.Comparison, Double)])
  func anExpectationIsRead(
    text: String, metric: Scenarios.Expectation.Metric, comparison: Scenarios.Expectation.Comparison, bound: Double
  ) throws {
    let scenario = try Scenario(
      yaml: wholeScenario.replacing("- propagation == 100%", with: "- \"\(text)\""), file: "s.yaml")
    #expect(
      scenario.expectations == [Scenarios.Expectation(metric: metric, comparison: comparison, bound: bound, text: text)]
    )
  }

  @Test(
    arguments: [
      (.atMost, [true, true, false]), (.atLeast, [false, true, true]), (.equal, [false, true, false]),
      (.below, [true, false, false]),
      (.above, [false, false, true]),
    ] as [(Scenarios.Expectation.Comparison, [Bool])])
  func aComparisonHoldsBelowAtAndAboveItsBound(comparison: Scenarios.Expectation.Comparison, holds: [Bool]) {
    #expect([1, 2, 3].map { comparison.holds($0, 2) } == holds)
  }

  @Test(arguments: [
    ("a", ["a"], ["", "b", "ab", "A"]), ("a*", ["a", "ab", "a*"], ["ba", ""]), ("*a", ["a", "ba", "*a"], ["ab", ""]),
    ("*a*", ["a", "bab", "ab"], ["", "b"]), ("*", ["", "x"], []), ("**", ["", "x"], []),
    ("a*b", ["a*b"], ["ab", "axb"]),
    ("* websocket send", ["/ws websocket send", " websocket send"], ["websocket send"]),
    ("é", ["é"], ["e\u{301}", "e"]), ("*ab", ["aab"], ["b"]),
  ])
  func aNamePatternMatches(pattern: String, matches: [String], others: [String]) {
    for name in matches { #expect(NamePattern(pattern).matches(name), "\(name)") }
    for name in others { #expect(!NamePattern(pattern).matches(name), "\(name)") }
  }

  @Test func aCountIsFixedOrTheGroupsSize() {
    #expect(Count.fixed(3).value(members: 7) == 3)
    #expect(Count.groupSize.value(members: 7) == 7)
  }

  @Test(arguments: [wholeScenario, tracedScenario])
  func everyTruncationIsReadOrTold(text: String) {
    let needed = text.firstRange(of: "body: {").map { text[..<$0.upperBound].utf8.count } ?? 0
    for count in 0..<text.utf8.count {
      let told = diagnostics(String(decoding: text.utf8.prefix(count), as: UTF8.self))
      if count < needed, told.isEmpty { Issue.record("\(count) bytes are taken for a scenario") }
    }
    #expect(diagnostics(text) == [])
  }

  @Test(arguments: [111, 112, 113, 114] as [UInt64])
  func aDamagedScenarioNeverTraps(seed: UInt64) {
    var dice = Dice(seed: seed)
    let alphabet = Array("{}[]:,\"'-#&*!|>%\n \t{{}}0/s~\0".utf8)
    var wrong = 0
    for round in 0..<500 {
      let bytes = dice.damaged(Array(dice.pick([wholeScenario, tracedScenario]).utf8), alphabet: alphabet)
      let told = diagnostics(String(decoding: bytes, as: UTF8.self))
      wrong += told.isEmpty ? 0 : 1
      for line in told where line.contains("\n") || !line.hasPrefix("s.yaml:") {
        Issue.record("seed \(seed), round \(round): \(line)")
      }
    }
    #expect(wrong > 250, "seed \(seed): the damage is too tame")
  }
}
