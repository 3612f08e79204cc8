import Observations
import Timing
import TraceContext

/// Where a message's row lies; passed on instead of the row, which is large.
typealias MessageRef = UnsafeMutablePointer<MessageRow>

/// What is known of one message that may still change its verdict: 120 bytes.
struct MessageRow: Sendable, BitwiseCopyable {
  enum State: UInt8, Sendable, BitwiseCopyable {
    /// Spans or echoes came before the observation that it was sent, or nothing came at all.
    case unknown
    case pending
    case settled
    /// Its observation was in a delivery that was dropped, so that nothing can be said of it.
    case unheard
  }

  /// What its settled trace was counted as.
  enum Trace: UInt8, Sendable, BitwiseCopyable {
    case none, complete, partial, unseen, broken, unsampled
  }

  /// Finding kinds that the message already shows, by `FindingKind.bit`.
  var shown: UInt64 = 0
  /// Members of its group that have their copy, by place; of groups of at most 64.
  var receivers: UInt64 = 0
  var due = Instant(nanoseconds: 0)
  var sent = Instant(nanoseconds: 0)
  /// When the first and the last of its copies came; `never` and `longAgo` before.
  var firstCopyAt = Instant.never
  var lastCopyAt = Instant.longAgo
  /// When its last span was handed over.
  var lastSpanAt = Instant.longAgo
  /// When its entry span ended, on the target's clock; 0 while none is known.
  var entryEnd: UInt64 = 0
  /// When the last of its judged spans began, on the target's clock.
  var latestStart: UInt64 = 0
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
  /// Echoes that were told of before the message was.
  var firstWaiting: Int32 = -1
  var state = State.unknown
  var trace = Trace.none
  var type: UInt8 = 0
  /// The flags that it was sent with.
  var flags = TraceFlags()
  var isWarmUp = false
  /// Whether an echo showed that the message was handled in another trace than the expected, where its spans are.
  var isElsewhere = false
  /// Whether spans of it found no room, so that their absence means nothing.
  var isTruncated = false
  /// Whether what is missing would be a finding if no telemetry was lost; `shown` tells which ones then.
  var isSuspected = false

  mutating func begin(_ observation: Observation.Sent, isWarmUp: Bool, requiredSpans: Int) {
    state = .pending
    type = observation.type
    flags = observation.flags
    self.isWarmUp = isWarmUp
    connection = observation.connection
    members = observation.members
    self.requiredSpans = UInt32(clamping: requiredSpans)
    due = observation.due
    sent = observation.at
  }

  /// Whether another span may be kept of it: an exporter can make up as many as it likes.
  var hasRoomForSpan: Bool { UInt64(spanCount) < UInt64(requiredSpans) * 4 + 4096 }

  /// When something of it came last.
  var lastArrival: Instant { max(lastSpanAt, lastCopyAt) }

  /// Its spans and copies are judged, or of no use, and given back.
  mutating func end(_ state: State) {
    self.state = state
    firstSpan = -1
    firstCopy = -1
    firstWaiting = -1
  }
}
