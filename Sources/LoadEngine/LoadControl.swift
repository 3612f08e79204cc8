import Synchronization
package import Timing

/// What the threads that run a load and the one that watches them share.
package final class LoadControl: Sendable {
  private let stopRequested = Atomic(false)
  /// When the load begins, in nanoseconds; 0 until that is known.
  private let beginning = Atomic<Int64>(0)
  private let readyCount = Atomic(0)
  private let beginsByItself: Bool
  private let counters: [Counters]

  /// Where a run is.
  package enum Stage: Int, Sendable, Comparable, BitwiseCopyable {
    /// `ready`: all of a reactor's connections are open or have failed, and it waits for the other reactors.
    case connecting, ready, loading, draining, closing, over

    package static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
  }

  /// How far a run is; the numbers of one reading may be a loop apart.
  package struct Progress: Sendable, BitwiseCopyable {
    package var stage = Stage.connecting
    package var opened = 0
    package var failed = 0
    package var open = 0
    package var sent = 0
    package var copies = 0
    package var dropped = 0

    package init() {}

    /// Both together: as far as the one that is behind.
    package static func + (left: Progress, right: Progress) -> Progress {
      var sum = left
      sum.stage = min(left.stage, right.stage)
      sum.opened += right.opened
      sum.failed += right.failed
      sum.open += right.open
      sum.sent += right.sent
      sum.copies += right.copies
      sum.dropped += right.dropped
      return sum
    }
  }

  private final class Counters: Sendable {
    let stage = Atomic(Stage.connecting.rawValue)
    let opened = Atomic(0)
    let failed = Atomic(0)
    let open = Atomic(0)
    let sent = Atomic(0)
    let copies = Atomic(0)
    let dropped = Atomic(0)
  }

  /// - Parameters:
  ///   - parts: reactors, or processes of them, that report their progress here.
  ///   - beginsByItself: whether the load begins as soon as all parts are ready; otherwise `begin` says when.
  package init(parts: Int = 1, beginsByItself: Bool = true) {
    counters = (0..<max(parts, 1)).map { _ in Counters() }
    self.beginsByItself = beginsByItself
  }

  /// Asks that nothing more is sent; what is under way is waited for, and the sessions are closed.
  package func stop() { stopRequested.store(true, ordering: .relaxed) }

  package var isStopping: Bool { stopRequested.load(ordering: .relaxed) }

  /// Says that one more part is ready; the last one begins the load of all.
  package func becameReady(at now: Instant) {
    let count = readyCount.add(1, ordering: .acquiringAndReleasing).newValue
    guard beginsByItself, count == counters.count else { return }
    // Others look at it every tick.
    begin(at: counters.count == 1 ? now : now.advanced(byNanoseconds: 2 * LoadLoop.tick))
  }

  /// Whether every part is ready.
  package var isReady: Bool { readyCount.load(ordering: .acquiring) >= counters.count }

  package func begin(at instant: Instant) { beginning.store(instant.nanoseconds, ordering: .releasing) }

  /// When the load begins for all parts, once that is known.
  package var start: Instant? {
    let nanoseconds = beginning.load(ordering: .acquiring)
    return nanoseconds == 0 ? nil : Instant(nanoseconds: nanoseconds)
  }

  /// All parts together.
  package var progress: Progress {
    var sum = read(counters[0])
    for other in counters.dropFirst() { sum = sum + read(other) }
    return sum
  }

  private func read(_ counters: Counters) -> Progress {
    var progress = Progress()
    progress.stage = Stage(rawValue: counters.stage.load(ordering: .relaxed)) ?? .over
    progress.opened = counters.opened.load(ordering: .relaxed)
    progress.failed = counters.failed.load(ordering: .relaxed)
    progress.open = counters.open.load(ordering: .relaxed)
    progress.sent = counters.sent.load(ordering: .relaxed)
    progress.copies = counters.copies.load(ordering: .relaxed)
    progress.dropped = counters.dropped.load(ordering: .relaxed)
    return progress
  }

  /// - Parameter part: the one that reports, from 0.
  package func publish(_ progress: Progress, of part: Int) {
    let counters = counters[part]
    counters.stage.store(progress.stage.rawValue, ordering: .relaxed)
    counters.opened.store(progress.opened, ordering: .relaxed)
    counters.failed.store(progress.failed, ordering: .relaxed)
    counters.open.store(progress.open, ordering: .relaxed)
    counters.sent.store(progress.sent, ordering: .relaxed)
    counters.copies.store(progress.copies, ordering: .relaxed)
    counters.dropped.store(progress.dropped, ordering: .relaxed)
  }
}
