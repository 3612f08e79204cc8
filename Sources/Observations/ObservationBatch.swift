/// Observations of one reactor in the order in which they happened.
package struct ObservationBatch: Sendable {
  private let buffer: ObservationBuffer
  package let count: Int
  /// By the index of an observation: the beginning of what arrived, for the first few unreadable messages and malformed
  /// contexts; and the first reason of each close code, for one session that ended so.
  package let excerpts: [Int: String]

  /// Takes over a buffer, which nobody writes to any more.
  package init(_ buffer: consuming ObservationBuffer, count: Int, excerpts: [Int: String] = [:]) {
    self.count = min(count, buffer.capacity)
    self.buffer = buffer
    self.excerpts = excerpts
  }

  /// Copies observations.
  package init(observations: [Observation] = [], excerpts: [Int: String] = [:]) {
    let buffer = ObservationBuffer(capacity: observations.count)
    for (index, observation) in observations.enumerated() { (buffer.base + index).initialize(to: observation) }
    self.init(buffer, count: observations.count, excerpts: excerpts)
  }

  /// - Parameter index: below `count`.
  package subscript(index: Int) -> Observation {
    precondition(index >= 0 && index < count)
    return buffer.base[index]
  }

  /// Looks at the observations where they lie.
  package func withUnsafeObservations<Result>(_ body: (UnsafeBufferPointer<Observation>) -> Result) -> Result {
    body(UnsafeBufferPointer(start: buffer.base, count: count))
  }

  package var observations: [Observation] { Array(UnsafeBufferPointer(start: buffer.base, count: count)) }

  /// The observations as they lie in memory; only for another process of the same program.
  package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    body(UnsafeRawBufferPointer(UnsafeBufferPointer(start: buffer.base, count: count)))
  }
}

/// Memory for a batch of observations, which its writer fills before it hands it over.
package final class ObservationBuffer: @unchecked Sendable {
  // Written by one reactor's thread only, and by nobody once a batch has it.
  package let base: UnsafeMutablePointer<Observation>
  package let capacity: Int

  package init(capacity: Int) {
    self.capacity = max(capacity, 1)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }
}
