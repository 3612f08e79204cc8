/// Bytes that one message after another is written into; grows as a message needs, and gives back what a large one took.
struct ScratchBuffer: ~Copyable {
  private static let firstCapacity = 16 << 10
  private static let keptCapacity = 1 << 20

  private(set) var bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit { bytes.deallocate() }

  /// Makes room for `count` bytes in all; the first `kept` stay.
  mutating func reserve(_ count: Int, keeping kept: Int = 0) {
    guard bytes.count < count else { return }
    let grown = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, Self.firstCapacity), alignment: 16)
    if kept > 0 { grown.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<kept])) }
    bytes.deallocate()
    bytes = grown
  }

  /// Doubles the room, up to `most` bytes; false where it has as many.
  mutating func grow(keeping kept: Int, upTo most: Int) -> Bool {
    guard bytes.count < most else { return false }
    reserve(min(max(bytes.count * 2, Self.firstCapacity), most), keeping: kept)
    return true
  }

  /// Gives back what one unusually large message took; what was written is forgotten.
  mutating func shrink() {
    guard bytes.count > Self.keptCapacity else { return }
    bytes.deallocate()
    bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }
}
