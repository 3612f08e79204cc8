/// Numbers texts in the order of their first use, within bounds: open addressing over their bytes.
///
/// Who sends texts chooses them, so the hash is keyed afresh for every table.
struct TextTable {
  private struct Entry {
    var hash: UInt64
    var start: Int
    var count: Int
  }

  /// A text's number plus one, or zero for a free place; a power of two, at most half full.
  private var slots: [UInt32]
  private var entries: [Entry] = []
  /// All texts one after the other.
  private var bytes: [UInt8] = []
  private var announcedCount = 0
  private let countLimit: Int
  private let byteLimit: Int
  private let key: UInt64

  init(countLimit: Int, byteLimit: Int) {
    self.countLimit = countLimit
    self.byteLimit = byteLimit
    slots = Array(repeating: 0, count: 256)
    key = .random(in: 0 ... .max)
  }

  /// The number of `text`, from 0; nil where it is new and no longer fits.
  mutating func index(of text: RawSpan) -> UInt32? {
    let hash = hash(text)
    var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[place] != 0 {
      let index = slots[place] - 1
      let entry = entries[Int(index)]
      if entry.hash == hash, isEqual(text, to: entry) { return index }
      place = (place + 1) & (slots.count - 1)
    }
    return insert(text, hash: hash, at: place)
  }

  /// The texts that no earlier call has returned, with their numbers; malformed UTF-8 is repaired.
  mutating func takeUnannounced() -> [(index: UInt32, text: String)] {
    guard announcedCount < entries.count else { return [] }
    defer { announcedCount = entries.count }
    return entries.indices[announcedCount...].map { index in
      let entry = entries[index]
      let text = String(decoding: bytes[entry.start..<entry.start + entry.count], as: UTF8.self)
      return (index: UInt32(index), text: text)
    }
  }

  private mutating func insert(_ text: RawSpan, hash: UInt64, at place: Int) -> UInt32? {
    guard entries.count < countLimit, text.byteCount <= byteLimit - bytes.count else { return nil }
    let index = UInt32(entries.count)
    entries.append(Entry(hash: hash, start: bytes.count, count: text.byteCount))
    text.withUnsafeBytes { bytes.append(contentsOf: $0) }
    slots[place] = index + 1
    if entries.count * 2 > slots.count { grow() }
    return index
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    for (index, entry) in entries.enumerated() {
      var place = Int(truncatingIfNeeded: entry.hash) & (slots.count - 1)
      while slots[place] != 0 { place = (place + 1) & (slots.count - 1) }
      slots[place] = UInt32(index) + 1
    }
  }

  @inline(__always)
  private func isEqual(_ text: RawSpan, to entry: Entry) -> Bool {
    let count = text.byteCount
    guard entry.count == count else { return false }
    let known = bytes.span.bytes
    guard count >= 8 else {
      return Self.shortWord(known.extracting(entry.start..<entry.start &+ count)) == Self.shortWord(text)
    }
    var offset = 0
    while offset < count &- 8 {
      guard Self.word(known, at: entry.start &+ offset) == Self.word(text, at: offset) else { return false }
      offset &+= 8
    }
    return Self.word(known, at: entry.start &+ count &- 8) == Self.word(text, at: count &- 8)
  }

  /// Folds eight bytes at a time by a full multiplication; the last eight overlap those before.
  @inline(__always)
  private func hash(_ text: RawSpan) -> UInt64 {
    let count = text.byteCount
    var hash = Self.fold(key ^ UInt64(truncatingIfNeeded: count), 0x9e37_79b9_7f4a_7c15)
    guard count >= 8 else { return Self.fold(hash ^ Self.shortWord(text), 0xe703_7ed1_a0b4_28db) }
    var offset = 0
    while offset < count &- 8 {
      hash = Self.fold(hash ^ Self.word(text, at: offset), 0xa076_1d64_78bd_642f)
      offset &+= 8
    }
    return Self.fold(hash ^ Self.word(text, at: count &- 8), 0xe703_7ed1_a0b4_28db)
  }

  @inline(__always)
  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }

  /// The eight bytes at `offset`, which the caller has made sure of.
  @inline(__always)
  private static func word(_ bytes: RawSpan, at offset: Int) -> UInt64 {
    bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  /// All of fewer than eight bytes.
  private static func shortWord(_ bytes: RawSpan) -> UInt64 {
    var word: UInt64 = 0
    for offset in 0..<bytes.byteCount {
      word = word << 8 | UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
    }
    return word
  }
}
