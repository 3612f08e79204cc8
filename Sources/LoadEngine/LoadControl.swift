import Synchronization

/// What the thread that runs a load and the one that watches it share.
package final class LoadControl: Sendable {
  private let stopRequested = Atomic(false)
  private let stageValue = Atomic(Stage.connecting.rawValue)
  private let counters = Counters()

  /// Where a run is.
  package enum Stage: Int, Sendable {
    case connecting, loading, draining, closing, over
  }

  /// How far a run is; the numbers of one reading may be a loop apart.
  package struct Progress: Sendable {
    package var stage: Stage
    package var opened: Int
    package var failed: Int
    package var open: Int
    package var sent: Int
    package var copies: Int
    package var dropped: Int
  }

  private final class Counters: Sendable {
    let opened = Atomic(0)
    let failed = Atomic(0)
    let open = Atomic(0)
    let sent = Atomic(0)
    let copies = Atomic(0)
    let dropped = Atomic(0)
  }

  package init() {}

  /// Asks that nothing more is sent; what is under way is waited for, and the sessions are closed.
  package func stop() { stopRequested.store(true, ordering: .relaxed) }

  package var isStopping: Bool { stopRequested.load(ordering: .relaxed) }

  package var progress: Progress {
    Progress(
      stage: Stage(rawValue: stageValue.load(ordering: .relaxed)) ?? .over,
      opened: counters.opened.load(ordering: .relaxed), failed: counters.failed.load(ordering: .relaxed),
      open: counters.open.load(ordering: .relaxed), sent: counters.sent.load(ordering: .relaxed),
      copies: counters.copies.load(ordering: .relaxed), dropped: counters.dropped.load(ordering: .relaxed))
  }

  func publish(_ progress: Progress) {
    stageValue.store(progress.stage.rawValue, ordering: .relaxed)
    counters.opened.store(progress.opened, ordering: .relaxed)
    counters.failed.store(progress.failed, ordering: .relaxed)
    counters.open.store(progress.open, ordering: .relaxed)
    counters.sent.store(progress.sent, ordering: .relaxed)
    counters.copies.store(progress.copies, ordering: .relaxed)
    counters.dropped.store(progress.dropped, ordering: .relaxed)
  }
}
