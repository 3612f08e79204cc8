import Foundation
import LoadEngine
import Observations
import Synchronization
import Timing

/// A load in processes of their own, each with its share; what they observe comes into one queue, so that one verifier
/// judges it as if one process had made it.
final class WorkerPool: RunningLoad, Sendable {
  /// How long a worker may say nothing before that is a stall of this tool; it says something ten times a second.
  static let longestSilence = Duration.seconds(1)

  let control: LoadControl
  private let workers: [Worker]
  private let stopWasSaid = Atomic(false)
  private let beginWasSaid = Atomic(false)

  /// - Parameter jobs: one for each process.
  init(jobs: [WorkerJob], queue: ObservationQueue) throws {
    let control = LoadControl(parts: jobs.count, beginsByItself: false)
    self.control = control
    workers = try jobs.enumerated().map { try Worker($1, part: $0) }
    for worker in workers { worker.listen(queue, control) }
  }

  func isOver(waitingMilliseconds milliseconds: Int) -> Bool {
    if control.isReady, !beginWasSaid.exchange(true, ordering: .relaxed) {
      // A tenth of a second is enough for the slowest of them to hear it.
      say("begin \(Instant.now.advanced(byNanoseconds: nanosecondsPerSecond / 10).nanoseconds)")
    }
    if control.isStopping, !stopWasSaid.exchange(true, ordering: .relaxed) { say("stop") }
    let deadline = DispatchTime.now() + .milliseconds(milliseconds)
    return workers.allSatisfy { $0.hasEnded(by: deadline) }
  }

  var faults: [String] {
    workers.enumerated().compactMap { index, worker in worker.fault.map { "worker \(index): \($0)" } }
  }

  /// Batches of observations that found a worker's queue full.
  var dropped: UInt64 { workers.reduce(0) { $0 + $1.dropped } }

  private func say(_ line: String) { for worker in workers { worker.say(line) } }
}

/// One worker process, seen from the one that started it.
private final class Worker: Sendable {
  private struct State {
    var hasEnded = false
    var fault: String?
    var dropped: UInt64 = 0
  }

  private let part: Int
  private let process: Process
  private let input: FileHandle
  private let output: FileHandle
  private let state = Mutex(State())
  private let ended = DispatchSemaphore(value: 0)

  init(_ job: WorkerJob, part: Int) throws {
    self.part = part
    let (input, output) = (Pipe(), Pipe())
    process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["worker"]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    self.input = input.fileHandleForWriting
    self.output = output.fileHandleForReading
    say(String(decoding: try JSONEncoder().encode(job), as: UTF8.self))
  }

  var fault: String? { state.withLock { $0.fault } }
  var dropped: UInt64 { state.withLock { $0.dropped } }

  func say(_ line: String) { try? input.write(contentsOf: Data("\(line)\n".utf8)) }

  /// Reads what the worker says, on a thread of its own, until its end.
  func listen(_ queue: ObservationQueue, _ control: LoadControl) {
    let thread = Thread { [self] in
      var excerpts: [Int: String] = [:]
      var isComplete = false
      var last = Instant.now
      while let (kind, payload) = WorkerFrame.read(from: output.fileDescriptor) {
        let now = Instant.now
        if now - last > WorkerPool.longestSilence.clampedNanoseconds {
          // What it had observed came too late to be judged in time.
          let stall = Observation.Stalled(nanoseconds: now - last, at: now)
          queue.push(ObservationBatch(observations: [.stalled(stall)]))
        }
        last = now
        switch kind {
        case .progress:
          guard payload.count == MemoryLayout<LoadControl.Progress>.size else { continue }
          control.publish(payload.withUnsafeBytes { $0.loadUnaligned(as: LoadControl.Progress.self) }, of: part)
        case .ready: control.becameReady(at: .now)
        case .excerpts:
          excerpts = (try? JSONDecoder().decode([Int: String].self, from: Data(payload))) ?? [:]
        case .facts:
          queue.push(ObservationBatch(memory: payload, excerpts: excerpts))
          excerpts = [:]
        case .dropped:
          isComplete = true
          state.withLock {
            $0.dropped = payload.withUnsafeBytes { $0.count == 8 ? $0.loadUnaligned(as: UInt64.self) : 0 }
          }
        case .fault: state.withLock { $0.fault = String(decoding: payload, as: UTF8.self) }
        }
      }
      process.waitUntilExit()
      let status = process.terminationStatus
      state.withLock { state in
        if !isComplete {
          // One batch at least, the last, did not come.
          state.dropped += 1
          if state.fault == nil { state.fault = "ended early, with status \(status)" }
        }
        state.hasEnded = true
      }
      if !isComplete {
        // What it owes is not the server's loss.
        let stall = Observation.Stalled(nanoseconds: max(Instant.now - last, 1), at: .now)
        queue.push(ObservationBatch(observations: [.stalled(stall)]))
        // The others wait for it no longer, and what it would have sent is nobody's: the load ends.
        var progress = LoadControl.Progress()
        progress.stage = .over
        control.publish(progress, of: part)
        control.stop()
      }
      ended.signal()
    }
    thread.name = "worker \(part)"
    thread.start()
  }

  func hasEnded(by deadline: DispatchTime) -> Bool {
    if state.withLock({ $0.hasEnded }) { return true }
    return ended.wait(timeout: deadline) == .success
  }
}
