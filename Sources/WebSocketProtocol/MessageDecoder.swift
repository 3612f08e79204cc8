/// Text or bytes (RFC 6455 §5.6).
package enum MessageKind: Sendable {
  case text, binary
}

/// Turns the bytes of one direction of a connection into messages and control frames.
///
/// It opens no socket and keeps no bytes but the fragments of an unfinished message: the caller passes what it has
/// received and not yet consumed, and keeps what is left over. A message in one frame that is not compressed is not
/// copied.
package struct MessageDecoder: ~Copyable {
  package enum Event: Equatable, Sendable {
    /// A message that lies whole in the caller's bytes.
    case message(MessageKind, Range<Int>)
    /// A message that came in fragments or compressed; `takeAssembled()` has it.
    case assembled(MessageKind)
    case ping(Range<Int>)
    case pong(Range<Int>)
    /// A close frame with its code (1005 where it has none) and its reason.
    case close(CloseCode, reason: Range<Int>)
  }

  /// Bytes of the longest message that is accepted.
  @usableFromInline let limit: Int
  /// Whether frames must be masked: those that a server receives.
  @usableFromInline let expectsMask: Bool
  @usableFromInline var isClosed = false
  /// The kind of the fragmented message that is under way.
  @usableFromInline var fragmented: MessageKind?
  /// Whether the fragmented message that is under way is compressed.
  @usableFromInline var isFragmentedCompressed = false
  /// Whether the frame that is being read begins a compressed message. Set aside of the frame, and only where it does, so
  /// that the others pay one look at it.
  @usableFromInline var isFrameCompressed = false
  @usableFromInline var allowsCompression = false
  @usableFromInline var fragments: [UInt8] = []
  /// Nil where none was agreed on. Ask `isCompressing` first where it counts: that touches no reference.
  package private(set) var compression: Compression?

  /// - Parameters:
  ///   - role: which end we are.
  ///   - limit: bytes of the longest message that is accepted.
  package init(role: Role, limit: Int) {
    expectsMask = role == .server
    self.limit = limit
  }

  /// From now on messages may be compressed, as the handshake agreed.
  package mutating func use(_ compression: Compression) {
    self.compression = compression
    allowsCompression = true
  }

  /// Frees what it holds: nothing more will come.
  package mutating func end() {
    compression = nil
    allowsCompression = false
    fragments = []
  }

  /// Whether compression was agreed on.
  @inlinable package var isCompressing: Bool { allowsCompression }

  /// The next message or control frame in `bytes` from `offset` on, which moves behind it; nil where the bytes end
  /// before. A server's incoming payload is unmasked in place.
  @inlinable
  package mutating func next(
    _ bytes: UnsafeMutableRawBufferPointer, from offset: inout Int
  ) throws(ProtocolError) -> Event? {
    if let range = plainText(UnsafeRawBufferPointer(bytes), at: offset) {
      offset = range.upperBound
      return .message(.text, range)
    }
    while true {
      guard let frame = try header(UnsafeRawBufferPointer(bytes), at: offset) else { return nil }
      let end = frame.payload.upperBound
      guard end <= bytes.count else { return nil }
      if expectsMask, let payload = bytes.baseAddress?.advanced(by: frame.payload.lowerBound) {
        FrameEncoding.mask(UnsafeRawPointer(payload), count: frame.payload.count, key: frame.maskKey, to: payload)
      }
      if let event = try accept(frame, UnsafeRawBufferPointer(bytes)) {
        offset = end
        return event
      }
      offset = end
    }
  }

  /// The payload of a server's whole unfragmented text message of 0 to 65,535 bytes, which almost every frame is; nil for
  /// anything else, which `header` and `accept` judge.
  @inlinable
  func plainText(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Range<Int>? {
    let available = bytes.count &- offset
    guard available >= 4, !expectsMask, !isClosed, fragmented == nil, bytes[offset] == 0x81 else { return nil }
    var start = offset &+ 2
    var count = Int(bytes[offset &+ 1])
    if count >= 126 {
      guard count == 126 else { return nil }
      count = Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt16.self)))
      guard count >= 126 else { return nil }
      start &+= 2
    }
    let range = start..<start &+ count
    guard count <= limit, range.upperBound <= bytes.count,
      UTF8Text.isValid(UnsafeRawBufferPointer(rebasing: bytes[range]))
    else { return nil }
    return range
  }

  /// The message that `next` has reported as assembled; it is then forgotten.
  package mutating func takeAssembled() -> [UInt8] {
    let bytes = fragments
    fragments = []
    return bytes
  }

  @usableFromInline
  struct Frame {
    @usableFromInline var opcode: Opcode
    @usableFromInline var isFinal: Bool
    @usableFromInline var maskKey: UInt32
    @usableFromInline var payload: Range<Int>

    @inlinable init(opcode: Opcode, isFinal: Bool, maskKey: UInt32, payload: Range<Int>) {
      self.opcode = opcode
      self.isFinal = isFinal
      self.maskKey = maskKey
      self.payload = payload
    }
  }

  /// Reads a frame header; nil where the bytes end before it is whole. The payload may still be missing.
  @inlinable
  mutating func header(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ProtocolError) -> Frame? {
    let available = bytes.count &- offset
    guard available >= 2 else { return nil }
    let first = bytes[offset]
    let second = bytes[offset &+ 1]
    if first & 0x70 != 0 { try checkReservedBits(first) }
    guard let opcode = Opcode(rawValue: first & 0x0f) else { throw .reservedOpcode }
    guard (second & 0x80 != 0) == expectsMask else { throw expectsMask ? .unmaskedFrame : .maskedFrame }
    let isFinal = first & 0x80 != 0
    let short = Int(second & 0x7f)
    if opcode.isControl {
      guard short < 126 else { throw .longControlFrame }
      guard isFinal else { throw .fragmentedControlFrame }
    } else if isClosed {
      throw .dataAfterClose
    }
    var length = short
    var at = 2
    if short == 126 {
      guard available >= 4 else { return nil }
      length = Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset &+ 2, as: UInt16.self)))
      guard length >= 126 else { throw .lengthNotMinimal }
      at = 4
    } else if short == 127 {
      guard available >= 10 else { return nil }
      let long = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset &+ 2, as: UInt64.self))
      guard long <= UInt64(Int64.max) else { throw .lengthTooLarge }
      guard long >= 65536 else { throw .lengthNotMinimal }
      guard long <= UInt64(limit) else { throw .messageTooLarge }
      length = Int(long)
      at = 10
    }
    if !opcode.isControl {
      guard length <= limit &- fragments.count else { throw .messageTooLarge }
    }
    var maskKey: UInt32 = 0
    if expectsMask {
      guard available >= at &+ 4 else { return nil }
      maskKey = bytes.loadUnaligned(fromByteOffset: offset &+ at, as: UInt32.self)
      at &+= 4
    }
    let start = offset &+ at
    return Frame(opcode: opcode, isFinal: isFinal, maskKey: maskKey, payload: start..<start &+ length)
  }

  /// Of a first byte with some of RSV1 to RSV3: only RSV1 can have a meaning, and only in a message's first frame (RFC
  /// 7692 §6).
  @usableFromInline
  mutating func checkReservedBits(_ first: UInt8) throws(ProtocolError) {
    guard allowsCompression, first & 0x30 == 0 else { throw .reservedBits }
    guard let opcode = Opcode(rawValue: first & 0x0f) else { throw .reservedOpcode }
    switch opcode {
    case .text, .binary: isFrameCompressed = true
    case .continuation, .close, .ping, .pong: throw .misplacedCompressionBit
    }
  }

  @inlinable
  mutating func accept(_ frame: Frame, _ bytes: UnsafeRawBufferPointer) throws(ProtocolError) -> Event? {
    switch frame.opcode {
    case .text, .binary:
      if isFrameCompressed { return try acceptCompressed(frame, bytes) }
      guard fragmented == nil else { throw .interleavedMessages }
      let kind: MessageKind = frame.opcode == .text ? .text : .binary
      guard frame.isFinal else {
        fragmented = kind
        isFragmentedCompressed = false
        append(frame, bytes)
        return nil
      }
      if kind == .text {
        guard UTF8Text.isValid(UnsafeRawBufferPointer(rebasing: bytes[frame.payload])) else { throw .invalidUTF8 }
      }
      return .message(kind, frame.payload)
    case .continuation:
      guard let kind = fragmented else { throw .unexpectedContinuation }
      append(frame, bytes)
      guard frame.isFinal else { return nil }
      fragmented = nil
      if isFragmentedCompressed {
        try inflateFragments(kind)
      } else if kind == .text {
        guard fragments.withUnsafeBytes({ UTF8Text.isValid($0) }) else { throw .invalidUTF8 }
      }
      return .assembled(kind)
    case .ping: return .ping(frame.payload)
    case .pong: return .pong(frame.payload)
    case .close: return try close(frame.payload, bytes)
    }
  }

  /// Of a compressed message the first frame, which alone says that it is one.
  @usableFromInline
  mutating func acceptCompressed(_ frame: Frame, _ bytes: UnsafeRawBufferPointer) throws(ProtocolError) -> Event? {
    isFrameCompressed = false
    guard fragmented == nil else { throw .interleavedMessages }
    let kind: MessageKind = frame.opcode == .text ? .text : .binary
    guard frame.isFinal else {
      fragmented = kind
      isFragmentedCompressed = true
      append(frame, bytes)
      return nil
    }
    try inflate(UnsafeRawBufferPointer(rebasing: bytes[frame.payload]), kind)
    return .assembled(kind)
  }

  @usableFromInline
  mutating func append(_ frame: Frame, _ bytes: UnsafeRawBufferPointer) {
    fragments.append(contentsOf: bytes[frame.payload])
  }

  @usableFromInline
  mutating func inflate(_ payload: UnsafeRawBufferPointer, _ kind: MessageKind) throws(ProtocolError) {
    // RSV1 passes the header only where compression was agreed.
    guard let compression else { throw .reservedBits }
    fragments = try compression.inflate(payload, kind: kind, limit: limit)
  }

  @usableFromInline
  mutating func inflateFragments(_ kind: MessageKind) throws(ProtocolError) {
    let compressed = takeAssembled()
    var failure: ProtocolError?
    compressed.withUnsafeBytes { bytes in
      do throws(ProtocolError) { try inflate(bytes, kind) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  @usableFromInline
  mutating func close(_ payload: Range<Int>, _ bytes: UnsafeRawBufferPointer) throws(ProtocolError) -> Event {
    isClosed = true
    guard !payload.isEmpty else { return .close(.noStatus, reason: payload) }
    guard payload.count >= 2 else { throw .truncatedCloseCode }
    let code = CloseCode(UInt16(bytes[payload.lowerBound]) << 8 | UInt16(bytes[payload.lowerBound + 1]))
    guard code.isAllowedOnWire else { throw .forbiddenCloseCode }
    let reason = payload.lowerBound + 2..<payload.upperBound
    guard UTF8Text.isValid(UnsafeRawBufferPointer(rebasing: bytes[reason])) else { throw .invalidUTF8 }
    return .close(code, reason: reason)
  }
}
