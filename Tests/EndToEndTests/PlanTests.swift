import Foundation
import Testing
import TraceContext

/// What `plan` shows of trace context: the messages of each mode, and the header fields of upgrades.
@Suite struct PlanTests {
  private static let seed: UInt64 = 7
  private static let identities = IdentityPermutation(seed: seed)

  private func plan(trace: String, upgrade: String = "") throws -> [String] {
    let folder = try TemporaryFolder()
    let yaml = """
      name: shown
      target: { url: "ws://127.0.0.1:1/", headers: { X-Key: s3cr3t } }
      \(upgrade)
      load: { connections: 2, phases: [{ for: 1s, rate: 10/s }] }
      messages: { m: { body: { t: m }, trace: \(trace) } }

      """
    let scenario = try folder.write(yaml, to: "shown.yaml")
    let outcome = try Tool.run(["plan", scenario, "--seed", String(Self.seed), "--messages", "3"])
    #expect(outcome.status == 0, "\(outcome.diagnostics)")
    #expect(!outcome.output.contains("s3cr3t"))
    return outcome.output.split(separator: "\n").map(String.init)
  }

  /// `%T` and `%S` stand for the message's own IDs, and `%C` for its connection's trace ID.
  @Test(arguments: [
    ("fresh", #",\"trace_context\":{\"traceparent\":\"00-%T-%S-01\"}"#),
    ("sticky", #",\"trace_context\":{\"traceparent\":\"00-%T-%S-01\"}"#),
    ("connection", #",\"trace_context\":{\"traceparent\":\"00-%C-%S-01\"}"#),
    ("none", ""),
    (
      "{ random: true, tracestate: a=1 }",
      #",\"trace_context\":{\"traceparent\":\"00-%T-%S-03\",\"tracestate\":\"a=1\"}"#
    ),
    ("{ raw: \"{{ span.id }}x\" }", #",\"trace_context\":{\"traceparent\":\"%Sx\"}"#),
  ])
  func `the messages of each mode are shown as they are sent`(trace: String, carrier: String) throws {
    let messages = try plan(trace: trace).suffix(3)
    for (sequence, line) in zip(UInt32(0)..., messages) {
      let own = Self.identities.traceID(of: MessageIdentity(shard: 0, sequence: sequence))
      let text = carrier.replacing("\\\"", with: "\"").replacing("%T", with: "\(own)")
        .replacing("%S", with: "\(Self.identities.spanID(in: own))")
        .replacing("%C", with: "\(Self.identities.traceID(ofConnection: sequence % 2))")
      #expect(line == "  0.\(sequence)00000 s m {\"t\":\"m\"\(text)}")
    }
  }

  @Test func `the messages that are sampled are those of their share`() throws {
    let rule = FlagRule(sampled: 0.5, isRandom: false)
    let messages = try plan(trace: "{ sampled: 50% }").suffix(3)
    for (sequence, line) in zip(UInt32(0)..., messages) {
      let flags = rule.flags(of: MessageIdentity(shard: 0, sequence: sequence))
      #expect(line.hasSuffix("-0\(flags.rawValue)\"}}"))
    }
  }

  @Test func `the header fields of upgrades are shown`() throws {
    let lines = try plan(
      trace: "fresh", upgrade: "upgrade: { sampled: 0%, random: true, tracestate: \"a=1,b=2\", baggage: c=3 }")
    let shown = (0..<2 as Range<UInt32>).flatMap { connection in
      let traceID = Self.identities.traceID(ofConnection: connection)
      return [
        "  connection \(connection) opens at 0.00\(connection)000 s: /",
        "    traceparent: 00-\(traceID)-\(Self.identities.spanID(in: traceID))-02", "    tracestate: a=1,b=2",
        "    baggage: c=3",
      ]
    }
    #expect(Array(lines.dropFirst(2).prefix(8)) == shown)
  }

  @Test func `upgrades without a trace show none`() throws {
    #expect(try !plan(trace: "none").contains { $0.contains("traceparent") })
  }
}
