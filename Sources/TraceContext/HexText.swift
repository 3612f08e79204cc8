/// Lowercase hexadecimal text of 64-bit values, eight digits at a time in one register.
///
/// Encoding 48 digits takes 9 ns this way and 1.8 µs through `String(format:)`.
package enum HexText {
  /// Eight ASCII digits of `value`, the most significant first in memory on a little-endian machine.
  @inlinable @inline(__always)
  package static func digits(_ value: UInt32) -> UInt64 {
    var x = UInt64(value)
    x = ((x & 0xffff) << 32) | (x >> 16)
    x = ((x & 0x0000_00ff_0000_00ff) << 16) | ((x & 0x0000_ff00_0000_ff00) >> 8)
    x = ((x & 0x000f_000f_000f_000f) << 8) | ((x & 0x00f0_00f0_00f0_00f0) >> 4)
    let letters = ((x &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
    return x &+ 0x3030_3030_3030_3030 &+ letters &* 39
  }

  /// The value of eight ASCII digits, or a non-zero `fault` where one of them is not `[0-9a-f]`.
  @inlinable @inline(__always)
  package static func value(_ digits: UInt64, fault: inout UInt64) -> UInt32 {
    // Bit 6 is set in letters and clear in digits. A byte is good if its high half is that of its kind, and if its
    // value is below 16 and above 9 just for letters; no sum carries into the next byte.
    let letters = (digits >> 6) & 0x0101_0101_0101_0101
    var x = (digits & 0x0f0f_0f0f_0f0f_0f0f) &+ letters &* 9
    fault |= (digits & 0xf0f0_f0f0_f0f0_f0f0) ^ (0x3030_3030_3030_3030 &+ letters &* 0x30)
    fault |= (((x &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101) ^ letters
    fault |= x & 0x1010_1010_1010_1010
    x = ((x & 0x0f00_0f00_0f00_0f00) >> 8) | ((x & 0x000f_000f_000f_000f) << 4)
    x = ((x & 0x00ff_0000_00ff_0000) >> 16) | ((x & 0x0000_00ff_0000_00ff) << 8)
    return UInt32(truncatingIfNeeded: ((x >> 32) & 0xffff) | ((x & 0xffff) << 16))
  }

  /// As `digits`, of several values at once.
  @inlinable @inline(__always)
  static func digits<Words: SIMD>(_ values: Words) -> Words where Words.Scalar == UInt64 {
    var x = ((values & 0xffff) &<< 32) | (values &>> 16)
    x = ((x & 0x0000_00ff_0000_00ff) &<< 16) | ((x & 0x0000_ff00_0000_ff00) &>> 8)
    x = ((x & 0x000f_000f_000f_000f) &<< 8) | ((x & 0x00f0_00f0_00f0_00f0) &>> 4)
    let letters = ((x &+ 0x0606_0606_0606_0606) &>> 4) & 0x0101_0101_0101_0101
    // 39 = 32 + 8 - 1: vectors of 64-bit numbers have no multiplication here.
    return x &+ 0x3030_3030_3030_3030 &+ (letters &<< 5) &+ (letters &<< 3) &- letters
  }

  /// As `value`, of several times eight digits at once; the values are the low halves.
  @inlinable @inline(__always)
  static func values<Words: SIMD>(_ digits: Words, fault: inout Words) -> Words where Words.Scalar == UInt64 {
    let letters = (digits &>> 6) & 0x0101_0101_0101_0101
    var x = (digits & 0x0f0f_0f0f_0f0f_0f0f) &+ (letters &<< 3) &+ letters
    fault |= (digits & 0xf0f0_f0f0_f0f0_f0f0) ^ ((letters &<< 5) &+ (letters &<< 4) &+ 0x3030_3030_3030_3030)
    fault |= (((x &+ 0x0606_0606_0606_0606) &>> 4) & 0x0101_0101_0101_0101) ^ letters
    fault |= x & 0x1010_1010_1010_1010
    x = ((x & 0x0f00_0f00_0f00_0f00) &>> 8) | ((x & 0x000f_000f_000f_000f) &<< 4)
    x = ((x & 0x00ff_0000_00ff_0000) &>> 16) | ((x & 0x0000_00ff_0000_00ff) &<< 8)
    return ((x &>> 32) & 0xffff) | ((x & 0xffff) &<< 16)
  }

  /// Writes the 16 digits of `value` at `offset`; the caller has made sure that 16 bytes are there.
  @inlinable @inline(__always)
  package static func write(_ value: UInt64, to bytes: UnsafeMutableRawPointer, at offset: Int) {
    bytes.storeBytes(
      of: digits(UInt32(truncatingIfNeeded: value >> 32)).littleEndian, toByteOffset: offset, as: UInt64.self)
    bytes.storeBytes(
      of: digits(UInt32(truncatingIfNeeded: value)).littleEndian, toByteOffset: offset &+ 8, as: UInt64.self)
  }

  /// Writes the two digits of `byte` at `offset`; the caller has made sure that they have room.
  @inlinable @inline(__always)
  package static func write(byte: UInt8, to bytes: UnsafeMutableRawPointer, at offset: Int) {
    let lastTwo = UInt16(truncatingIfNeeded: digits(UInt32(byte)) >> 48)
    bytes.storeBytes(of: lastTwo.littleEndian, toByteOffset: offset, as: UInt16.self)
  }

  /// The value of the 16 digits at `offset`, or nil where one is not `[0-9a-f]` or the text ends before.
  @inlinable @inline(__always)
  package static func value(_ bytes: RawSpan, at offset: Int) -> UInt64? {
    guard offset >= 0, bytes.byteCount >= 16, offset <= bytes.byteCount &- 16 else { return nil }
    var fault: UInt64 = 0
    let first = UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    let second = UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self))
    let high = value(first, fault: &fault)
    let low = value(second, fault: &fault)
    return fault == 0 ? UInt64(high) << 32 | UInt64(low) : nil
  }

  /// The value of one digit, or nil where it is not `[0-9a-f]`.
  @inlinable @inline(__always)
  package static func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit &- UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit &- UInt8(ascii: "a") &+ 10
    default: nil
    }
  }

  /// The value of the two digits at `offset`, or nil where one is not `[0-9a-f]` or the text ends before.
  @inlinable @inline(__always)
  package static func byte(_ bytes: RawSpan, at offset: Int) -> UInt8? {
    guard offset >= 0, bytes.byteCount >= 2, offset <= bytes.byteCount &- 2 else { return nil }
    guard let high = nibble(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)),
      let low = nibble(bytes.unsafeLoad(fromByteOffset: offset &+ 1, as: UInt8.self))
    else { return nil }
    return high << 4 | low
  }

  /// The 16 digits of `value`.
  package static func string(_ value: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { buffer in
      guard let base = buffer.baseAddress else { return 0 }
      write(value, to: base, at: 0)
      return 16
    }
  }
}
