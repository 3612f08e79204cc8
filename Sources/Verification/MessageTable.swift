import Timing

/// The messages of one shard by sequence, in pages that are freed once they are settled and long past.
///
/// Sequences are numbers in sending order, so a message's row is found by counting, and what is judged together lies
/// together.
struct MessageTable: ~Copyable, @unchecked Sendable {
  // What the pointers lead to belongs to this value alone, and is freed with it.
  static let pageSize = 1024
  /// Settled pages that are kept, so that what arrives late can still be told: 262,144 messages, 31 MB.
  static let retainedPages = 256

  private struct Page {
    /// Nil before the first row is needed, and again once the page is forgotten.
    var rows: UnsafeMutablePointer<MessageRow>?
    var unsettled = MessageTable.pageSize
    /// Rows whose message was told of, or given up.
    var told = 0
    /// No row needs a look before.
    var nextLook = Instant.never
  }

  private var pages: [Page] = []
  private var firstKept = 0
  /// One more than the greatest sequence that was sent.
  private var sentCount = 0
  /// The first page that may have unsettled rows.
  private var firstOpen = 0
  /// Rows that are in memory.
  private(set) var rowCount = 0

  init() {}

  deinit {
    for page in pages { page.rows?.deallocate() }
  }

  /// Whether the message's page has been freed.
  func isForgotten(_ sequence: UInt32) -> Bool { Int(sequence) / Self.pageSize < firstKept }

  /// Whether a message may have been sent although nobody told of it yet.
  func isNear(_ sequence: UInt32) -> Bool { Int(sequence) < sentCount + Verifier.waitingLimit }

  /// The row of a message, made where it has none; nil for one that is forgotten.
  mutating func prepare(_ sequence: UInt32) -> UnsafeMutablePointer<MessageRow>? {
    let page = Int(sequence) / Self.pageSize
    guard page >= firstKept else { return nil }
    while pages.count <= page { pages.append(Page()) }
    let rows = pages[page].rows ?? makeRows(page)
    return rows + Int(sequence) % Self.pageSize
  }

  /// The row of a message that has one.
  func row(_ sequence: UInt32) -> UnsafeMutablePointer<MessageRow>? {
    let page = Int(sequence) / Self.pageSize
    guard page < pages.count, let rows = pages[page].rows else { return nil }
    return rows + Int(sequence) % Self.pageSize
  }

  /// The row of a message that was sent, unless it is forgotten or nothing can be said of it.
  func sentRow(_ sequence: UInt32) -> UnsafeMutablePointer<MessageRow>? {
    guard let row = row(sequence) else { return nil }
    switch row.pointee.state {
    case .pending, .settled: return row
    case .unknown, .unheard: return nil
    }
  }

  /// Says that a message, which has a row, was sent; a shard's are told in the order of their sequence.
  mutating func sent(_ sequence: UInt32) {
    sentCount = max(sentCount, Int(sequence) + 1)
    pages[Int(sequence) / Self.pageSize].told += 1
  }

  /// Says that a message, which has a row, may be ready at `instant`.
  mutating func look(at sequence: UInt32, from instant: Instant) {
    let page = Int(sequence) / Self.pageSize
    if instant < pages[page].nextLook { pages[page].nextLook = instant }
  }

  /// The sequences of a page with a row that may be ready, and a page after which to look for the next.
  ///
  /// It is then for the caller to say when to look at each row again.
  mutating func nextPage(after last: Int?, readyAt now: Instant) -> (page: Int, sequences: ClosedRange<UInt32>)? {
    var page = max(last.map { $0 + 1 } ?? 0, firstOpen)
    while page < pages.count {
      if pages[page].nextLook <= now {
        pages[page].nextLook = .never
        let first = UInt32(page * Self.pageSize)
        return (page, first...first + UInt32(Self.pageSize - 1))
      }
      page += 1
    }
    return nil
  }

  /// Every sequence that is sent and not settled, oldest first.
  func pending() -> [UInt32] { open { $0.state == .pending } }

  /// Every sequence of which something is known, but not that it was sent.
  func unknown() -> [UInt32] { open { $0.state == .unknown && $0.firstWaiting >= 0 } }

  private func open(where isWanted: (MessageRow) -> Bool) -> [UInt32] {
    var sequences: [UInt32] = []
    for page in min(firstOpen, pages.count)..<pages.count where pages[page].unsettled > 0 {
      guard let rows = pages[page].rows else { continue }
      for index in 0..<Self.pageSize where isWanted(rows[index]) {
        sequences.append(UInt32(page * Self.pageSize + index))
      }
    }
    return sequences
  }

  /// Rows of messages that nobody will tell of any more, because later ones were told of: they were in a delivery that
  /// was dropped.
  func unheard() -> [UInt32] {
    let pageCount = min((sentCount + Self.pageSize - 1) / Self.pageSize, pages.count)
    guard firstOpen < pageCount else { return [] }
    var sequences: [UInt32] = []
    for page in firstOpen..<pageCount {
      let sent = min(sentCount - page * Self.pageSize, Self.pageSize)
      guard pages[page].told < sent else { continue }
      for index in 0..<sent where pages[page].rows.map({ $0[index].state == .unknown }) ?? true {
        sequences.append(UInt32(page * Self.pageSize + index))
      }
    }
    return sequences
  }

  /// Says that a row, whose message nobody told of, is given up.
  mutating func givenUp(_ sequence: UInt32) { pages[Int(sequence) / Self.pageSize].told += 1 }

  /// Says that a row has become settled; the oldest settled page may be forgotten then.
  mutating func settled(_ sequence: UInt32) {
    pages[Int(sequence) / Self.pageSize].unsettled -= 1
    while firstOpen < pages.count, pages[firstOpen].unsettled == 0 { firstOpen += 1 }
    guard firstOpen - firstKept > Self.retainedPages else { return }
    pages[firstKept].rows?.deallocate()
    pages[firstKept].rows = nil
    rowCount -= Self.pageSize
    firstKept += 1
  }

  private mutating func makeRows(_ page: Int) -> UnsafeMutablePointer<MessageRow> {
    let rows = UnsafeMutablePointer<MessageRow>.allocate(capacity: Self.pageSize)
    rows.initialize(repeating: MessageRow(), count: Self.pageSize)
    pages[page].rows = rows
    rowCount += Self.pageSize
    return rows
  }
}

/// The tables of all shards.
struct ShardTables: ~Copyable, @unchecked Sendable {
  // What the pointers lead to belongs to this value alone, and is freed with it.

  /// Shards beyond are nobody's: a shard is a reactor.
  static let limit = 256

  private let base = UnsafeMutablePointer<MessageTable>.allocate(capacity: Self.limit)
  private(set) var count = 0

  deinit {
    base.deinitialize(count: count)
    base.deallocate()
  }

  /// Makes the tables up to a shard's, which is below the limit.
  mutating func prepare(_ shard: Int) {
    while count <= shard {
      (base + count).initialize(to: MessageTable())
      count += 1
    }
  }

  subscript(shard: Int) -> UnsafeMutablePointer<MessageTable> {
    precondition(shard >= 0 && shard < count)
    return base + shard
  }
}

extension Instant {
  /// Earlier than everything.
  static let longAgo = Instant(nanoseconds: .min)
  /// Later than everything.
  static let never = Instant(nanoseconds: .max)

  /// So much later, but not after the end of time.
  func after(_ nanoseconds: Int64) -> Instant {
    let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
    return overflow ? .never : Instant(nanoseconds: sum)
  }
}
