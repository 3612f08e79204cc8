import NIOCore

/// The body of one request as it grows, booked with the loop until it is released.
struct RequestBody {
  /// What has arrived and not been read yet.
  private(set) var buffer = ByteBuffer()
  /// Bytes so far, kept or dropped.
  private(set) var receivedBytes = 0
  private var reservedBytes = 0

  /// Reserved at most on the mere word of a header.
  private static let reservationLimit = 1 << 20
  /// Kept for the next body, with room for the 512 spans of a common batch.
  private static let keptCapacity = 256 << 10

  /// Makes room for a body that is said to have so many bytes.
  mutating func expect(_ count: Int) { buffer.reserveCapacity(min(max(count, 0), Self.reservationLimit)) }

  /// Counts bytes that nobody will read.
  mutating func drop(_ part: ByteBuffer) { receivedBytes += part.readableBytes }

  mutating func append(_ part: inout ByteBuffer, _ loop: CollectorLoop, limit: Int) throws(Refusal) {
    receivedBytes += part.readableBytes
    guard receivedBytes <= limit else { throw .tooLarge(limit: loop.configuration.bodyLimit) }
    guard loop.reserve(part.readableBytes) else { throw .tooManyBodies }
    reservedBytes += part.readableBytes
    buffer.writeBuffer(&part)
  }

  /// Steps over bytes that are no part of the message; there must be so many.
  mutating func skip(_ count: Int) { buffer.moveReaderIndex(forwardBy: count) }

  /// Ends a request; the storage may serve the next one.
  mutating func release(_ loop: CollectorLoop) {
    loop.release(reservedBytes)
    reservedBytes = 0
    receivedBytes = 0
    if buffer.capacity > Self.keptCapacity { buffer = ByteBuffer() } else { buffer.clear() }
  }
}
