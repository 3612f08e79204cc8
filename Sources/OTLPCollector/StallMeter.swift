import NIOCore
import Timing

/// Measures how late the collector's thread is: it asks to be called every tenth of a second, and looks at the clock.
///
/// Whatever holds the thread for longer shows here, whether it is a large body, the embedding code or the machine.
final class StallMeter {
  private static let period = TimeAmount.milliseconds(100)
  private let eventLoop: any EventLoop
  private let ledger: CountLedger

  init(eventLoop: any EventLoop, ledger: CountLedger) {
    self.eventLoop = eventLoop
    self.ledger = ledger
  }

  /// Runs until the loop ends.
  func run() {
    let due = Instant.now.advanced(byNanoseconds: Self.period.nanoseconds)
    eventLoop.assumeIsolated().scheduleTask(in: Self.period) {
      self.ledger.recordStall(nanoseconds: Instant.now - due)
      self.run()
    }
  }
}
