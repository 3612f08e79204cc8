/// Rows of one size that are handed out and taken back one at a time; memory grows to the most that was in use at once.
///
/// They lie in chunks that never move, and a row that was taken back holds the index of the one that was before it, so
/// that nothing is needed beside the rows themselves.
struct Pool<Row: BitwiseCopyable & Sendable>: ~Copyable, @unchecked Sendable {
  // What the pointers lead to belongs to this value alone, and is freed with it.
  private static var chunkBits: Int32 { 13 }
  private static var chunkSize: Int { 1 << Int(chunkBits) }

  /// Rows that can be told apart by an index.
  static var limit: Int { Int(Int32.max) }

  private var chunks: [UnsafeMutablePointer<Row>] = []
  /// Rows that were handed out at least once.
  private var touched: Int32 = 0
  /// The row that was taken back last, or -1.
  private var free: Int32 = -1
  private(set) var inUse = 0

  deinit {
    for chunk in chunks { chunk.deallocate() }
  }

  /// Rows in use and free.
  var capacity: Int { Int(touched) }

  /// Keeps a row and returns its index; -1 where `limit` rows are in use.
  mutating func add(_ row: Row) -> Int32 {
    let index: Int32
    if free >= 0 {
      index = free
      free = UnsafeRawPointer(pointer(index)).load(as: Int32.self)
    } else {
      guard touched < .max else { return -1 }
      index = touched
      if Int(index) == chunks.count << Int(Self.chunkBits) { chunks.append(.allocate(capacity: Self.chunkSize)) }
      touched += 1
    }
    pointer(index).initialize(to: row)
    inUse += 1
    return index
  }

  /// Takes back a row that is in use.
  mutating func remove(_ index: Int32) {
    UnsafeMutableRawPointer(pointer(index)).storeBytes(of: free, as: Int32.self)
    free = index
    inUse -= 1
  }

  /// - Parameter index: of a row that is in use.
  subscript(index: Int32) -> Row { pointer(index).pointee }

  /// Changes a row that is in use.
  mutating func change(_ index: Int32, _ change: (inout Row) -> Void) { change(&pointer(index).pointee) }

  @inline(__always)
  private func pointer(_ index: Int32) -> UnsafeMutablePointer<Row> {
    chunks[Int(index &>> Self.chunkBits)] + Int(index) & (Self.chunkSize &- 1)
  }
}
