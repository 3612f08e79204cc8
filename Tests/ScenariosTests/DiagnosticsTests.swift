import Scenarios
import Testing

/// The exact words of every diagnostic: where, what was found, what was needed, and a way out.
@Suite struct DiagnosticsTests {
  @Test(arguments: mistakes)
  func aMistakeIsTold(label: String, found: String, replacement: String, expected: [String]) {
    #expect(wholeScenario.ranges(of: found).count == 1, "the row names one place")
    let told = diagnostics(wholeScenario.replacing(found, with: replacement))
    #expect(told == expected.map { "s.yaml:" + $0 })
  }

  @Test(arguments: [
    ("an empty file", "", "1:1: error: the file is empty; a scenario begins with 'name:' and 'target:'"),
    ("a comment only", "# nothing\n", "1:1: error: the file is empty; a scenario begins with 'name:' and 'target:'"),
    ("text", "hello", "1:1: error: 'scenario' is 'hello', but a mapping is needed"),
    ("a list", "- a", "1:1: error: 'scenario' is a list, but a mapping is needed"),
    ("null", "~", "1:1: error: 'scenario' is empty, but a mapping is needed"),
    ("an open quote", "name: \"a", "1:9: error: this is no YAML: found unexpected end of stream"),
    (
      "a mapping inside of a value", "a: b: c",
      "1:5: error: this is no YAML: mapping values are not allowed in this context"
    ),
    (
      "more than 1 MiB", String(repeating: "#", count: Scenario.sizeLimit + 1),
      "1:1: error: the file has 1048577 bytes, but 1 MiB is the most"
    ),
    ("1001 lists", String(repeating: "- ", count: 1001), "1:1999: error: the file is nested deeper than 1000 levels"),
    (
      "500000 lists", String(repeating: "- ", count: 500_000),
      "1:1999: error: the file is nested deeper than 1000 levels"
    ),
    (
      "500000 brackets", String(repeating: "[", count: 500_000),
      "1:1: error: the file is nested deeper than 1000 levels"
    ),
  ])
  func aFileThatIsNoScenarioIsTold(label: String, yaml: String, expected: String) {
    #expect(diagnostics(yaml) == ["s.yaml:" + expected])
  }

