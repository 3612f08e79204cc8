/// Appends protobuf fields to a byte array.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  @inline(__always)
  mutating func varint(_ value: UInt64) {
    if value < 0x80 { bytes.append(UInt8(truncatingIfNeeded: value)) } else { longVarint(value) }
  }

  private mutating func longVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  mutating func field(_ tag: UInt64, varint value: UInt64) {
    varint(tag)
    varint(value)
  }

  mutating func field(_ tag: UInt64, fixed64 value: UInt64) {
    varint(tag)
    append(value.littleEndian)
  }

  mutating func field(_ tag: UInt64, fixed32 value: UInt32) {
    varint(tag)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func field(_ tag: UInt64, string value: String) {
    varint(tag)
    var text = value
    text.withUTF8 { utf8 in
      varint(UInt64(utf8.count))
      bytes.append(contentsOf: UnsafeRawBufferPointer(utf8))
    }
  }

  mutating func field(_ tag: UInt64, bytes value: [UInt8]) {
    varint(tag)
    varint(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  /// A field of eight bytes, the most significant first, as OTLP has span IDs.
  mutating func field(_ tag: UInt64, bigEndian value: UInt64) {
    varint(tag)
    bytes.append(8)
    append(value.bigEndian)
  }

  /// A field of sixteen bytes, the most significant first, as OTLP has trace IDs.
  mutating func field(_ tag: UInt64, bigEndian high: UInt64, _ low: UInt64) {
    varint(tag)
    bytes.append(16)
    append(high.bigEndian)
    append(low.bigEndian)
  }

  /// A field that is itself a message: room for its length is left, and filled once the content is there.
  ///
  /// - Parameter lengthWidth: bytes that the length probably takes. Where it takes more or fewer, the content moves,
  ///   because the length of a message that others read should be in its shortest form.
  mutating func message(_ tag: UInt64, lengthWidth: Int, _ content: (inout WireWriter) -> Void) {
    varint(tag)
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: lengthWidth))
    content(&self)
    let length = UInt64(bytes.count - start - lengthWidth)
    let width = Self.width(ofVarint: length)
    if width != lengthWidth {
      bytes.replaceSubrange(start..<start + lengthWidth, with: repeatElement(0, count: width))
    }
    for index in 0..<width {
      let more: UInt8 = index == width - 1 ? 0 : 0x80
      bytes[start + index] = UInt8(truncatingIfNeeded: length >> UInt64(7 * index)) & 0x7f | more
    }
  }

  /// Bytes that `value` takes as a varint, 1 to 10.
  static func width(ofVarint value: UInt64) -> Int {
    (70 - (value | 1).leadingZeroBitCount) / 7
  }

  mutating func reserve(_ capacity: Int) { bytes.reserveCapacity(capacity) }

  mutating func append(contentsOf other: WireWriter) { bytes.append(contentsOf: other.bytes) }

  mutating func removeAllKeepingCapacity() { bytes.removeAll(keepingCapacity: true) }

  private mutating func append(_ value: UInt64) {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }
}
