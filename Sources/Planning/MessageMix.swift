package import Scenarios

/// Which message type each arrival has, by weight: a function of its number alone, so that it is the same whoever sends
/// it.
package struct MessageMix: Sendable {
  private let cumulative: [Int]
  private let seed: UInt64

  package init(_ messages: [MessageType], seed: UInt64) {
    var sum = 0
    cumulative = messages.map { message in
      sum += message.weight
      return sum
    }
    self.seed = seed ^ 0x6d69_7874_7572_6500
  }

  /// The index of the type of arrival `number`.
  package func type(ofArrival number: UInt64) -> Int {
    guard cumulative.count > 1, let total = cumulative.last, total > 0 else { return 0 }
    var random = SeededRandom(seed: seed, skipping: number)
    // The high half of a product: even to 2⁻⁴⁰ for the greatest weights, and one draw whatever it gives.
    let ticket = Int(random.next().multipliedFullWidth(by: UInt64(total)).high)
    return cumulative.firstIndex { ticket < $0 } ?? 0
  }
}
