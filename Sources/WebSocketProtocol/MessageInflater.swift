import CZlib

/// Turns compressed messages back, one after another (RFC 7692 §7.2.2).
///
/// zlib's state takes 7 KiB, and the window 2 ** bits from the first message on.
final class MessageInflater {
  /// What a sender leaves out at the end of each message: the end of an empty block (RFC 7692 §7.2.1).
  private static let tail: [UInt8] = [0x00, 0x00, 0xff, 0xff]

  /// On the heap, because zlib's state points back at it.
  private let stream: UnsafeMutablePointer<z_stream>
  /// Whether all that was fed so far ends with a block.
  private var isBetweenBlocks = false

  /// Nil where memory is short.
  ///
  /// - Parameter windowBits: what was agreed, 8 to 15.
  init?(windowBits: UInt8) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // A sender that agreed to 8 bits may use zlib, which makes 9 of them and looks back 250 bytes at most.
    let bits = Int32(min(max(windowBits, 9), CompressionAgreement.largestWindowBits))
    guard czlib_inflate_init(stream, -bits) == Z_OK else { return nil }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Begins anew, with an empty window.
  func reset() { inflateReset(stream) }

  /// Inflates one message into `scratch` and returns its length.
  ///
  /// - Parameter limit: bytes of the largest message; at most one more is ever inflated.
  func inflate(
    _ payload: UnsafeRawBufferPointer, into scratch: inout ScratchBuffer, limit: Int
  ) throws(ProtocolError) -> Int {
    var count = 0
    isBetweenBlocks = false
    try feed(payload, into: &scratch, &count, limit: limit)
    let outcome = Self.tail.withUnsafeBytes { tail -> Result<Void, ProtocolError> in
      do throws(ProtocolError) {
        return .success(try feed(tail, into: &scratch, &count, limit: limit))
      } catch {
        return .failure(error)
      }
    }
    try outcome.get()
    guard isBetweenBlocks else { throw .truncatedCompression }
    return count
  }

  private func feed(
    _ input: UnsafeRawBufferPointer, into scratch: inout ScratchBuffer, _ count: inout Int, limit: Int
  ) throws(ProtocolError) {
    guard let base = input.baseAddress, !input.isEmpty else { return }
    guard let available = UInt32(exactly: input.count) else { throw .messageTooLarge }
    stream.pointee.next_in = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = available
    defer { stream.pointee.next_in = nil }
    repeat {
      // One byte more than the limit, so that a message of just the limit is told from a larger one.
      if count == scratch.bytes.count {
        guard scratch.grow(keeping: count, upTo: limit + 1) else { throw .messageTooLarge }
      }
      let room = UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[count...].prefix(limit + 1 - count))
      stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(clamping: room.count)
      let asked = Int(stream.pointee.avail_out)
      let code = CZlib.inflate(stream, Z_SYNC_FLUSH)
      count += asked - Int(stream.pointee.avail_out)
      guard count <= limit else { throw .messageTooLarge }
      switch code {
      case Z_OK:
        // Bit 7 says that a block has ended and no other begun, the lower ones how many bits are left over (zlib.h).
        isBetweenBlocks = stream.pointee.data_type == 128
      case Z_STREAM_END:
        // A block that calls itself the last ends no message, and the window stays (RFC 7692 §7.2.3.4).
        inflateResetKeep(stream)
        isBetweenBlocks = true
      case Z_BUF_ERROR: break  // nothing was left to do
      case Z_MEM_ERROR: throw .messageTooLarge  // for us, now
      default: throw .corruptCompression
      }
    } while stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0
  }
}
