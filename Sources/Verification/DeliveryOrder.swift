import Timing
import TraceContext

/// A copy whose place in the order of deliveries is not judged yet.
struct HeldCopy: Sendable, BitwiseCopyable {
  /// Its number among all echoes.
  var ordinal: UInt64
  var message: MessageIdentity
  var receiver: UInt32
  var sender: UInt32
  var at: Instant
}

/// The last message of each sender that each receiver got, so that one that comes after a later one is seen.
struct DeliveryOrder {
  private struct Last {
    /// One more than the message's sequence; 0 for none.
    var sequence: UInt32 = 0
    var at = Instant(nanoseconds: 0)
  }

  /// Pairs of receiver and sender that are remembered at most; of larger groups no order is judged.
  private static let pairLimit = 1 << 22

  private let groupSize: Int
  private let connections: Int
  private var pairs: [Last] = []

  /// - Parameter groupSize: 0 where there are no groups: then only what a connection hears of itself is noted.
  init(connections: Int, groupSize: Int) {
    self.groupSize = max(groupSize, 1)
    self.connections = connections
  }

  /// Whether the order is judged.
  var isJudged: Bool { connections.multipliedSaturated(by: groupSize) <= Self.pairLimit }

  /// Notes a copy, and returns the sequence of the message that is out of order with what is known: this one, or the
  /// one that was noted before it.
  ///
  /// - Parameters:
  ///   - receiver: a connection; of the sender's group.
  ///   - sequence: of a message of the sender; a sender's grow in the order in which it sends.
  mutating func note(receiver: UInt32, sender: UInt32, sequence: UInt32, at: Instant) -> UInt32? {
    guard isJudged, Int(receiver) < connections else { return nil }
    if pairs.isEmpty { pairs = Array(repeating: Last(), count: connections * groupSize) }
    let pair = Int(receiver) * groupSize + Int(sender) % groupSize
    let last = pairs[pair]
    guard last.sequence > 0 else {
      pairs[pair] = Last(sequence: sequence &+ 1, at: at)
      return nil
    }
    if sequence &+ 1 > last.sequence {
      pairs[pair] = Last(sequence: sequence &+ 1, at: at)
      // Told of later, but come earlier.
      return at < last.at ? last.sequence &- 1 : nil
    }
    // What a receiver reads at once has one instant; it is told of in the order in which it came.
    return sequence &+ 1 < last.sequence && at >= last.at ? sequence : nil
  }
}
