import CLinux
import Foundation
import LoadEngine
import Observations
import Planning

/// A load that runs, in this process or in others.
protocol RunningLoad {
  /// Stops it, and tells how far it is.
  var control: LoadControl { get }

  /// Waits a while for the load's end and tells whether that is over.
  func isOver(waitingMilliseconds milliseconds: Int) -> Bool

  /// Why the load did not do all that it should, in a sentence each; known when it is over.
  var faults: [String] { get }

  /// Batches of observations that found a queue full outside this process; known when it is over.
  var dropped: UInt64 { get }
}

/// A load on threads of this process, a reactor on each.
final class LoadThreads: RunningLoad {
  let control: LoadControl
  let faults: [String] = []
  let dropped: UInt64 = 0
  private let finished = DispatchSemaphore(value: 0)
  private var running: Int

  /// - Parameters:
  ///   - settings: one for each reactor, with its share and part.
  ///   - processors: where each reactor's thread is kept; empty leaves that to the kernel.
  init(
    plan: Plan, settings: [LoadReactor.Settings], processors: [Int32], sink: any ObservationSink, control: LoadControl
  ) throws {
    self.control = control
    running = settings.count
    for (index, settings) in settings.enumerated() {
      // Made here, so that what cannot be run is told to the caller; used by its own thread only from then on.
      nonisolated(unsafe) let reactor = try LoadReactor(plan: plan, settings: settings, sink: sink, control: control)
      let finished = self.finished
      let thread = Thread {
        linux_set_timer_slack(1)
        if !processors.isEmpty { _ = linux_pin_thread(processors[index % processors.count]) }
        reactor.run()
        finished.signal()
      }
      thread.name = "load \(index)"
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  func isOver(waitingMilliseconds milliseconds: Int) -> Bool {
    let deadline = DispatchTime.now() + .milliseconds(milliseconds)
    while running > 0, finished.wait(timeout: deadline) == .success { running -= 1 }
    return running == 0
  }
}
