/// Remembers the batches that were taken last, by a fingerprint of their spans' IDs, so that a retry is known as one.
///
/// An exporter that missed our answer sends the same spans again, though perhaps compressed anew: what is compared is
/// what they are, and not their bytes.
struct RepeatedBatches {
  /// Batches that are remembered: more than an exporter sends between two tries.
  static let limit = 16_384

  private var known: Set<UInt64> = []
  /// In the order in which they came; the oldest is overwritten.
  private var order: [UInt64] = []
  private var next = 0

  func contains(_ fingerprint: UInt64) -> Bool { known.contains(fingerprint) }

  mutating func insert(_ fingerprint: UInt64) {
    guard known.insert(fingerprint).inserted else { return }
    if order.count < Self.limit {
      order.append(fingerprint)
    } else {
      known.remove(order[next])
      order[next] = fingerprint
      next = (next + 1) % Self.limit
    }
  }

  /// A span's part of its batch's fingerprint: the parts are added up, in whatever order spans stand.
  @inline(__always)
  static func part(traceLow: UInt64, spanID: UInt64) -> UInt64 {
    var word = traceLow ^ spanID &* 0x9e37_79b9_7f4a_7c15
    word ^= word >> 32
    word = word &* 0xd6e8_feb8_6659_fd93
    word ^= word >> 29
    return word &* 0xa076_1d64_78bd_642f
  }
}
