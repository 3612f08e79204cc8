import ArgumentParser
import CLinux
import Foundation
import Glibc
import LoadEngine
import Observations
import Planning
import Reactor
import Scenarios
import Timing

/// One worker of a load: runs a share and sends what it observes to the process that started it.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Runs a share of a load for another process.", shouldDisplay: false)

  func run() throws {
    linux_end_with_parent(SIGKILL)
    // The parent is told of an interruption, and tells its workers.
    signal(SIGINT, SIG_IGN)
    signal(SIGTERM, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
    _ = linux_raise_open_files()
    guard let line = readLine(), let job = try? JSONDecoder().decode(WorkerJob.self, from: Data(line.utf8)) else {
      throw ValidationError("a worker is started by 'spanstorm run', and told what to do on its standard input")
    }
    do {
      try work(job)
    } catch {
      _ = WorkerFrame.write(.fault, Array("\(error)".utf8), to: STDOUT_FILENO)
      throw ExitStatus.defect.code
    }
  }

  private func work(_ job: WorkerJob) throws {
    let scenario = try job.changes.apply(to: Scenario(yaml: job.yaml, file: job.path))
    let plan = try Plan(scenario: scenario, seed: job.seed, target: job.target)
    let shares = Share(index: job.shareIndex, count: job.shareCount).split(into: job.threads)
    let control = LoadControl(parts: shares.count, beginsByItself: false)
    let settings = try shares.enumerated().map { try job.settings(share: $1, part: $0) }
    let queue = ObservationQueue()
    let load = try LoadThreads(
      plan: plan, settings: settings, processors: job.processors, sink: queue, control: control)
    listen(control)
    send(queue, load)
  }

  /// Obeys the parent's lines; when the parent is gone, the load ends.
  private func listen(_ control: LoadControl) {
    Thread.detachNewThread {
      while let line = readLine() {
        let words = line.split(separator: " ")
        if words.count == 2, words[0] == "begin", let nanoseconds = Int64(words[1]) {
          control.begin(at: Instant(nanoseconds: nanoseconds))
        } else if words == ["stop"] {
          control.stop()
        }
      }
      control.stop()
    }
  }

  /// Sends what is observed until the load is over.
  private func send(_ queue: ObservationQueue, _ load: LoadThreads) {
    var saidReady = false
    var nextProgress = Instant.now
    var isOver = false
    while let deliveries = queue.takeAll(waitingAtMostMilliseconds: 20) {
      for case .facts(let batch) in deliveries { send(batch) }
      if !saidReady, load.control.isReady { saidReady = WorkerFrame.write(.ready, to: STDOUT_FILENO) }
      if !isOver, load.isOver(waitingMilliseconds: 0) {
        isOver = true
        queue.finish()
      }
      if isOver || Instant.now >= nextProgress {
        nextProgress = Instant.now.advanced(byNanoseconds: nanosecondsPerSecond / 10)
        var progress = load.control.progress
        _ = withUnsafeBytes(of: &progress) { WorkerFrame.write(.progress, $0, to: STDOUT_FILENO) }
      }
    }
    var dropped = queue.dropped
    _ = withUnsafeBytes(of: &dropped) { WorkerFrame.write(.dropped, $0, to: STDOUT_FILENO) }
  }

  private func send(_ batch: ObservationBatch) {
    if !batch.excerpts.isEmpty, let data = try? JSONEncoder().encode(batch.excerpts) {
      _ = WorkerFrame.write(.excerpts, Array(data), to: STDOUT_FILENO)
    }
    batch.withUnsafeBytes { _ = WorkerFrame.write(.facts, $0, to: STDOUT_FILENO) }
  }
}

extension WorkerJob {
  func settings(share: Share, part: Int) throws -> LoadReactor.Settings {
    var settings = LoadReactor.Settings(
      addresses: try addresses.compactMap(HostAndPort.init).map { try SocketAddress(host: $0.host, port: $0.port) })
    settings.sources = try sources.map { try SocketAddress(host: $0, port: 0) }
    settings.share = share
    settings.part = part
    settings.spins = spins
    return settings
  }
}
