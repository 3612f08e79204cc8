/// Decides which faults act on which message, and counts them.
struct FaultInjector {
  private struct Entry {
    let fault: Fault
    let set: FaultSet
    /// A random word up to this one picks the fault.
    let threshold: UInt64
    var messages = 0
  }

  private var entries: [Entry]
  private var random: SplitMix64

  /// - Parameter orders: of several of one fault the last counts.
  init(_ orders: [FaultOrder], seed: UInt64) {
    let latest = Dictionary(orders.map { ($0.fault, $0) }, uniquingKeysWith: { $1 })
    entries = Fault.allCases.compactMap { latest[$0] }.map { order in
      // The greatest number below 1 times 2^64 still fits into a word.
      let threshold = order.share >= 1 ? UInt64.max : UInt64(max(order.share, 0) * 0x1p64)
      return Entry(fault: order.fault, set: FaultSet([order.fault]), threshold: threshold)
    }
    random = SplitMix64(seed: seed)
  }

  var isIdle: Bool { entries.isEmpty }

  /// Messages that each ordered fault acted on.
  var counts: [(fault: Fault, messages: Int)] { entries.map { ($0.fault, $0.messages) } }

  /// Draws for each fault that can show on a message, on its own; of those that would hide each other the first acts.
  mutating func draw(for occasion: FaultOccasion) -> FaultSet {
    var drawn: FaultSet = []
    for entry in entries where occasion.allows(entry.fault) && random.next() <= entry.threshold {
      drawn.formUnion(entry.set)
    }
    if drawn.count > 1 { drawn = drawn.settled }
    count(drawn.subtracting(Self.countedLater))
    return drawn
  }

  mutating func count(_ faults: FaultSet) {
    guard !faults.isEmpty else { return }
    for index in entries.indices where !faults.isDisjoint(with: entries[index].set) { entries[index].messages += 1 }
  }

  /// Faults of which only later events tell whether they acted.
  private static let countedLater = FaultSet([.copyOutOfOrder, .copyLate])
}
