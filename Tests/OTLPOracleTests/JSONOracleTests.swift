import OTLPMessages
import TestInputs
import Testing

@Suite("The scanners and swift-protobuf, given JSON,")
struct JSONOracleTests {
  @Test("find the same in bodies with keys in any order, unknown, null, and numbers and texts of every form")
  func generated() {
    var tally = Tally()
    workload.each(percent: 20) { number, dice in
      let signal = dice.pick(OTLPSignal.allCases)
      var bodies = JSONBodies(dice: dice)
      let body = bodies.body(of: signal)
      tally.count(Comparison(body, as: .json, of: signal), "input \(number), \(signal)")
    }
    #expect(tally.differences.isEmpty)
    #expect(tally.bothRefuse == 0)
    #expect(tally.same > 50 * tally.knownDifferences)
  }

  @Test("refuse every truncation of a body", arguments: OTLPSignal.allCases)
  func truncated(signal: OTLPSignal) {
    var tally = Tally()
    var bodies = JSONBodies(dice: Dice(seed: Workload.seed))
    for _ in 0..<8 {
      let body = bodies.body(of: signal)
      for length in 0..<min(body.count, 1500) {
        let part = Array(body[..<length])
        tally.count(Comparison(part, as: .json, of: signal), "\(signal), \(length) bytes")
      }
    }
    #expect(tally.differences.isEmpty)
    #expect(tally.bothRefuse > 100)
  }

  @Test("find the same in damaged bodies, or both refuse them")
  func damaged() {
    var tally = Tally()
    workload.each(percent: 20) { number, dice in
      let signal = dice.pick(OTLPSignal.allCases)
      var bodies = JSONBodies(dice: dice)
      let whole = bodies.body(of: signal)
      let body = bodies.dice.damaged(whole, alphabet: Array(#"{}[]",:\u0e-+.9 "#.utf8) + [0x80, 0xc3])
      tally.count(Comparison(body, as: .json, of: signal), "input \(number), \(signal)")
    }
    #expect(tally.differences.isEmpty)
    #expect(tally.same > tally.bothRefuse / 20)
    #expect(tally.bothRefuse > tally.same / 20)
  }
}
