import CZlib

/// Compresses messages, one after another (RFC 7692 §7.2.1).
final class MessageDeflater {
  /// The smallest window that zlib compresses with; it takes no 8 for raw DEFLATE.
  static let smallestWindowBits: UInt8 = 9
  /// Bytes that a message ends with and that are not sent: the end of an empty block.
  private static let tailLength = 4

  /// On the heap, because zlib's state points back at it.
  private let stream: UnsafeMutablePointer<z_stream>

  /// Nil where memory is short.
  ///
  /// - Parameter windowBits: 9 to 15. zlib takes 2 ** (bits + 2) bytes for the window, and the memory level is chosen to
  ///   take as many for the rest: 256 KiB at 15, 32 KiB at 12, 4 KiB at 9.
  init?(windowBits: UInt8) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let bits = Int32(min(max(windowBits, Self.smallestWindowBits), CompressionAgreement.largestWindowBits))
    guard czlib_deflate_raw_init(stream, bits, bits - 7) == Z_OK else { return nil }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Begins anew, with an empty window.
  func reset() { deflateReset(stream) }

  /// Compresses one message into `scratch`, behind `start` bytes of room, and returns the length of the payload; nil
  /// for one of more than 4 GiB.
  func deflate(_ message: UnsafeRawBufferPointer, into scratch: inout ScratchBuffer, at start: Int) -> Int? {
    guard let available = UInt32(exactly: message.count) else { return nil }
    guard let base = message.baseAddress, available > 0 else {
      // zlib flushes nothing twice; this is an empty block without its end (RFC 7692 §7.2.3.6).
      scratch.reserve(start + 1)
      scratch.bytes[start] = 0
      return 1
    }
    // zlib repeats the end of a flush that finds less than seven bytes of room (zlib.h, deflate).
    scratch.reserve(start + Int(clamping: deflateBound(stream, UInt(available))) + 16)
    stream.pointee.next_in = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = available
    defer { stream.pointee.next_in = nil }
    var end = start
    repeat {
      if scratch.bytes.count - end < 16 { scratch.reserve(scratch.bytes.count * 2, keeping: end) }
      let room = UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[end...])
      stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(clamping: room.count)
      let asked = Int(stream.pointee.avail_out)
      guard CZlib.deflate(stream, Z_SYNC_FLUSH) == Z_OK else { return nil }
      end += asked - Int(stream.pointee.avail_out)
    } while stream.pointee.avail_out == 0
    return end - start - Self.tailLength
  }
}
