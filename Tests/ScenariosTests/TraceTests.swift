import Testing
import TraceContext

@testable import Scenarios

/// The keys `trace`, `upgrade` and `trace-context`.
@Suite struct TraceTests {
  private static let tracestate = try? Tracestate("rojo=1,congo=2")
  private static let baggage = try? Baggage("user=alice;p=1")

  private static func scenario(trace: String) throws -> Scenario {
    try Scenario(yaml: wholeScenario.replacing("trace: fresh", with: "trace: \(trace)"), file: "s.yaml")
  }

  @Test(
    arguments: [
      ("fresh", TraceSettings()), ("connection", TraceSettings(mode: .connection)),
      ("sticky", TraceSettings(mode: .sticky)), ("{ mode: connection }", TraceSettings(mode: .connection)),
      ("{}", TraceSettings()), ("{ sampled: 90% }", TraceSettings(sampled: 0.9)),
      ("{ sampled: 0%, random: true }", TraceSettings(sampled: 0, isRandom: true)),
      (
        "{ mode: fresh, sampled: 100%, random: false, tracestate: \"rojo=1,congo=2\", baggage: \"user=alice;p=1\" }",
        TraceSettings(tracestate: tracestate, baggage: baggage)
      ),
      ("{ tracestate: \" rojo=1 ,,\\tcongo=2\" }", TraceSettings(tracestate: tracestate)),
      (
        "{ raw: \"00-{{ trace.id }}-{{ span.id }}-01-x\" }",
        TraceSettings(
          mode: .raw(
            Template([.literal("00-"), .value(.traceID), .literal("-"), .value(.spanID), .literal("-01-x")])))
      ),
      ("{ raw: \"\" }", TraceSettings(mode: .raw(Template([])))),
      ("{ raw: 5 }", TraceSettings(mode: .raw(Template(literal: "5")))),
      (
        "{ raw: \"{{span.id}}\", tracestate: \"rojo=1,congo=2\", baggage: \"user=alice;p=1\" }",
        TraceSettings(mode: .raw(Template([.value(.spanID)])), tracestate: tracestate, baggage: baggage)
      ),
    ] as [(String, TraceSettings)])
  func theContextOfAMessageIsRead(text: String, expected: TraceSettings) throws {
    let trace = try #require(Self.scenario(trace: text).messages.first).trace
    #expect(trace.mode == expected.mode)
    #expect(trace.sampled == expected.sampled)
    #expect(trace.isRandom == expected.isRandom)
    #expect(trace.tracestate == expected.tracestate)
    #expect(trace.baggage == expected.baggage)
  }

  @Test func aMessageMayCarryNoTrace() throws {
    let yaml = wholeScenario.replacing("trace: fresh", with: "trace: none").replacing("continued", with: "new")
    #expect(try Scenario(yaml: yaml, file: "s.yaml").messages.first?.trace.mode == TraceMode.none)
  }

