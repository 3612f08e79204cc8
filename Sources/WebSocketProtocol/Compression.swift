/// Messages that went one way compressed, and their bytes before and after.
package struct CompressedVolume: Hashable, Sendable {
  package var messages: UInt64 = 0
  /// As the application has them.
  package var plainBytes: UInt64 = 0
  /// As the frames carry them, without their headers.
  package var wireBytes: UInt64 = 0

  package init() {}

  fileprivate mutating func add(plain: Int, wire: Int) {
    messages &+= 1
    plainBytes &+= UInt64(plain)
    wireBytes &+= UInt64(wire)
  }
}

/// What the compressed connections of one thread share: buffers, counts, and the states of those directions that begin
/// each message with an empty window, so that a thousand of them need one. Used on one thread only.
package final class CompressionPool {
  /// Connections that agreed on compression.
  package private(set) var connections = 0
  package fileprivate(set) var received = CompressedVolume()
  package fileprivate(set) var sent = CompressedVolume()

  fileprivate var inflated = ScratchBuffer()
  fileprivate var deflated = ScratchBuffer()
  private var inflater: MessageInflater?
  /// By window bits.
  private var deflaters = [MessageDeflater?](repeating: nil, count: 16)

  package init() {}

  fileprivate func joined() { connections += 1 }

  fileprivate func sharedInflater() -> MessageInflater? {
    // The largest window reads what any smaller one has written.
    if inflater == nil { inflater = MessageInflater(windowBits: CompressionAgreement.largestWindowBits) }
    inflater?.reset()
    return inflater
  }

  fileprivate func sharedDeflater(windowBits: UInt8) -> MessageDeflater? {
    let index = Int(min(windowBits, 15))
    if deflaters[index] == nil { deflaters[index] = MessageDeflater(windowBits: windowBits) }
    deflaters[index]?.reset()
    return deflaters[index]
  }
}

/// permessage-deflate on one connection, both directions (RFC 7692 §7.2).
///
/// Holds states of zlib only for a direction that keeps its window from message to message, and from the first
/// compressed message on.
package final class Compression {
  private let pool: CompressionPool
  private let keepsIncomingContext: Bool
  private let keepsOutgoingContext: Bool
  private let incomingWindowBits: UInt8
  private let outgoingWindowBits: UInt8
  private var inflater: MessageInflater?
  private var deflater: MessageDeflater?

  /// Bytes of the longest message that can look back no further than a window of 8 bits reaches.
  private static let smallestWindow = 256

  /// - Parameter role: which end we are.
  package init(_ agreement: CompressionAgreement, role: Role, pool: CompressionPool) {
    self.pool = pool
    let keepsClientContext = !agreement.clientNoContextTakeover
    let keepsServerContext = !agreement.serverNoContextTakeover
    let clientBits = agreement.clientMaxWindowBits ?? CompressionAgreement.largestWindowBits
    let serverBits = agreement.serverMaxWindowBits ?? CompressionAgreement.largestWindowBits
    switch role {
    case .client:
      (keepsOutgoingContext, keepsIncomingContext) = (keepsClientContext, keepsServerContext)
      (outgoingWindowBits, incomingWindowBits) = (clientBits, serverBits)
    case .server:
      (keepsOutgoingContext, keepsIncomingContext) = (keepsServerContext, keepsClientContext)
      (outgoingWindowBits, incomingWindowBits) = (serverBits, clientBits)
    }
    pool.joined()
  }

  /// The message that a compressed payload means.
  ///
  /// - Parameter limit: bytes of the largest message; no more is inflated.
  func inflate(_ payload: UnsafeRawBufferPointer, kind: MessageKind, limit: Int) throws(ProtocolError) -> [UInt8] {
    defer { pool.inflated.shrink() }
    if keepsIncomingContext, inflater == nil { inflater = MessageInflater(windowBits: incomingWindowBits) }
    // Without memory there is no message of any size that we could accept.
    guard let inflater = keepsIncomingContext ? inflater : pool.sharedInflater() else { throw .messageTooLarge }
    let count = try inflater.inflate(payload, into: &pool.inflated, limit: limit)
    let message = UnsafeRawBufferPointer(rebasing: pool.inflated.bytes[..<count])
    switch kind {
    case .text: guard UTF8Text.isValid(message) else { throw .invalidUTF8 }
    case .binary: break
    }
    pool.received.add(plain: count, wire: payload.count)
    return Array(message)
  }

  /// A whole frame with a message, compressed where that can be done (no message has to be, RFC 7692 §6), and masked
  /// after that.
  ///
  /// - Parameter maskKey: fresh and unpredictable for each frame of a client (RFC 6455 §5.3); nil for a server.
  /// - Returns: bytes that are valid until the next use of the pool.
  package func frame(
    _ kind: MessageKind, _ message: UnsafeRawBufferPointer, maskKey: UInt32?
  ) -> UnsafeRawBufferPointer {
    pool.deflated.shrink()
    let opcode: Opcode =
      switch kind {
      case .text: .text
      case .binary: .binary
      }
    // The payload is written behind the longest header; the header's own length is known only then.
    let start = FrameEncoding.longestHeader
    let compressed = outgoing(message)?.deflate(message, into: &pool.deflated, at: start)
    if compressed == nil {
      pool.deflated.reserve(start + message.count)
      UnsafeMutableRawBufferPointer(rebasing: pool.deflated.bytes[start...]).copyMemory(from: message)
    }
    let count = compressed ?? message.count
    if let compressed { pool.sent.add(plain: message.count, wire: compressed) }
    guard let base = pool.deflated.bytes.baseAddress else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let headerLength = FrameEncoding.headerLength(payloadCount: count, isMasked: maskKey != nil)
    let header = base + (start - headerLength)
    let keyOffset = FrameEncoding.writeHeader(opcode, payloadCount: count, isMasked: maskKey != nil, to: header)
    if compressed != nil {
      header.storeBytes(of: header.load(as: UInt8.self) | FrameEncoding.compressionBit, as: UInt8.self)
    }
    if let maskKey {
      header.storeBytes(of: maskKey, toByteOffset: keyOffset, as: UInt32.self)
      FrameEncoding.mask(base + start, count: count, key: maskKey, to: base + start)
    }
    return UnsafeRawBufferPointer(start: header, count: headerLength + count)
  }

  /// What compresses this message; nil where it must go as it is.
  private func outgoing(_ message: UnsafeRawBufferPointer) -> MessageDeflater? {
    if outgoingWindowBits < MessageDeflater.smallestWindowBits {
      // zlib cannot keep to a window of 256 bytes. But a message that is no longer, and begins with an empty window,
      // cannot look back further whatever the window; a longer one goes uncompressed.
      guard message.count <= Self.smallestWindow else { return nil }
      return pool.sharedDeflater(windowBits: MessageDeflater.smallestWindowBits)
    }
    guard keepsOutgoingContext else { return pool.sharedDeflater(windowBits: outgoingWindowBits) }
    if deflater == nil { deflater = MessageDeflater(windowBits: outgoingWindowBits) }
    return deflater
  }
}
