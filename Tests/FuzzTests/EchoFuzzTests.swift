import JSONText
import Planning
import Scenarios
import TestInputs
import Testing
import TraceContext
import VirtualUsers

/// Damaged messages, as a server may send them in a text frame: valid UTF-8 or not.
@Suite struct EchoFuzzTests {
  private static let yaml = """
    name: fuzz
    target: { url: "ws://h/" }
    carrier: { at: /meta/trace_context }
    load: { connections: 1, phases: [{ for: 1s, rate: 1/s }] }
    messages:
      chat:
        body: { type: chat, id: "m-{{ message.id }}-é" }
        trace: { tracestate: "a=b,c=d", baggage: "user=alice;p" }
        echo: { match: { type: chat, id: "m-{{ message.id }}-é" }, within: 1s, trace-context: continued }
      typing:
        body: { type: typing }
        echo: { match: { type: typing, on: true, count: 5, none: null }, within: 1s, trace-context: continued }

    """
  private static let alphabet = Array("{}[]\",:\\u00e9truefalsn-+.eE05/ \n".utf8) + [0x00, 0x1f, 0x80, 0xc3, 0xff]

  private static func texts(_ plan: Plan) -> [[UInt8]] {
    let identity = MessageIdentity(shard: 0, sequence: 7)
    let id = plan.identities.text(of: identity)
    let traceID = plan.identities.traceID(of: identity)
    let parent = Traceparent(traceID: traceID, parentID: SpanID(5), flags: .sampled)
    let companions = "\"tracestate\":\"a=b,c=d\",\"baggage\":\"user=alice;p\""
    let carrier = "\"meta\":{\"trace_context\":{\"traceparent\":\"\(parent)\",\(companions)}}"
    return [
      plan.templates.first.map { $0.text(of: identity, connection: 0, in: plan.identities) } ?? "",
      "{\"type\":\"chat\",\"id\":\"m-\(id)-é\",\(carrier)}",
      "{\"ty\\u0070e\":\"ch\\u0061t\",\"id\":\"m-\(id)-\\u00e9\",\(carrier),\"more\":[1,2.5e-3,{\"a\":[[]]},\"\\ud83d\\ude00\"]}",
      "{\"type\":\"chat\",\"id\":\"m-\(id)-é\",\"meta\":{\"trace_context\":{\(companions),\"traceparent\":\"cc\(traceID)\",\"tracestate\":5},\"trace_context\":{\"baggage\":\"user=b\"}}}",
      "{\"type\":\"typing\",\"on\":true,\"count\":5,\"none\":null,\(carrier)}", "[1,\"two\",{\"three\":null}]",
    ].map { Array($0.utf8) }
  }

  @Test func aDamagedEchoNeverTraps() throws {
    let plan = try Plan(scenario: Scenario(yaml: Self.yaml, file: "fuzz.yaml"), seed: 3)
    let reader = try #require(EchoReader(plan))
    let texts = Self.texts(plan)
    var echoes = 0
    var unreadable = 0
    var changed = 0
    workload.each(percent: 10) { number, dice in
      let bytes = dice.damaged(dice.pick(texts), alphabet: Self.alphabet)
      let reading = reader.read(bytes.span)
      if case .echo(let echo) = reading, echo.tracestate != .kept || echo.baggage != .kept { changed += 1 }
      if reading != reader.read(bytes.span) { Issue.record("input \(number) is read in two ways") }
      switch reading {
      case .echo, .foreign: echoes += 1
      case .unreadable: unreadable += 1
      }
    }
    #expect(echoes > 0)
    #expect(changed > 0)
    #expect(unreadable > 0)
  }

  @Test func damagedJSONNeverTrapsAndIsNeverPassedBeyondItsEnd() throws {
    let plan = try Plan(scenario: Scenario(yaml: Self.yaml, file: "fuzz.yaml"), seed: 3)
    let texts = Self.texts(plan)
    var whole = 0
    workload.each(percent: 10) { number, dice in
      let bytes = dice.damaged(dice.pick(texts), alphabet: Self.alphabet)
      var scanner = JSONScanner()
      do throws(JSONFault) {
        try scanner.skipValue(bytes.span)
        try scanner.expectEnd(bytes.span)
        whole += 1
      } catch {
        let place =
          switch error {
          case .syntax(let place), .tooDeep(let place): place
          }
        if !(0...bytes.count).contains(place) { Issue.record("input \(number): \(error) of \(bytes.count) bytes") }
      }
    }
    #expect(whole > 0)
  }
}
