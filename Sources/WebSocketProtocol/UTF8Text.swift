/// Whether bytes are UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF.
package enum UTF8Text {
  /// Text of ASCII alone in one pass of 64 bytes at a time; other text eight bytes, or one scalar, at a time.
  @inlinable
  package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let count = bytes.count
    var index = plainPrefix(bytes)
    while index < count {
      while index &+ 8 <= count,
        bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        index &+= 8
      }
      guard index < count else { return true }
      // The end in one look; what is looked at twice does no harm.
      if index &+ 8 > count, count >= 8,
        bytes.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self) & (0x8080_8080_8080_8080 as UInt64) == 0
      {
        return true
      }
      let length = scalarLength(bytes, at: index)
      guard length > 0 else { return false }
      index &+= length
    }
    return true
  }

  /// All but the last 0 to 63 bytes, where these are ASCII; otherwise 0.
  @inlinable @inline(__always)
  static func plainPrefix(_ bytes: UnsafeRawBufferPointer) -> Int {
    var all = SIMD8<UInt64>(repeating: 0)
    var index = 0
    while index &+ 64 <= bytes.count {
      all |= bytes.loadUnaligned(fromByteOffset: index, as: SIMD8<UInt64>.self)
      index &+= 64
    }
    let quarters = all.lowHalf | all.highHalf
    let words = quarters.lowHalf | quarters.highHalf
    return (words[0] | words[1]) & 0x8080_8080_8080_8080 == 0 ? index : 0
  }

  /// Bytes of the scalar that begins at `index`, or 0 where none does.
  @usableFromInline
  static func scalarLength(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
    let first = bytes[index]
    if first < 0x80 { return 1 }
    let length: Int
    let second: ClosedRange<UInt8>
    switch first {
    case 0xc2...0xdf: (length, second) = (2, 0x80...0xbf)
    case 0xe0: (length, second) = (3, 0xa0...0xbf)
    case 0xe1...0xec, 0xee...0xef: (length, second) = (3, 0x80...0xbf)
    case 0xed: (length, second) = (3, 0x80...0x9f)
    case 0xf0: (length, second) = (4, 0x90...0xbf)
    case 0xf1...0xf3: (length, second) = (4, 0x80...0xbf)
    case 0xf4: (length, second) = (4, 0x80...0x8f)
    default: return 0
    }
    guard bytes.count - index >= length, second.contains(bytes[index + 1]) else { return 0 }
    for offset in 2..<max(length, 2) where bytes[index + offset] & 0xc0 != 0x80 { return 0 }
    return length
  }
}
