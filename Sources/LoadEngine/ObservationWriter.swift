import Observations
import Timing

/// Gathers a reactor's observations and hands them over a batch at a time.
struct ObservationWriter: ~Copyable {
  private static let batchSize = 1024
  /// Longest that an observation waits in a batch.
  private static let longestWait: Int64 = 10_000_000
  /// Excerpts that one reactor hands over in a whole run.
  private static let excerptLimit = 32
  private static let excerptLength = 240
  /// Close codes whose first reason one reactor hands over in a whole run.
  private static let closeReasonLimit = 64

  private let sink: any ObservationSink
  private var buffer = ObservationBuffer(capacity: Self.batchSize)
  /// Where the buffer's memory is, so that a write counts no references.
  private var batch: UnsafeMutablePointer<Observation>
  private var count = 0
  private var excerpts: [Int: String] = [:]
  private var excerptCount = 0
  /// By close code: the first reason that was not empty, until it is handed over, which leaves an empty one.
  private var closeReasons: [UInt16: String] = [:]
  /// When the batch must go at the latest; far away while it is empty.
  private(set) var deadline = Instant(nanoseconds: .max)

  init(_ sink: any ObservationSink) {
    self.sink = sink
    batch = buffer.base
  }

  // Inlined, so that an observation is made where it stays, and not copied there.
  @inline(__always)
  mutating func write(_ observation: Observation, at now: Instant) {
    if count == 0 { deadline = now.advanced(byNanoseconds: Self.longestWait) }
    (batch + count).initialize(to: observation)
    count &+= 1
    if count == Self.batchSize { flush() }
  }

  /// Keeps the beginning of what arrived for the observation that is written next, as long as there have been few.
  @inline(never)
  mutating func addExcerpt(of text: UnsafeRawBufferPointer) {
    guard excerptCount < Self.excerptLimit else { return }
    excerptCount += 1
    excerpts[count] = String(decoding: text.prefix(Self.excerptLength), as: UTF8.self)
  }

  /// Remembers the reason of a close frame, the first of its code.
  mutating func note(reason: UnsafeRawBufferPointer, of code: UInt16) {
    guard !reason.isEmpty, closeReasons[code] == nil, closeReasons.count < Self.closeReasonLimit else { return }
    closeReasons[code] = String(decoding: reason, as: UTF8.self)
  }

  /// Writes the end of a session, with the first reason of its code where that was not written yet.
  mutating func write(closed: Observation.Closed, at now: Instant) {
    if let reason = closeReasons[closed.code], !reason.isEmpty {
      excerpts[count] = reason
      closeReasons[closed.code] = ""
    }
    write(.closed(closed), at: now)
  }

  mutating func flush(ifDueAt now: Instant) {
    if deadline <= now { flush() }
  }

  @inline(never)
  mutating func flush() {
    guard count > 0 else { return }
    sink.push(ObservationBatch(buffer, count: count, excerpts: excerpts))
    buffer = ObservationBuffer(capacity: Self.batchSize)
    batch = buffer.base
    count = 0
    if !excerpts.isEmpty { excerpts = [:] }
    deadline = Instant(nanoseconds: .max)
  }
}
