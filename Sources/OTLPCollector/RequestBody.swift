import NIOCore

/// The body of one request as it grows, booked with the loop until it is released.
struct RequestBody {
  /// What has arrived and not been read yet.
  private(set) var buffer = ByteBuffer()
  /// Bytes so far, kept or dropped.
  private(set) var receivedBytes = 0
  /// Bytes that are booked.
  private var bookedBytes = 0
  /// Bytes that are said to come, until room has been made for them.
  private var expectedBytes = 0

  /// Room is made for so many bytes at most on the mere word of a header.
  private static let expectationLimit = 1 << 20
  /// And for so many times what came at once, so that a hundred streams of a thousand connections cannot have us make
  /// room by a word each.
  private static let expectationFactor = 16
  /// Kept for the next body, with room for the 512 spans of a common batch.
  private static let keptCapacity = 256 << 10

  /// Notes that so many bytes are said to come.
  mutating func expect(_ count: Int) { expectedBytes = min(max(count, 0), Self.expectationLimit) }

  /// Counts bytes that nobody will read.
  mutating func drop(_ part: ByteBuffer) { receivedBytes += part.readableBytes }

  /// Adds bytes that have arrived.
  ///
  /// - Parameters:
  ///   - connection: the one that they came on.
  ///   - limit: bytes of the largest body, with what frames it.
  mutating func append(
    _ part: inout ByteBuffer, _ loop: CollectorLoop, _ connection: Connection, limit: Int
  ) throws(Refusal) {
    receivedBytes += part.readableBytes
    guard receivedBytes <= limit else { throw .tooLarge(limit: loop.configuration.bodyLimit) }
    guard loop.reserve(part.readableBytes, for: connection) else { throw .tooManyBodies }
    bookedBytes += part.readableBytes
    if expectedBytes > 0 {
      buffer.reserveCapacity(min(expectedBytes, part.readableBytes * Self.expectationFactor))
      expectedBytes = 0
    }
    buffer.writeBuffer(&part)
  }

  /// Steps over bytes that are no part of the message; there must be so many.
  mutating func skip(_ count: Int) { buffer.moveReaderIndex(forwardBy: count) }

  /// Ends a request; the storage may serve the next one.
  mutating func release(_ loop: CollectorLoop, _ connection: Connection) {
    if bookedBytes > 0 { loop.release(bookedBytes, of: connection) }
    bookedBytes = 0
    receivedBytes = 0
    expectedBytes = 0
    if buffer.capacity > Self.keptCapacity { buffer = ByteBuffer() } else { buffer.clear() }
  }
}
