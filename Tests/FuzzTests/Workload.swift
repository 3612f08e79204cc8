import TestInputs

/// Of all tests here. Ten million make 11,000,000 inputs: 467 s on two shared cores, nothing found.
let workload = Workload(standardCount: 100_000)

extension Dice {
  /// The bytes in pieces: a few large ones, or many of few bytes.
  mutating func split(_ bytes: [UInt8]) -> [[UInt8]] {
    let longest = pick([1, 3, 20, 500, 100_000])
    var pieces: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Swift.min(1 + below(longest), rest.count)
      pieces.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return pieces
  }
}
