/// A small seeded generator (SplitMix64): the same seed gives the same plan.
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  /// As it is after `count` draws.
  init(seed: UInt64, skipping count: UInt64) { state = seed &+ count &* Self.step }

  private static let step: UInt64 = 0x9e37_79b9_7f4a_7c15

  package mutating func next() -> UInt64 {
    state &+= Self.step
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Uniform in (0, 1].
  mutating func unit() -> Double { (Double(next() >> 11) + 1) / 9_007_199_254_740_992 }
}
