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
  package func identity(inText bytes: UnsafeRawBufferPointer, at offset: Int) -> MessageIdentity? {
    guard offset >= 0, bytes.count >= Self.textLength, offset <= bytes.count &- Self.textLength,
      let text = bytes.baseAddress.map({ $0 + offset })
    else { return nil }
    func word(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    // The middle word holds the last two digits of the run, a dash, the shard, a dash and two digits of the sequence.
    let middle = word(6)
    var fault = (word(0) ^ runText) | ((middle & 0xff00_00ff_0000) ^ 0x2d00_002d_0000)
    let shard = HexText.value(middle << 24 & 0xffff_0000_0000_0000 | 0x3030_3030_3030, fault: &fault)
    let sequence = HexText.value(word(12), fault: &fault)
    return fault == 0 ? MessageIdentity(shard: shard, sequence: sequence) : nil
  }

  /// The same of bytes that a span holds.
  package func identity(inText bytes: Span<UInt8>, at offset: Int) -> MessageIdentity? {
    bytes.withUnsafeBytes { identity(inText: $0, at: offset) }
  }
}
