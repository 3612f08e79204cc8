import Testing
import TraceContext

@Suite struct FlagRuleTests {
  @Test(
    arguments: [
      ("all", 1.0, false, TraceFlags.sampled), ("all, random", 1.0, true, [.sampled, .random]),
      ("more than all", 1.5, false, .sampled), ("none", 0.0, false, []), ("none, random", 0.0, true, .random),
      ("less than none", -1.0, false, []), ("no number", .nan, false, []),
    ] as [(String, Double, Bool, TraceFlags)])
  func allOrNoneHaveTheSameFlags(label: String, sampled: Double, isRandom: Bool, expected: TraceFlags) {
    let rule = FlagRule(sampled: sampled, isRandom: isRandom)
    #expect(rule.common == expected)
    for sequence in [0, 1, .max] as [UInt32] {
      #expect(rule.flags(of: MessageIdentity(shard: 0, sequence: sequence)) == expected)
      #expect(rule.flags(ofConnection: sequence) == expected)
    }
  }

  /// The shares of 100,000 messages lie within four standard deviations, of which the greatest is 0.0016.
  @Test(arguments: [0.001, 0.1, 0.25, 0.5, 0.9, 0.999], [0, 1, 255] as [UInt32])
  func aShareIsMetInTheLongRun(sampled: Double, shard: UInt32) {
    let rule = FlagRule(sampled: sampled, isRandom: true)
    #expect(rule.common == nil)
    let count = 100_000
    let flags = (0..<UInt32(count)).map { rule.flags(of: MessageIdentity(shard: shard, sequence: $0)) }
    #expect(flags.allSatisfy { $0.contains(.random) && $0.subtracting(.defined).isEmpty })
    let found = Double(flags.count { $0.contains(.sampled) }) / Double(count)
    #expect(abs(found - sampled) <= 4 * (sampled * (1 - sampled) / Double(count)).squareRoot())
    // No connection or message type that is served in turn has another share.
    for step in [2, 10, 144] {
      let part = stride(from: 0, to: count, by: step).map { flags[$0].contains(.sampled) }
      let found = Double(part.count { $0 }) / Double(part.count)
      #expect(abs(found - sampled) <= 5 * (sampled * (1 - sampled) / Double(part.count)).squareRoot(), "\(step)")
    }
  }

  @Test func aGreaterShareHasAllThatALesserHas() {
    let (lesser, greater) = (FlagRule(sampled: 0.2, isRandom: false), FlagRule(sampled: 0.3, isRandom: false))
    for sequence in 0..<10_000 as Range<UInt32> {
      let message = MessageIdentity(shard: 3, sequence: sequence)
      if lesser.flags(of: message).contains(.sampled), !greater.flags(of: message).contains(.sampled) {
        Issue.record("message \(sequence) of the lesser share is none of the greater")
      }
    }
  }

  @Test func upgradesHaveTheirShareToo() {
    let rule = FlagRule(sampled: 0.5, isRandom: false)
    let sampled = (0..<10_000 as Range<UInt32>).count { rule.flags(ofConnection: $0).contains(.sampled) }
    #expect(abs(sampled - 5000) <= 200)
  }
}
