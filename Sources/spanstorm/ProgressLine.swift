import CLinux
import Glibc
import LoadEngine
import Timing
import Verification

/// Tells on standard error how far a run is: one live line on a terminal, elsewhere a plain line
/// for each stage and every ten seconds.
struct ProgressLine {
  private var live = LiveLine()
  private let start = Instant.now
  private var next = Instant.now
  private var stage = ""

  /// Time between two lines.
  private var interval: Int64 { live.isTerminal ? nanosecondsPerSecond / 4 : 10 * nanosecondsPerSecond }

  mutating func show(_ stage: String, _ load: LoadControl.Progress, _ verifier: VerifierThread.Progress) {
    let now = Instant.now
    guard now >= next || stage != self.stage else { return }
    self.stage = stage
    next = now.advanced(byNanoseconds: interval)
    let seconds = Double((now - start) / 100_000_000) / 10
    let tallies = verifier.tallies
    let line =
      "[\(seconds) s] \(stage): \(load.open) open, \(load.failed) failed, \(load.sent) sent, \(load.copies) copies, "
      + "\(tallies.tracesComplete) traces complete, \(tallies.tracesBroken) broken, \(tallies.tracesIncomplete) incomplete, "
      + "\(linux_resident_bytes(0) >> 20) MiB resident"
    live.show(line)
  }

  /// Ends the live line.
  mutating func end() { live.end() }
}
