import Observations
import Timing
import TraceContext

/// What is known of one message that may still change its verdict.
struct MessageRow: Sendable {
  enum State: UInt8, Sendable {
    /// Spans or echoes came before the observation that it was sent, or nothing came at all.
    case unknown
    case pending
    case settled
    /// Its observation was in a delivery that was dropped, so that nothing can be said of it.
    case unheard
  }

  /// What its settled trace was counted as.
  enum Trace: UInt8, Sendable {
    case none, complete, partial, unseen, broken
  }

  var state = State.unknown
  var trace = Trace.none
  var type: UInt8 = 0
  var isWarmUp = false
  /// Whether an echo showed that the server began another trace.
  var isRestarted = false
  /// Finding kinds that the message already shows, a bit each in the order of `FindingKind.allCases`.
  var shown: UInt32 = 0
  var connection: UInt32 = 0
  var members: UInt32 = 0
  /// Copies that came.
  var copies: UInt32 = 0
  /// Of these, the ones within their time.
  var copiesInTime: UInt32 = 0
  var requiredSpans: UInt32 = 0
  var spanCount: UInt32 = 0
  /// Span count at the last look that found the trace incomplete.
  var judgedSpans: UInt32 = 0
  var firstSpan: Int32 = -1
  var firstCopy: Int32 = -1
  var due = Instant(nanoseconds: 0)
  var sent = Instant(nanoseconds: 0)
  /// When the last span or copy came.
  var lastArrival = Instant(nanoseconds: 0)
  /// When its entry span ended, on the target's clock; 0 while none is known.
  var entryEnd: UInt64 = 0
  /// When the last of its judged spans began, on the target's clock.
  var latestStart: UInt64 = 0

  mutating func begin(_ observation: Observation.Sent, isWarmUp: Bool, requiredSpans: Int) {
    state = .pending
    type = observation.type
    self.isWarmUp = isWarmUp
    connection = observation.connection
    members = observation.members
    self.requiredSpans = UInt32(clamping: requiredSpans)
    due = observation.due
    sent = observation.at
  }

  /// Its spans and copies are judged, or of no use, and given back.
  mutating func end(_ state: State) {
    self.state = state
    firstSpan = -1
    firstCopy = -1
  }
}

/// The messages of one shard by sequence, in pages that are freed once they are settled and long past.
struct MessageTable: Sendable {
  static let pageSize = 1024
  /// Settled pages that are kept, so that what arrives late can still be told: 262,144 messages, 25 MB.
  static let retainedPages = 256

  private var pages: [[MessageRow]] = []
  private var unsettled: [Int] = []
  private var firstKept = 0
  /// One more than the greatest sequence that was sent.
  private var sentCount = 0
  /// The first page that may have unsettled rows.
  private(set) var firstOpen = 0

  /// Whether the message's page has been freed.
  func isForgotten(_ sequence: UInt32) -> Bool { Int(sequence) / Self.pageSize < firstKept }

  /// Makes sure that a message has a row; only messages that are not forgotten.
  mutating func prepare(_ sequence: UInt32) {
    let page = Int(sequence) / Self.pageSize
    while pages.count <= page {
      pages.append([])
      unsettled.append(Self.pageSize)
    }
    if pages[page].isEmpty, page >= firstKept {
      pages[page] = Array(repeating: MessageRow(), count: Self.pageSize)
    }
  }

  /// Says that a message was sent; a shard's are told in the order of their sequence.
  mutating func sent(_ sequence: UInt32) { sentCount = max(sentCount, Int(sequence) + 1) }

  func contains(_ sequence: UInt32) -> Bool {
    let page = Int(sequence) / Self.pageSize
    return page < pages.count && !pages[page].isEmpty
  }

  /// Whether an observation has told that the message was sent, and it is not forgotten.
  func isSent(_ sequence: UInt32) -> Bool {
    guard contains(sequence) else { return false }
    switch self[sequence].state {
    case .pending, .settled: return true
    case .unknown, .unheard: return false
    }
  }

  subscript(sequence: UInt32) -> MessageRow {
    get { pages[Int(sequence) / Self.pageSize][Int(sequence) % Self.pageSize] }
    _modify { yield &pages[Int(sequence) / Self.pageSize][Int(sequence) % Self.pageSize] }
  }

  /// Calls `body` with each row that is sent and not settled, oldest first.
  func pending(_ body: (UInt32, MessageRow) -> Void) {
    guard firstOpen < pages.count else { return }
    for page in firstOpen..<pages.count where unsettled[page] > 0 && !pages[page].isEmpty {
      for (index, row) in pages[page].enumerated() where row.state == .pending {
        body(UInt32(page * Self.pageSize + index), row)
      }
    }
  }

  /// Rows of messages that nobody will tell of any more, because later ones were told of: they were in a delivery that
  /// was dropped.
  func unheard() -> [UInt32] {
    let pageCount = min((sentCount + Self.pageSize - 1) / Self.pageSize, pages.count)
    guard firstOpen < pageCount else { return [] }
    var sequences: [UInt32] = []
    for page in firstOpen..<pageCount where unsettled[page] > 0 {
      let sent = min(sentCount - page * Self.pageSize, Self.pageSize)
      for index in 0..<sent where pages[page].isEmpty || pages[page][index].state == .unknown {
        sequences.append(UInt32(page * Self.pageSize + index))
      }
    }
    return sequences
  }

  /// Rows that are in memory.
  var rowCount: Int { pages.reduce(0) { $0 + $1.count } }

  /// Says that a row has become settled; the oldest settled page may be forgotten then.
  mutating func settled(_ sequence: UInt32) {
    unsettled[Int(sequence) / Self.pageSize] -= 1
    while firstOpen < pages.count, unsettled[firstOpen] == 0 { firstOpen += 1 }
    guard firstOpen - firstKept > Self.retainedPages else { return }
    pages[firstKept] = []
    firstKept += 1
  }
}
