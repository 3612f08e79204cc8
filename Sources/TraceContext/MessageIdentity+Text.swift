/// The text id of a message: `rrrrrrrr-ss-qqqqqqqq`, the run, the shard and the sequence in lowercase hex.
///
/// It is readable in logs, always 20 bytes, and names no message of another run.
extension IdentityPermutation {
  package static let textLength = 20

  /// The text id of a message.
  ///
  /// - Parameter identity: its shard is at most 255: two digits have room for no more.
  package func text(of identity: MessageIdentity) -> String {
    let shard = HexText.string(UInt64(identity.shard)).suffix(2)
    return "\(HexText.string(UInt64(run)).suffix(8))-\(shard)-\(HexText.string(UInt64(identity.sequence)).suffix(8))"
  }

  /// Writes the eight digits of the sequence into a text that is there already.
  ///
  /// - Parameter text: points to `textLength` bytes.
  @inlinable @inline(__always)
  package static func write(sequence: UInt32, to text: UnsafeMutableRawPointer) {
    text.storeBytes(of: HexText.digits(sequence).littleEndian, toByteOffset: 12, as: UInt64.self)
  }

  /// The message that the text at `offset` names, or nil where it is not of this run.
  @inlinable
  package func identity(inText bytes: Span<UInt8>, at offset: Int) -> MessageIdentity? {
    guard offset >= 0, bytes.count >= Self.textLength, offset <= bytes.count &- Self.textLength else { return nil }
    var value: UInt64 = 0
    for place in 0..<Self.textLength {
      let byte = bytes[offset &+ place]
      if place == 8 || place == 11 {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        guard let digit = HexText.nibble(byte) else { return nil }
        // The run is compared here; it and its digits' overflow out of `value` are of no further use.
        if place < 8, digit != UInt8(truncatingIfNeeded: run >> UInt32(28 - 4 * place)) & 0xf { return nil }
        value = value << 4 | UInt64(digit)
      }
    }
    return MessageIdentity(shard: UInt32(value >> 32 & 0xff), sequence: UInt32(truncatingIfNeeded: value))
  }
}
