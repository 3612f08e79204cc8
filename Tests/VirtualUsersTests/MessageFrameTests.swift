import Planning
import Scenarios
import TestInputs
import Testing
import TraceContext
import WebSocketProtocol

@testable import VirtualUsers

@Suite("A message frame")
struct MessageFrameTests {
  @Test("decodes to the plan's text, for every type, mask and sequence", arguments: 0..<20)
  func decoded(seed: Int) throws {
    var generator = Dice(seed: UInt64(seed))
    let plan = try MadeUpPlan.make(seed: UInt64(seed))
    let shard = UInt32.random(in: 0...255, using: &generator)
    for (type, template) in plan.templates.enumerated() {
      var frame = MessageFrame(template, identities: plan.identities, shard: shard)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: frame.count, alignment: 8)
      defer { buffer.deallocate() }
      let base = try #require(buffer.baseAddress)
      for sequence in [0, 1, UInt32.random(in: 0...(.max), using: &generator), .max] {
        for maskKey in [0, UInt32.random(in: 0...(.max), using: &generator), .max] {
          let identity = MessageIdentity(shard: shard, sequence: sequence)
          if template.context.fixedFlags == nil {
            frame.carry(template.context.context(of: identity, connection: 5, in: plan.identities))
          }
          frame.write(identity, plan.identities, maskKey: maskKey, to: base)
          var decoder = MessageDecoder(role: .server, limit: 1 << 20)
          var offset = 0
          let event = try decoder.next(buffer, from: &offset)
          guard case .message(.text, let range)? = event else {
            Issue.record("\(String(describing: event)), seed \(seed), type \(type)")
            continue
          }
          #expect(offset == frame.count)
          let text = String(decoding: buffer[range], as: UTF8.self)
          #expect(text == template.text(of: identity, connection: 5, in: plan.identities), "seed \(seed), type \(type)")
        }
      }
    }
  }

  @Test(
    "carries the context that it is given, whatever the one before carried",
    arguments: ["{ sampled: 50% }", "connection", "{ mode: sticky, tracestate: a=1 }", "{ raw: \"{{ span.id }}-é\" }"])
  func carried(trace: String) throws {
    let yaml = """
      name: n
      target: { url: ws://h }
      load: { connections: 1, phases: [{ for: 1s, rate: 1/s }] }
      messages: { m: { body: { id: "{{ message.id }}" }, trace: \(trace) } }

      """
    let plan = try Plan(scenario: Scenario(yaml: yaml, file: "s.yaml"), seed: 2)
    let template = plan.templates[0]
    var frame = MessageFrame(template, identities: plan.identities, shard: 7)
    var generator = Dice(seed: 4)
    for sequence in 0..<200 as Range<UInt32> {
      let identity = MessageIdentity(shard: 7, sequence: sequence)
      let received = Traceparent(
        traceID: TraceID(high: generator.next(), low: generator.next()), parentID: SpanID(generator.next()),
        flags: TraceFlags(rawValue: UInt8(truncatingIfNeeded: generator.next())))
      let own = template.context.context(of: identity, connection: sequence % 3, in: plan.identities)
      let context = Bool.random(using: &generator) ? received : own
      frame.carry(context)
      var bytes = [UInt8](repeating: 0, count: max(frame.count, 16))
      bytes.withUnsafeMutableBytes { buffer in
        if let base = buffer.baseAddress { frame.write(identity, plan.identities, maskKey: 0, to: base) }
      }
      let text = String(decoding: bytes.suffix(template.payload.count), as: UTF8.self)
      #expect(text == template.text(of: identity, carrying: context, in: plan.identities))
    }
  }
}