  @Test(
    arguments: [
      ("an unknown mode", "conection", ["16:12: error: unknown trace 'conection'; did you mean 'connection'?"]),
      ("a list", "[fresh]", ["16:12: error: 'trace' is a list, but text is needed"]),
      (
        "raw without its text", "raw",
        [
          "16:12: error: 'raw' needs its text; write it as in '{ raw: \"00-{{ trace.id }}-{{ span.id }}-01-x\" }'"
        ]
      ),
      ("an unknown key", "{ mod: fresh }", ["16:14: error: unknown key 'mod' in 'trace'; did you mean 'mode'?"]),
      (
        "an unknown mode in a mapping", "{ mode: old }",
        ["16:20: error: unknown trace 'old'; known: fresh, connection, sticky, none"]
      ),
      (
        "two modes", "{ mode: fresh, raw: x }",
        ["16:32: error: 'raw' and 'mode' exclude each other; keep one of them"]
      ),
      (
        "raw of nothing", "{ raw: }",
        ["16:19: error: 'raw' is empty, but text is needed; write '\"\"' for a traceparent without any"]
      ),
      (
        "another template in raw", "{ raw: \"{{ message.id }}\" }",
        ["16:19: error: unknown template name 'message.id' in 'raw'; known: trace.id, span.id"]
      ),
      (
        "the trace ID twice", "{ raw: \"{{ trace.id }}{{ trace.id }}\" }",
        ["16:19: error: '{{ trace.id }}' stands more than once in 'raw'; keep one of them"]
      ),
      (
        "the span ID twice", "{ raw: \"{{ span.id }}-{{ span.id }}\" }",
        ["16:19: error: '{{ span.id }}' stands more than once in 'raw'; keep one of them"]
      ),
      (
        "flags of raw text", "{ raw: x, sampled: 1%, random: true }",
        [
          "16:31: error: 'sampled' says nothing here: 'raw' is the whole text of the traceparent, its flags too; leave it out",
          "16:43: error: 'random' says nothing here: 'raw' is the whole text of the traceparent, its flags too; leave it out",
        ]
      ),
      (
        "a share without its unit", "{ sampled: 0.5 }",
        ["16:23: error: 'sampled' is '0.5', but a percentage is needed; write it as in '90%', at most '100%'"]
      ),
      (
        "more than all", "{ sampled: 100.1% }",
        ["16:23: error: 'sampled' is '100.1%', but a percentage is needed; write it as in '90%', at most '100%'"]
      ),
      ("a word for a flag", "{ random: 1 }", ["16:22: error: 'random' is '1', but true or false is needed"]),
      (
        "a tracestate of nothing", "{ tracestate: \" , \" }",
        ["16:26: error: 'tracestate' has no member; write it as in 'rojo=1,congo=2'"]
      ),
      (
        "a tracestate without '='", "{ tracestate: \"a=1,b\" }",
        ["16:26: error: 'tracestate' is malformed: member 2 has no '='; write it as in 'rojo=1,congo=2'"]
      ),
      (
        "a tracestate's key", "{ tracestate: \"A=1\" }",
        [
          "16:26: error: 'tracestate' is malformed: the key of member 1 is not of lowercase letters, digits, '_', '-', '*', '/' and '@'; write it as in 'rojo=1,congo=2'"
        ]
      ),
      (
        "a tracestate's value", "{ tracestate: \"a=b=c\" }",
        [
          "16:26: error: 'tracestate' is malformed: the value of member 1 is empty, too long or has a character that none may have; write it as in 'rojo=1,congo=2'"
        ]
      ),
      (
        "a tracestate's key twice", "{ tracestate: \"a=1,a=2\" }",
        [
          "16:26: error: 'tracestate' is malformed: member 2 has the key of an earlier one; write it as in 'rojo=1,congo=2'"
        ]
      ),
      (
        "a tracestate of 33 members",
        "{ tracestate: \"\((0..<33).map { "k\($0)=1" }.joined(separator: ","))\" }",
        [
          "16:26: error: 'tracestate' is malformed: it has more than 32 members; write it as in 'rojo=1,congo=2'"
        ]
      ),
      (
        "a baggage of nothing", "{ baggage: \",\" }",
        [
          "16:23: error: 'baggage' has no member; write it as in 'user=alice,tier=gold', other characters as in '%20'"
        ]
      ),
      (
        "a baggage without '='", "{ baggage: alice }",
        [
          "16:23: error: 'baggage' is malformed: member 1 has no '='; write it as in 'user=alice,tier=gold', other characters as in '%20'"
        ]
      ),
      (
        "a baggage's key", "{ baggage: \"a b=1\" }",
        [
          "16:23: error: 'baggage' is malformed: the key of member 1 is no token; write it as in 'user=alice,tier=gold', other characters as in '%20'"
        ]
      ),
      (
        "a baggage's value", "{ baggage: \"a=b c\" }",
        [
          "16:23: error: 'baggage' is malformed: the value of member 1 has a character that none may have; write it as in 'user=alice,tier=gold', other characters as in '%20'"
        ]
      ),
      (
        "a baggage's property", "{ baggage: \"a=b;c d\" }",
        [
          "16:23: error: 'baggage' is malformed: a property of member 1 is malformed; write it as in 'user=alice,tier=gold', other characters as in '%20'"
        ]
      ),
      (
        "a baggage of 181 members",
        "{ baggage: \"\((0..<181).map { "k\($0)=1" }.joined(separator: ","))\" }",
        [
          "16:23: error: 'baggage' is malformed: it has more than 180 members; write it as in 'user=alice,tier=gold', other characters as in '%20'"
        ]
      ),
      ("a list as a baggage", "{ baggage: [] }", ["16:23: error: 'baggage' is a list, but text is needed"]),
    ] as [(String, String, [String])])
  func aMistakeInTheContextIsTold(label: String, text: String, expected: [String]) {
    let told = diagnostics(wholeScenario.replacing("trace: fresh", with: "trace: \(text)"))
    #expect(told == expected.map { "s.yaml:" + $0 })
  }

