import Observations
import Timing

/// Gathers a reactor's observations and hands them over a batch at a time.
struct ObservationWriter {
  private static let batchSize = 1024
  /// Longest that an observation waits in a batch.
  private static let longestWait: Int64 = 10_000_000
  /// Excerpts that one reactor hands over in a whole run.
  private static let excerptLimit = 32
  private static let excerptLength = 240
  /// Close codes whose first reason one reactor hands over in a whole run.
  private static let closeReasonLimit = 64

  private let queue: ObservationQueue
  private var batch: [Observation] = []
  private var excerpts: [Int: String] = [:]
  private var excerptCount = 0
  /// By close code: the first reason that was not empty, until it is handed over, which leaves an empty one.
  private var closeReasons: [UInt16: String] = [:]
  /// When the batch must go at the latest, or nil while it is empty.
  private(set) var deadline: Instant?

  init(_ queue: ObservationQueue) {
    self.queue = queue
    batch.reserveCapacity(Self.batchSize)
  }

  mutating func write(_ observation: Observation, at now: Instant) {
    if batch.isEmpty { deadline = now.advanced(byNanoseconds: Self.longestWait) }
    batch.append(observation)
    if batch.count == Self.batchSize { flush() }
  }

  /// Writes an observation with the beginning of what arrived, as long as there have been few.
  mutating func write(_ observation: Observation, excerptOf text: UnsafeRawBufferPointer, at now: Instant) {
    if excerptCount < Self.excerptLimit {
      excerptCount += 1
      excerpts[batch.count] = String(decoding: text.prefix(Self.excerptLength), as: UTF8.self)
    }
    write(observation, at: now)
  }

  /// Remembers the reason of a close frame, the first of its code.
  mutating func note(reason: UnsafeRawBufferPointer, of code: UInt16) {
    guard !reason.isEmpty, closeReasons[code] == nil, closeReasons.count < Self.closeReasonLimit else { return }
    closeReasons[code] = String(decoding: reason, as: UTF8.self)
  }

  /// Writes the end of a session, with the first reason of its code where that was not written yet.
  mutating func write(closed: Observation.Closed, at now: Instant) {
    if let reason = closeReasons[closed.code], !reason.isEmpty {
      excerpts[batch.count] = reason
      closeReasons[closed.code] = ""
    }
    write(.closed(closed), at: now)
  }

  mutating func flush(ifDueAt now: Instant) {
    if let deadline, deadline <= now { flush() }
  }

  mutating func flush() {
    guard !batch.isEmpty else { return }
    queue.push(.facts(ObservationBatch(observations: batch, excerpts: excerpts)))
    batch = []
    batch.reserveCapacity(Self.batchSize)
    excerpts = [:]
    deadline = nil
  }
}
