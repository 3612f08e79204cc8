import Planning
import Scenarios
import Testing
import TraceContext

/// What messages and upgrades of each mode look like, byte by byte.
@Suite struct TraceModeTests {
  private static let message = MessageIdentity(shard: 2, sequence: 0xbeef)

  private static func plan(trace: String, seed: UInt64 = 9) throws -> Plan {
    try Plan(scenario: scenario(messages: "m: { body: { t: m }, trace: \(trace) }"), seed: seed)
  }

  /// `%T` and `%S` stand for the message's own trace and span ID, `%C` for its connection's trace ID.
  @Test(
    arguments: [
      ("fresh", #"{"t":"m","trace_context":{"traceparent":"00-%T-%S-01"}}"#),
      ("sticky", #"{"t":"m","trace_context":{"traceparent":"00-%T-%S-01"}}"#),
      ("connection", #"{"t":"m","trace_context":{"traceparent":"00-%C-%S-01"}}"#),
      ("none", #"{"t":"m"}"#),
      ("{ random: true }", #"{"t":"m","trace_context":{"traceparent":"00-%T-%S-03"}}"#),
      ("{ sampled: 0%, random: true }", #"{"t":"m","trace_context":{"traceparent":"00-%T-%S-02"}}"#),
      ("{ mode: connection, sampled: 0% }", #"{"t":"m","trace_context":{"traceparent":"00-%C-%S-00"}}"#),
      (
        "{ tracestate: \"rojo=1, congo=2\", baggage: \"user=alice%20b;p=1 , t = 2\" }",
        #"{"t":"m","trace_context":{"traceparent":"00-%T-%S-01","tracestate":"rojo=1,congo=2","baggage":"user=alice b;p=1,t=2"}}"#
          .replacing("alice b", with: "alice%20b")
      ),
      (
        #"{ mode: sticky, tracestate: 'a="\' }"#,
        #"{"t":"m","trace_context":{"traceparent":"00-%T-%S-01","tracestate":"a=\"\\"}}"#
      ),
      (
        "{ mode: connection, baggage: a=1 }",
        #"{"t":"m","trace_context":{"traceparent":"00-%C-%S-01","baggage":"a=1"}}"#
      ),
      ("{ raw: \"\" }", #"{"t":"m","trace_context":{"traceparent":""}}"#),
      (
        "{ raw: \"cc-{{ trace.id }}-{{ span.id }}-01-x\", tracestate: a=1 }",
        #"{"t":"m","trace_context":{"traceparent":"cc-%T-%S-01-x","tracestate":"a=1"}}"#
      ),
      (
        "{ raw: \"{{ span.id }}\\t{{ trace.id }}\" }",
        #"{"t":"m","trace_context":{"traceparent":"%S\u0009%T"}}"#
      ),
      ("{ raw: \"{{ span.id }}\" }", #"{"t":"m","trace_context":{"traceparent":"%S"}}"#),
    ])
  func theTextHasTheContextOfItsMode(trace: String, expected: String) throws {
    let plan = try Self.plan(trace: trace)
    let own = plan.identities.traceID(of: Self.message)
    let text = expected.replacing("%T", with: "\(own)").replacing("%S", with: "\(plan.identities.spanID(in: own))")
      .replacing("%C", with: "\(plan.identities.traceID(ofConnection: 6))")
    #expect(plan.templates[0].text(of: Self.message, connection: 6, in: plan.identities) == text)
  }

  @Test func anAdoptedContextTakesAllPlaces() throws {
    let plan = try Self.plan(trace: "{ mode: sticky, sampled: 50%, tracestate: a=1 }")
    let adopted = try Traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe")
    #expect(plan.templates[0].context.adopts)
    #expect(
      plan.templates[0].text(of: Self.message, carrying: adopted, in: plan.identities)
        == #"{"t":"m","trace_context":{"traceparent":"\#(adopted)","tracestate":"a=1"}}"#)
  }

  @Test(
    arguments: [
      ("fresh", .sampled, true), ("{ sampled: 0% }", [], true), ("{ sampled: 50% }", nil, false), ("none", [], false),
      ("connection", nil, false), ("sticky", nil, false), ("{ raw: x }", nil, false),
    ] as [(String, TraceFlags?, Bool)])
  func onlyWhatDiffersIsMadeForEachMessage(trace: String, flags: TraceFlags?, isMessageAlone: Bool) throws {
    let context = try Self.plan(trace: trace).templates[0].context
    #expect(context.fixedFlags == flags)
    #expect(context.isMessageAlone == isMessageAlone)
  }

  @Test(arguments: ["fresh", "connection", "sticky"])
  func theSampledFlagFollowsItsShare(mode: String) throws {
    let plan = try Self.plan(trace: "{ mode: \(mode), sampled: 25%, random: true }")
    let template = plan.templates[0]
    var sampled = 0
    for sequence in 0..<4000 as Range<UInt32> {
      let message = MessageIdentity(shard: 1, sequence: sequence)
      let context = template.context.context(of: message, connection: sequence % 7, in: plan.identities)
      #expect(context.flags == plan.scenario.messages[0].trace.flags.flags(of: message))
      if sequence < 100 {
        let text = template.text(of: message, connection: sequence % 7, in: plan.identities)
        #expect(text.hasSuffix("-\(context.flags.contains(.sampled) ? "03" : "02")\"}}"))
      }
      sampled += context.flags.contains(.sampled) ? 1 : 0
    }
    // Four standard deviations.
    #expect(abs(sampled - 1000) <= 110)
  }

  @Test(arguments: ["none", "{ raw: \"{{ trace.id }}\" }"])
  func whatCarriesNoTraceOfOursHasNoFlags(trace: String) throws {
    let plan = try Self.plan(trace: trace)
    #expect(plan.templates[0].context.context(of: Self.message, connection: 0, in: plan.identities).flags == [])
  }

  @Test(arguments: [("none", 64), ("sticky", 128), ("{ raw: x, baggage: a=1 }", 128)])
  func aMessageOfAnyModeIsPaddedToItsSize(trace: String, size: Int) throws {
    let messages = "m: { body: {}, trace: \(trace), size: \(size)B }"
    let plan = try Plan(scenario: scenario(messages: messages), seed: 3)
    let text = plan.templates[0].text(of: Self.message, connection: 0, in: plan.identities)
    #expect(text.utf8.count == size)
    #expect(text.contains(trace == "none" ? "{\"padding\":\"x" : "},\"padding\":\"x"))
  }

  // MARK: Upgrades

  private static func plan(upgrade: String) throws -> Plan {
    let yaml = """
      name: plan
      target: { url: "ws://h/", headers: { X-Id: "{{ connection.index }}" } }
      upgrade: \(upgrade)
      load: { connections: 4000, phases: [{ for: 1s, rate: 1/s }] }
      messages: { m: { body: {} } }

      """
    return try Plan(scenario: Scenario(yaml: yaml, file: "plan.yaml"), seed: 6)
  }

  @Test func anUpgradeCarriesItsConnectionsTrace() throws {
    let plan = try Self.plan(upgrade: "{ random: true, tracestate: \"rojo=1, congo=2\", baggage: user=alice }")
    let traceID = plan.identities.traceID(ofConnection: 3)
    let fields = plan.headers(ofConnection: 3).map { "\($0.name): \($0.value)" }
    #expect(
      fields == [
        "X-Id: 3", "traceparent: 00-\(traceID)-\(plan.identities.spanID(in: traceID))-03",
        "tracestate: rojo=1,congo=2", "baggage: user=alice",
      ])
    #expect(plan.traceHeaders(ofConnection: 3).map(\.name) == ["traceparent", "tracestate", "baggage"])
    #expect(try Self.plan(upgrade: "{}").traceHeaders(ofConnection: 0).map(\.name) == ["traceparent"])
  }

  @Test func theShareOfSampledUpgradesIsMet() throws {
    let plan = try Self.plan(upgrade: "{ sampled: 10% }")
    let sampled = (0..<4000).count { plan.traceHeaders(ofConnection: $0)[0].value.hasSuffix("-01") }
    // Four standard deviations.
    #expect(abs(sampled - 400) <= 76)
  }
}
