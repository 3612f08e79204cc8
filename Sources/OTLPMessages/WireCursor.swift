/// A place in one protobuf message of a larger body, and that message's end.
///
/// Every read of the wire format is here, and each is guarded by `end`, which never exceeds the body's count: a cursor
/// is made for a whole body or cut from another one. The body is handed in at every step, so that the cursor is two
/// integers that live in registers.
package struct WireCursor {
  package var position: Int
  package let end: Int

  /// At the beginning of `body`.
  @inlinable @inline(__always)
  package init(_ body: RawSpan) {
    position = 0
    end = body.byteCount
  }

  @inlinable @inline(__always)
  package init(uncheckedFrom position: Int, to end: Int) {
    self.position = position
    self.end = end
  }

  @inlinable @inline(__always) package var hasMore: Bool { position < end }
  @inlinable @inline(__always) package var count: Int { end &- position }
  @inlinable @inline(__always) package var range: Range<Int> { Range(uncheckedBounds: (position, end)) }

  /// Reads a varint of at most 64 bits; field tags are such as well.
  @inlinable @inline(__always)
  package mutating func varint(_ body: RawSpan) throws(ScanError) -> UInt64 {
    guard position < end else { throw .truncated(at: position) }
    let first = body.unsafeLoad(fromByteOffset: position, as: UInt8.self)
    guard first >= 0x80 else {
      position &+= 1
      return UInt64(first)
    }
    return try longVarint(body)
  }

  @inlinable
  package mutating func longVarint(_ body: RawSpan) throws(ScanError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end {
      let byte = UInt64(body.unsafeLoad(fromByteOffset: position, as: UInt8.self))
      // The tenth byte holds bit 63 alone.
      if shift == 63, byte > 1 { throw .overlongVarint(at: start) }
      value |= (byte & 0x7f) &<< shift
      position &+= 1
      if byte < 0x80 { return value }
      shift &+= 7
    }
    throw .truncated(at: start)
  }

  /// Reads a length and makes sure that so many bytes follow.
  @inlinable @inline(__always)
  package mutating func length(_ body: RawSpan) throws(ScanError) -> Int {
    let start = position
    let length = try varint(body)
    guard length <= UInt64(truncatingIfNeeded: end &- position) else { throw .truncated(at: start) }
    return Int(truncatingIfNeeded: length)
  }

  /// Steps over a length-delimited field and returns a cursor at its beginning.
  @inlinable @inline(__always)
  package mutating func field(_ body: RawSpan) throws(ScanError) -> WireCursor {
    let length = try length(body)
    let field = WireCursor(uncheckedFrom: position, to: position &+ length)
    position = field.end
    return field
  }

  @inlinable @inline(__always)
  package mutating func skipField(_ body: RawSpan) throws(ScanError) {
    let length = try length(body)
    position &+= length
  }

  @inlinable @inline(__always)
  package mutating func fixed64(_ body: RawSpan) throws(ScanError) -> UInt64 {
    guard end &- position >= 8 else { throw .truncated(at: position) }
    let value = body.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
    position &+= 8
    return UInt64(littleEndian: value)
  }

  @inlinable @inline(__always)
  package mutating func fixed32(_ body: RawSpan) throws(ScanError) -> UInt32 {
    guard end &- position >= 4 else { throw .truncated(at: position) }
    let value = body.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self)
    position &+= 4
    return UInt32(littleEndian: value)
  }

  /// The eight bytes at `offset` of what remains, most significant first; nil where it ends before.
  @inlinable @inline(__always)
  package func bigEndian64(_ body: RawSpan, at offset: Int) -> UInt64? {
    guard offset >= 0, count &- 8 >= offset else { return nil }
    return UInt64(bigEndian: body.unsafeLoadUnaligned(fromByteOffset: position &+ offset, as: UInt64.self))
  }

  /// Steps over the value of a tag that no case of the caller matched.
  ///
  /// - Parameter lastKnownField: the greatest field number that the message declares. The caller matched every
  ///   declared field with its right wire type, so one up to this number has a wrong one.
  @inlinable @inline(never)
  package mutating func skip(_ tag: UInt64, lastKnownField: UInt64, _ body: RawSpan) throws(ScanError) {
    let field = tag >> 3
    guard field > 0, tag <= UInt64(UInt32.max) else { throw .invalidTag(at: position) }
    guard field > lastKnownField else {
      throw .wrongWireType(field: UInt32(truncatingIfNeeded: field), at: position)
    }
    switch tag & 7 {
    case 0: _ = try varint(body)
    case 1: _ = try fixed64(body)
    case 2: try skipField(body)
    case 3, 4: throw .group(at: position)
    case 5: _ = try fixed32(body)
    default: throw .invalidTag(at: position)
    }
  }
}
