/// Writing frames (RFC 6455 §5.2).
package enum FrameEncoding {
  /// The longest header: 2 bytes, a 64-bit length, a mask.
  package static let longestHeader = 14
  /// RSV1 of a header's first byte, which marks a compressed message (RFC 7692 §6).
  package static let compressionBit: UInt8 = 0x40

  /// Bytes of the header of a frame with a payload of `count` bytes.
  @inlinable
  package static func headerLength(payloadCount count: Int, isMasked: Bool) -> Int {
    (count < 126 ? 2 : count < 65536 ? 4 : 10) &+ (isMasked ? 4 : 0)
  }

  /// Writes the header of an unfragmented frame, the mask key excepted, and returns its length.
  ///
  /// - Parameter bytes: has room for `longestHeader` bytes.
  @inlinable
  package static func writeHeader(
    _ opcode: Opcode, payloadCount count: Int, isMasked: Bool, isFinal: Bool = true,
    to bytes: UnsafeMutableRawPointer
  ) -> Int {
    let maskBit: UInt8 = isMasked ? 0x80 : 0
    bytes.storeBytes(of: (isFinal ? 0x80 : 0) | opcode.rawValue, as: UInt8.self)
    if count < 126 {
      bytes.storeBytes(of: maskBit | UInt8(truncatingIfNeeded: count), toByteOffset: 1, as: UInt8.self)
      return 2
    }
    if count < 65536 {
      bytes.storeBytes(of: maskBit | 126, toByteOffset: 1, as: UInt8.self)
      bytes.storeBytes(of: UInt16(truncatingIfNeeded: count).bigEndian, toByteOffset: 2, as: UInt16.self)
      return 4
    }
    bytes.storeBytes(of: maskBit | 127, toByteOffset: 1, as: UInt8.self)
    bytes.storeBytes(of: UInt64(count).bigEndian, toByteOffset: 2, as: UInt64.self)
    return 10
  }

  /// Copies `count` bytes and masks them with a key whose first byte in memory masks the first byte (§5.3).
  ///
  /// The two places may be the same, but may not overlap otherwise. 12 ns for 226 bytes.
  @inlinable
  package static func mask(
    _ source: UnsafeRawPointer, count: Int, key: UInt32, to destination: UnsafeMutableRawPointer
  ) {
    let wide = UInt64(key) | UInt64(key) << 32
    let wider = SIMD8<UInt64>(repeating: wide)
    var offset = 0
    while offset &+ 64 <= count {
      let words = source.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt64>.self)
      destination.storeBytes(of: words ^ wider, toByteOffset: offset, as: SIMD8<UInt64>.self)
      offset &+= 64
    }
    while offset &+ 8 <= count {
      let word = source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      destination.storeBytes(of: word ^ wide, toByteOffset: offset, as: UInt64.self)
      offset &+= 8
    }
    if offset &+ 4 <= count {
      let word = source.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      destination.storeBytes(of: word ^ key, toByteOffset: offset, as: UInt32.self)
      offset &+= 4
    }
    var rest = wide
    while offset < count {
      let byte = source.load(fromByteOffset: offset, as: UInt8.self)
      destination.storeBytes(of: byte ^ UInt8(truncatingIfNeeded: rest), toByteOffset: offset, as: UInt8.self)
      rest >>= 8
      offset &+= 1
    }
  }

  /// A whole frame.
  ///
  /// - Parameter maskKey: fresh and unpredictable for each frame of a client (§5.3); nil for a server.
  package static func frame(
    _ opcode: Opcode, _ payload: UnsafeRawBufferPointer, maskKey: UInt32?, isFinal: Bool = true
  ) -> [UInt8] {
    let headerLength = headerLength(payloadCount: payload.count, isMasked: maskKey != nil)
    return [UInt8](unsafeUninitializedCapacity: max(headerLength + payload.count, longestHeader)) { buffer, count in
      count = headerLength + payload.count
      guard let base = buffer.baseAddress.map({ UnsafeMutableRawPointer($0) }) else { return }
      let length = writeHeader(
        opcode, payloadCount: payload.count, isMasked: maskKey != nil, isFinal: isFinal, to: base)
      if let maskKey { base.storeBytes(of: maskKey, toByteOffset: length, as: UInt32.self) }
      if let source = payload.baseAddress {
        mask(source, count: payload.count, key: maskKey ?? 0, to: base + headerLength)
      }
    }
  }

  /// A whole frame of some bytes.
  package static func frame(_ opcode: Opcode, _ payload: [UInt8], maskKey: UInt32?) -> [UInt8] {
    payload.withUnsafeBytes { frame(opcode, $0, maskKey: maskKey) }
  }

  /// A close frame; the reason is cut to the 123 bytes that fit, at a character.
  ///
  /// A code that may not stand on the wire, as 1005 for "none", gives a frame without code and reason (§7.4.1).
  package static func close(_ code: CloseCode, reason: String = "", maskKey: UInt32?) -> [UInt8] {
    guard code.isAllowedOnWire else { return frame(.close, [], maskKey: maskKey) }
    var payload = [UInt8(code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)]
    for character in reason {
      guard payload.count + character.utf8.count <= 125 else { break }
      payload.append(contentsOf: character.utf8)
    }
    return frame(.close, payload, maskKey: maskKey)
  }
}
