import Planning
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
}
