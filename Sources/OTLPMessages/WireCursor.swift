/// A place in one protobuf message of a larger body, and that message's end.
///
/// Every read of the wire format is here, and each is guarded by `end`, which never exceeds the body's count: a cursor
/// is made for a whole body or cut from another one. The body is handed in at every step, so that the cursor is two
/// integers that live in registers.
struct WireCursor {
  var position: Int
  let end: Int

  /// At the beginning of `body`.
  @inline(__always)
  init(_ body: RawSpan) {
    position = 0
    end = body.byteCount
  }

  @inline(__always)
  init(uncheckedFrom position: Int, to end: Int) {
    self.position = position
    self.end = end
  }

  @inline(__always) var hasMore: Bool { position < end }
  @inline(__always) var count: Int { end &- position }
  @inline(__always) var range: Range<Int> { Range(uncheckedBounds: (position, end)) }

  /// Reads a field's tag: a varint of at most 32 bits and five bytes, which nearly always takes one.
  @inline(__always)
  mutating func tag(_ body: RawSpan) throws(ScanError) -> UInt64 {
    let start = position
    let tag = try varint(body)
    guard position &- start <= 5, tag <= UInt64(UInt32.max) else { throw .invalidTag(at: start) }
    return tag
  }

  /// Reads a varint of at most ten bytes.
  @inline(__always)
  mutating func varint(_ body: RawSpan) throws(ScanError) -> UInt64 {
    guard position < end else { throw .truncated(at: position) }
    let first = body.unsafeLoad(fromByteOffset: position, as: UInt8.self)
    guard first >= 0x80 else {
      position &+= 1
      return UInt64(first)
    }
    return try longVarint(body)
  }

  mutating func longVarint(_ body: RawSpan) throws(ScanError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end {
      let byte = UInt64(body.unsafeLoad(fromByteOffset: position, as: UInt8.self))
      // Bits of the tenth byte beyond the first are dropped, as every parser of Google's does.
      if shift == 63, byte >= 0x80 { throw .overlongVarint(at: start) }
      value |= (byte & 0x7f) &<< shift
      position &+= 1
      if byte < 0x80 { return value }
      shift &+= 7
    }
    throw .truncated(at: start)
  }

  /// Reads an enumeration's number; zero where it is beyond `limit`.
  ///
  /// The value counts with its low 32 bits, because negative numbers are sent with 64 (Protocol Buffers encoding,
  /// "Signed Integers").
  @inline(__always)
  mutating func enumeration(_ body: RawSpan, upTo limit: UInt32) throws(ScanError) -> UInt8 {
    let number = UInt32(truncatingIfNeeded: try varint(body))
    return number <= limit ? UInt8(truncatingIfNeeded: number) : 0
  }

  /// Reads a length and makes sure that so many bytes follow.
  @inline(__always)
  mutating func length(_ body: RawSpan) throws(ScanError) -> Int {
    let start = position
    let length = try varint(body)
    guard length <= UInt64(truncatingIfNeeded: end &- position) else { throw .truncated(at: start) }
    return Int(truncatingIfNeeded: length)
  }

  /// Steps over a length-delimited field and returns a cursor at its beginning.
  @inline(__always)
  mutating func field(_ body: RawSpan) throws(ScanError) -> WireCursor {
    let length = try length(body)
    let field = WireCursor(uncheckedFrom: position, to: position &+ length)
    position = field.end
    return field
  }

  @inline(__always)
  mutating func skipField(_ body: RawSpan) throws(ScanError) {
    let length = try length(body)
    position &+= length
  }

  @inline(__always)
  mutating func fixed64(_ body: RawSpan) throws(ScanError) -> UInt64 {
    guard end &- position >= 8 else { throw .truncated(at: position) }
    let value = body.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
    position &+= 8
    return UInt64(littleEndian: value)
  }

  @inline(__always)
  mutating func fixed32(_ body: RawSpan) throws(ScanError) -> UInt32 {
    guard end &- position >= 4 else { throw .truncated(at: position) }
    let value = body.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self)
    position &+= 4
    return UInt32(littleEndian: value)
  }

  /// The eight bytes at `offset` of what remains, most significant first; nil where it ends before.
  @inline(__always)
  func bigEndian64(_ body: RawSpan, at offset: Int) -> UInt64? {
    guard offset >= 0, count &- 8 >= offset else { return nil }
    return UInt64(bigEndian: body.unsafeLoadUnaligned(fromByteOffset: position &+ offset, as: UInt64.self))
  }

  /// Steps over the value of a tag that the caller does not read: an unknown field, or a known one whose wire type is
  /// not the declared one.
  @inline(never)
  mutating func skip(_ tag: UInt64, _ body: RawSpan) throws(ScanError) {
    guard tag >> 3 > 0 else { throw .invalidTag(at: position) }
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
