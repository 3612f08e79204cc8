/// A seeded generator for tests (SplitMix64): the seed that a failure prints repeats it.
package struct Dice: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  package mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

  package mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

  /// The bytes with one to four small damages: a byte changed, removed, inserted or repeated, or the end cut off.
  ///
  /// - Parameter alphabet: bytes that are put in more often than others, those that mean something to the parser.
  package mutating func damaged(_ bytes: [UInt8], alphabet: [UInt8]) -> [UInt8] {
    var damaged = bytes
    for _ in 0...below(4) {
      guard !damaged.isEmpty else { break }
      let index = below(damaged.count)
      let byte = below(4) == 0 ? UInt8(truncatingIfNeeded: next()) : pick(alphabet)
      switch below(8) {
      case 0, 1, 2: damaged[index] = byte
      case 3: damaged.remove(at: index)
      case 4, 5: damaged.insert(byte, at: index)
      case 6: damaged.insert(contentsOf: damaged[index..<min(index + 1 + below(8), damaged.count)], at: index)
      default: if below(4) == 0 { damaged.removeSubrange(index...) } else { damaged[index] ^= 1 << UInt8(below(8)) }
      }
    }
    return damaged
  }
}