  @Test func whatNoTraceCannotHaveIsTold() {
    let none = "trace: { mode: none, sampled: 1%, random: true, tracestate: a=1, baggage: b=2 }"
    let told = diagnostics(
      wholeScenario.replacing("trace: fresh", with: none).replacing("continued", with: "new"))
    let places = [("sampled", 35), ("random", 47), ("tracestate", 65), ("baggage", 79)]
    #expect(
      told
        == places.map {
          "s.yaml:16:\($0.1): error: '\($0.0)' says nothing here: messages without a trace carry nothing; leave it out"
        })
  }

  // MARK: Echoes

  private static let modes = ["fresh", "connection", "sticky", "none", "{ raw: x }"]

  private static func message(trace: String, rule: String, named: Bool) -> String {
    """
    name: n
    target: { url: ws://h }
    load: { connections: 1, phases: [{ for: 1s, rate: 1/s }] }
    messages:
      m:
        body: { id: "{{ message.id }}" }
        trace: \(trace)
        echo: { \(rule.isEmpty ? "" : "trace-context: \(rule), ")match: { id: \(named ? "\"{{ message.id }}\"" : "x") } }

    """
  }

  @Test(arguments: zip(modes, [ContextRule.continued, .continued, .continued, .new, .new]))
  func whatAnEchoCarriesFollowsFromWhatTheMessageCarries(trace: String, expected: ContextRule) throws {
    let usual = try Scenario(yaml: Self.message(trace: trace, rule: "", named: true), file: "s.yaml")
    #expect(usual.messages.first?.echo?.context == expected)
    for rule in ContextRule.allCases where !(trace == "none" && rule == .continued) {
      let yaml = Self.message(trace: trace, rule: rule.rawValue, named: true)
      #expect(try Scenario(yaml: yaml, file: "s.yaml").messages.first?.echo?.context == rule)
    }
  }

  @Test func nothingCanBeContinuedWhereNothingIsCarried() {
    let told = diagnostics(Self.message(trace: "none", rule: "continued", named: true))
    #expect(
      told == [
        "s.yaml:8:28: error: 'trace-context' is 'continued', but there is nothing to continue: the message carries no trace; write 'new' or 'absent'"
      ])
  }

  @Test(arguments: modes)
  func anEchoWhoseTraceIsNotItsMessagesAloneHasToNameIt(trace: String) {
    for rule in ContextRule.allCases where !(trace == "none" && rule == .continued) {
      let told = diagnostics(Self.message(trace: trace, rule: rule.rawValue, named: false))
      let isTold = trace == "fresh" && (rule == .continued || rule == .unchanged)
      let column = 37 + rule.rawValue.utf8.count
      let expected =
        "s.yaml:8:\(column): error: nothing tells which message such an echo answers; match a text with '{{ message.id }}', which the body sends"
      #expect(told == (isTold ? [] : [expected]), "\(rule)")
    }
  }

  // MARK: The carrier's place

  @Test func withoutATraceTheAuthorMayWriteTheCarrier() throws {
    let yaml = wholeScenario.replacing("trace: fresh", with: "trace: none").replacing("continued", with: "new")
      .replacing("type: chat", with: "trace_context: null")
    #expect(diagnostics(yaml) == [])
  }

  @Test(arguments: [("none", "{}", 14), ("none", "{ a: 1 }", 20), ("{ raw: \"\" }", "{}", 49)])
  func theLeastSizeOfAMessageIsThatOfWhatItCarries(trace: String, body: String, least: Int) throws {
    func yaml(_ size: Int) -> String {
      """
      name: n
      target: { url: ws://h }
      load: { connections: 1, phases: [{ for: 1s, rate: 1/s }] }
      messages: { m: { body: \(body), trace: \(trace), size: \(size)B } }

      """
    }
    let scenario = try Scenario(yaml: yaml(least), file: "s.yaml")
    #expect(scenario.messages.first?.size == least)
    #expect(diagnostics(yaml(least - 1)).first?.hasSuffix("make it '\(least)B' at least") == true)
  }

  // MARK: Upgrades

  private static func scenario(upgrade: String, headers: String = "X-Id: \"1\"") -> String {
    wholeScenario.replacing("X-Id: \"{{ connection.index }}\"", with: headers)
      .replacing("groups:", with: "upgrade: \(upgrade)\ngroups:")
  }

  @Test func withoutTheKeyUpgradesCarryNothing() throws {
    #expect(try Scenario(yaml: wholeScenario, file: "s.yaml").upgrade == nil)
  }

  @Test func theContextOfUpgradesIsRead() throws {
    let least = try #require(Scenario(yaml: Self.scenario(upgrade: "{}"), file: "s.yaml").upgrade)
    #expect(least.trace.mode == .connection)
    #expect(least.trace.sampled == 1)
    #expect(!least.trace.isRandom)
    #expect(least.trace.tracestate == nil)
    #expect(least.trace.baggage == nil)
    #expect(least.spans.isEmpty)
    let text =
      "{ sampled: 25%, random: true, tracestate: \"rojo=1,congo=2\", baggage: \"user=alice;p=1\", spans: [connect, { name: \"HTTP *\", parent: client }] }"
    let whole = try #require(Scenario(yaml: Self.scenario(upgrade: text), file: "s.yaml").upgrade)
    #expect(whole.trace.mode == .connection)
    #expect(whole.trace.sampled == 0.25)
    #expect(whole.trace.isRandom)
    #expect(whole.trace.tracestate == Self.tracestate)
    #expect(whole.trace.baggage == Self.baggage)
    #expect(whole.spans.map(\.name.text) == ["connect", "HTTP *"])
    #expect(whole.spans.map(\.entry) == [.client, .client])
  }

  @Test(
    arguments: [
      ("nothing", "", "X-Id: \"1\"", ["6:9: error: 'upgrade' is empty, but a mapping is needed"]),
      (
        "a mode", "{ mode: fresh }", "X-Id: \"1\"",
        ["6:12: error: unknown key 'mode' in 'upgrade'; known: sampled, random, tracestate, baggage, spans"]
      ),
      (
        "a malformed tracestate", "{ tracestate: a }", "X-Id: \"1\"",
        ["6:24: error: 'tracestate' is malformed: member 1 has no '='; write it as in 'rojo=1,congo=2'"]
      ),
      (
        "headers of the same names", "{ random: true }", "TraceParent: a, tracestate: b, baggage: c",
        ["TraceParent", "tracestate", "baggage"].map {
          "6:10: error: 'upgrade' and the header '\($0)' exclude each other; leave the header out; 'upgrade' has keys for all that it carries"
        }
      ),
    ] as [(String, String, String, [String])])
  func aMistakeInUpgradesIsTold(label: String, upgrade: String, headers: String, expected: [String]) {
    #expect(diagnostics(Self.scenario(upgrade: upgrade, headers: headers)) == expected.map { "s.yaml:" + $0 })
  }

  @Test func withoutTheKeyAHeaderMayHaveSuchAName() {
    #expect(diagnostics(wholeScenario.replacing("X-Id:", with: "traceparent:")) == [])
  }
}