  @Test func severalMistakesAreToldAtOnceInTheFilesOrder() {
    let told = diagnostics(
      """
      targed: 1
      load:
        connections: 0
        connect-rat: 5/s
        phases:
          - { for: 1, rate: 5 }
          - { for: 1s }
      messages:
        chat:
          weight: -1
          body: { id: "{{ mesage.id }}", other: "{{ nothing }}" }
          echo: { match: { a: [] , b: {} }, copies: x, within: 0s, trace-context: nex, parent: reply }
          spans: [{ kind: clint }]
      expect: [nonsense, p99(x) < 1s, propagation == 5]
      name:
      """)
    #expect(
      told.map { $0.dropFirst("s.yaml:".count) } == [
        "1:1: error: unknown key 'targed' in 'scenario'; did you mean 'target'?",
        "1:1: error: 'target' is missing in 'scenario'",
        "3:16: error: 'connections' is '0', but must lie between 1 and 1000000",
        "4:3: error: unknown key 'connect-rat' in 'load'; did you mean 'connect-rate'?",
        "6:14: error: 'for' is '1', but a time is needed; write it with its unit, as in '10s', '250ms' or '2m'; at most 30 days",
        "6:23: error: 'rate' is '5', but a rate is needed; write it with its unit, as in '500/s', or '100/s..500/s' for a ramp; above 0 and at most 100000000/s",
        "7:7: error: the phase has neither 'rate' nor 'think-time'; write 'rate: 100/s' or 'think-time: 1s'",
        "10:13: error: 'weight' is '-1', but must lie between 0 and 1000000",
        "11:17: error: unknown template name 'mesage.id' in 'body'; did you mean 'message.id'?",
        "11:43: error: unknown template name 'nothing' in 'body'; known: message.id",
        "12:25: error: 'a' is a list, but text, a number, true, false or null is needed",
        "12:33: error: 'b' is a mapping, but text, a number, true, false or null is needed",
        "12:47: error: 'copies' is 'x', but a number or a group's size is needed; write '1'",
        "12:58: error: 'within' is '0s', but must be above 0s and at most 600s",
        "12:77: error: unknown trace-context 'nex'; did you mean 'new'?",
        "13:13: error: 'name' is missing in 'span'",
        "13:21: error: unknown kind 'clint'; did you mean 'client'?",
        "14:10: error: 'nonsense' compares nothing; write a metric, one of <= >= == < >, and a bound",
        "14:20: error: unknown latency 'x'; known: response-time, service-time, send-lag, connect-time, dns-time, tcp-time, proxy-time, tls-time, upgrade-time, close-time, ping-time, fan-out-spread, span-delay",
        "14:33: error: the bound '5' is no percentage; write it as in '99.9%', at most '100%'",
        "15:6: error: 'name' is empty, but text is needed",
      ])
  }

  @Test func anAliasBombIsRefusedBeforeItUnfolds() {
    var yaml = "a0: &a0 [x, x]\n"
    for level in 1...60 { yaml += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    let expected =
      "error: '*a0' repeats the part that '&a0' names, which a scenario cannot do; write the part out where it is used"
    #expect(diagnostics(yaml) == ["s.yaml:2:10: \(expected)"])
    // As a key it would be hashed by the YAML reader itself.
    #expect(diagnostics("? &a0 [x]\n: &a1 {*a0 : 1}\n? [*a1, *a1]\n: 1\n") == ["s.yaml:2:8: \(expected)"])
  }

  @Test(arguments: [
    ("in quotes", "name: \"&a *a\""), ("of different names", "name: R&D *star"), ("inside of words", "name: a&b*b"),
    ("before their anchor", "name: \"*a &a\""),
  ])
  func starsAndAmpersandsThatAreNoAliasesAreLeftAlone(label: String, line: String) {
    let told = diagnostics(wholeScenario.replacing("name: whole", with: line))
    #expect(told.isEmpty == (label != "in quotes"), "text that looks like an alias is refused, to be safe")
  }

  @Test func aLongWordIsCut() {
    let told = diagnostics(
      wholeScenario.replacing("trace: fresh", with: "trace: \(String(repeating: "x", count: 100_000))"))
    #expect(
      told == [
        "s.yaml:16:12: error: unknown trace '\(String(repeating: "x", count: 59))…'; known: fresh, connection, sticky, none"
      ])
  }

  @Test func depthIsBoundedInBodiesAndSpans() {
    let body = String(repeating: "{ a: ", count: 70) + "1" + String(repeating: " }", count: 70)
    let withBody = diagnostics(wholeScenario.replacing("{ type: chat, id: \"{{ message.id }}\" }", with: body))
    #expect(withBody == ["s.yaml:15:331: error: the body is nested deeper than 64 levels"])
    let spans = String(repeating: "[{ name: s, children: ", count: 70) + "[]" + String(repeating: " }]", count: 70)
    let withSpans = diagnostics(wholeScenario.replacing("[reply]", with: spans))
    #expect(withSpans.count == 1)
    #expect(withSpans.first?.hasSuffix("error: the spans are nested deeper than 64 levels") == true)
  }

  @Test func tooManyOfSomethingIsTold() {
    let types = (0..<256).map { "  t\($0): { body: {} }\n" }.joined()
    let messages = diagnostics(
      "name: n\ntarget: { url: ws://h }\nload: { connections: 1, phases: [{ for: 1s, rate: 1/s }] }\nmessages:\n"
        + types)
    #expect(messages == ["s.yaml:5:3: error: 'messages' has 256 message types, but 255 is the most"])
    let members = (0..<17).map { "k\($0): 1" }.joined(separator: ", ")
    let match = diagnostics(
      wholeScenario.replacing("match: { id: \"{{ message.id }}\" }", with: "match: { \(members) }"))
    #expect(match == ["s.yaml:18:14: error: 'match' has 17 members, but 16 is the most"])
  }

  @Test(
    arguments: [
      ("the carrier's object with other members", "/meta/trace", "meta: { a: 1 }", []),
      (
        "text on the way", "/meta/trace", "meta: text",
        ["15:19: error: 'meta' is on the way to the carrier, but is no mapping; make it one, or move the carrier"]
      ),
      (
        "the place itself inside", "/meta/trace", "meta: { trace: {} }",
        [
          "15:21: error: 'trace' is the carrier's place, which is filled in; leave it out of the body, or move the carrier"
        ]
      ),
      (
        "escapes in the pointer", "/a~1b/~0", "a/b: { \"~\": 1 }",
        ["15:20: error: '~' is the carrier's place, which is filled in; leave it out of the body, or move the carrier"]
      ),
    ] as [(String, String, String, [String])])
  func theCarriersPlaceIsKeptFree(label: String, pointer: String, member: String, expected: [String]) {
    let yaml = wholeScenario.replacing("/trace_context", with: pointer).replacing("type: chat", with: member)
    #expect(diagnostics(yaml) == expected.map { "s.yaml:" + $0 })
  }

  @Test func theMemberThatFillsAMessageCannotHoldTheCarrier() {
    let yaml = wholeScenario.replacing("/trace_context", with: "/padding/trace")
      .replacing("trace: fresh", with: "size: 1KiB")
    #expect(
      diagnostics(yaml) == [
        "s.yaml:16:11: error: 'size' fills the message with the member 'padding', which holds the carrier; move the carrier, or leave out 'size'"
      ])
  }
}
