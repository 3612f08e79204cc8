import NIOCore
import NIOHTTP1

/// Bodies that wait to be passed on, bounded by the memory that they hold.
struct ForwardQueue {
  struct Item {
    var request: ExportRequestHead
    var body: ByteBuffer
  }

  private var items = CircularBuffer<Item>()
  private var byteCount = 0
  private let limit: Int
  /// What an item takes besides its body, in bytes: a guess that keeps many empty bodies within bounds.
  private static let overhead = 256

  init(limit: Int) { self.limit = limit }

  var count: Int { items.count }

  /// False where it does not fit.
  mutating func append(_ item: Item) -> Bool {
    let size = item.body.storageCapacity + Self.overhead
    guard size <= limit - byteCount else { return false }
    byteCount += size
    items.append(item)
    return true
  }

  mutating func popFirst() -> Item? {
    guard let item = items.popFirst() else { return nil }
    byteCount -= item.body.storageCapacity + Self.overhead
    return item
  }

  mutating func removeAll() {
    items.removeAll()
    byteCount = 0
  }
}
