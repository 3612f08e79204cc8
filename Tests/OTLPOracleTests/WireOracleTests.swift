import OTLPMessages
import TestInputs
import Testing

@Suite("The scanners and swift-protobuf, given protobuf,")
struct WireOracleTests {
  @Test("find the same in bodies with fields in any order, again, unknown, and of other wire types")
  func generated() {
    var tally = Tally()
    workload.each(percent: 20) { number, dice in
      let signal = dice.pick(OTLPSignal.allCases)
      var bodies = WireBodies(dice: dice)
      let body = bodies.body(of: signal)
      tally.count(Comparison(body, as: .protobuf, of: signal), "input \(number), \(signal)")
    }
    #expect(tally.differences.isEmpty)
    // A text where a message is declared is mostly no message.
    #expect(tally.same > 10 * tally.bothRefuse)
    #expect(tally.same > 50 * tally.knownDifferences)
  }

  @Test("find the same in every truncation of a body, or both refuse it", arguments: OTLPSignal.allCases)
  func truncated(signal: OTLPSignal) {
    var tally = Tally()
    var bodies = WireBodies(dice: Dice(seed: Workload.seed))
    for _ in 0..<8 {
      let body = bodies.body(of: signal)
      for length in 0..<min(body.count, 1500) {
        let part = Array(body[..<length])
        tally.count(Comparison(part, as: .protobuf, of: signal), "\(signal), \(length) bytes")
      }
    }
    #expect(tally.differences.isEmpty)
    #expect(tally.bothRefuse > 100)
  }

  @Test("find the same in damaged bodies, or both refuse them")
  func damaged() {
    var tally = Tally()
    workload.each(percent: 40) { number, dice in
      let signal = dice.pick(OTLPSignal.allCases)
      var bodies = WireBodies(dice: dice)
      let whole = bodies.body(of: signal)
      let body = bodies.dice.damaged(whole, alphabet: [0, 1, 2, 8, 0x0a, 0x12, 0x1a, 0x7f, 0x80, 0xff])
      tally.count(Comparison(body, as: .protobuf, of: signal), "input \(number), \(signal)")
    }
    #expect(tally.differences.isEmpty)
    #expect(tally.same > tally.bothRefuse / 20)
    #expect(tally.bothRefuse > tally.same / 20)
  }
}
