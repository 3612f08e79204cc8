/// Which flags the traceparents of one message type, or of upgrades, carry: a function of what they name alone, so that
/// whoever sends and whoever judges agree without a table.
package struct FlagRule: Hashable, Sendable, BitwiseCopyable {
  /// What all of them carry, or nil where the sampled flag differs.
  package let common: TraceFlags?
  /// Hashes below it are sampled.
  private let bound: UInt64
  private let others: TraceFlags

  /// - Parameter sampled: the share whose sampled flag is set, 0 to 1. A hash chooses them: of n the number is off by
  ///   about the square root of n at most.
  package init(sampled: Double, isRandom: Bool) {
    others = isRandom ? .random : []
    // A product below 2⁶⁴ in floating point stays below it as a whole number.
    bound = sampled > 0 && sampled < 1 ? UInt64(sampled * 0x1p64) : 0
    common = sampled >= 1 ? others.union(.sampled) : sampled > 0 ? nil : others
  }

  package func flags(of message: MessageIdentity) -> TraceFlags {
    if let common { return common }
    let number = UInt64(message.shard) << 32 | UInt64(message.sequence)
    // The sum keeps message 0, which the mixer leaves alone, from being sampled whatever the share.
    let hash = IdentityPermutation.mix(number &+ 0x9e37_79b9_7f4a_7c15)
    return hash < bound ? others.union(.sampled) : others
  }

  /// The same of a connection's upgrade.
  package func flags(ofConnection connection: UInt32) -> TraceFlags { flags(of: .upgrade(of: connection)) }
}

extension MessageIdentity {
  /// What stands for a connection's upgrade among messages; no message has its shard.
  @inlinable
  static func upgrade(of connection: UInt32) -> MessageIdentity {
    MessageIdentity(shard: 0x8000_0000, sequence: connection)
  }
}
