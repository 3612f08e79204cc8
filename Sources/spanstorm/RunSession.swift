import ArgumentParser
import CLinux
import Foundation
import LoadEngine
import OTLPCollector
import Observations
import Planning
import Reactor
import ReferenceServer
import Reporting
import Scenarios
import Timing
import Verification

/// One run: the collector, the load, the verifier, in that order; then the drain, and the report.
struct RunSession {
  let scenario: Scenario
  let path: String
  let seed: UInt64?
  let target: String?

  /// - Parameter reference: starts the reference server with these faults, and tests that.
  /// - Throws: an exit status; everything that can be told has been.
  func run(reference: (faults: [Fault], exportQueue: Int?)?) throws -> Report {
    Interruption.watch()
    let start = Instant.now
    let queue = ObservationQueue()
    let collector = try startCollector(queue, usesAnyPort: reference != nil)
    defer { collector.stop() }
    let server = try reference.map { try startReference($0.faults, $0.exportQueue, collector) }
    defer { server?.stop() }
    let plan = try ScenarioFile.plan(scenario, path: path, seed: seed, target: server?.origin ?? target)
    complain("seed \(plan.seed), collector on http://127.0.0.1:\(collector.port)")

    let verifier = VerifierThread(Verifier(scenario, identities: plan.identities), queue: queue)
    let control = LoadControl()
    let reactor = try startLoad(plan, queue, control)
    var progress = ProgressLine()
    watch(reactor, control, verifier, &progress)
    server?.stop()
    drain(control, verifier, isExported: server != nil, &progress)
    progress.end()
    let wasInterrupted = Interruption.times > 0
    collector.stop()
    queue.finish()
    guard var judged = verifier.join() else {
      complain("error: the verifier ended without a verdict; this is a defect of Spanstorm")
      throw ExitStatus.defect.code
    }
    let counts = collector.counts
    let verdict = judged.finish(droppedDeliveries: queue.dropped, collector: counts)
    return Report(
      run: RunDescription(
        scenario: scenario.name, target: plan.target.description, seed: plan.seed, version: spanstormVersion,
        wasInterrupted: wasInterrupted, connections: scenario.load.connections,
        offersCompression: scenario.target.compression != nil,
        seconds: Double(Instant.now - start) / Double(nanosecondsPerSecond), residentBytes: linux_resident_bytes(0)),
      verdict: verdict, collector: counts, droppedDeliveries: queue.dropped)
  }

  private func startCollector(_ queue: ObservationQueue, usesAnyPort: Bool) throws -> Collector {
    var configuration = Collector.Configuration()
    configuration.port = scenario.collector.httpPort ?? (usesAnyPort ? 0 : 4318)
    configuration.answerDelay = scenario.collector.answerDelay
    do {
      return try Collector.start(configuration) { queue.push(.spans($0)) }
    } catch {
      complain("error: \(error); is another collector there? '--collector-port 0' takes any free port")
      throw ExitStatus.usage.code
    }
  }

  private func startReference(_ faults: [Fault], _ exportQueue: Int?, _ collector: Collector) throws -> ReferenceProcess
  {
    do {
      return try ReferenceProcess(
        otlpPort: collector.port, faults: faults, exportQueue: exportQueue, target: scenario.target)
    } catch {
      complain("error: \(error)")
      throw ExitStatus.defect.code
    }
  }

  private func startLoad(_ plan: Plan, _ queue: ObservationQueue, _ control: LoadControl) throws -> LoadThread {
    do {
      let address = try SocketAddress(host: plan.target.host, port: plan.target.port)
      return try LoadThread(plan: plan, address: address, queue: queue, control: control)
    } catch let fault as ResolutionFault {
      complain("error: \(fault)")
      throw ExitStatus.unreachable.code
    } catch {
      complain("error: \(error)")
      throw ExitStatus.defect.code
    }
  }

  /// Until the load is over; the first interruption ends it early, the second at once.
  private func watch(
    _ load: LoadThread, _ control: LoadControl, _ verifier: VerifierThread, _ progress: inout ProgressLine
  ) {
    while !load.isOver(waitingMilliseconds: 50) {
      if Interruption.times > 0 { control.stop() }
      if Interruption.times > 1 { return }
      let state = control.progress
      progress.show(Self.words(state.stage), state, verifier.progress)
    }
  }

  /// Waits for the spans that are still under way: until the target's exporter was quiet for the settle time, also
  /// where every trace is complete: what leaked into one comes last. A signal that comes meanwhile ends the wait.
  ///
  /// - Parameter isExported: the target has ended and flushed, so nothing more will come.
  private func drain(
    _ control: LoadControl, _ verifier: VerifierThread, isExported: Bool, _ progress: inout ProgressLine
  ) {
    let settle = scenario.collector.settle.clampedNanoseconds
    let begin = Instant.now
    let interruptions = Interruption.times
    let tracesAreExpected = scenario.messages.contains { !$0.spans.isEmpty }
    guard !isExported, tracesAreExpected, control.progress.opened > 0 else { return }
    while Interruption.times == interruptions, Interruption.times < 2 {
      let state = verifier.progress
      let now = Instant.now
      let quietSince = max(state.lastSpans ?? begin, begin)
      if now - quietSince >= settle || now - begin >= settle * 4 { return }
      progress.show("settling", control.progress, state)
      usleep(50_000)
    }
  }

  private static func words(_ stage: LoadControl.Stage) -> String {
    switch stage {
    case .connecting: "connecting"
    case .loading: "loading"
    case .draining: "draining"
    case .closing: "closing"
    case .over: "over"
    }
  }
}

/// Runs a load reactor on a thread of its own.
final class LoadThread {
  private let finished = DispatchSemaphore(value: 0)
  private var isDone = false

  init(plan: Plan, address: SocketAddress, queue: ObservationQueue, control: LoadControl) throws {
    // Made here, so that what cannot be run is told to the caller; used by its own thread only from then on.
    nonisolated(unsafe) let reactor = try LoadReactor(plan: plan, address: address, queue: queue, control: control)
    let finished = self.finished
    let thread = Thread {
      linux_set_timer_slack(1)
      reactor.run()
      finished.signal()
    }
    thread.name = "load"
    thread.stackSize = 8 << 20
    thread.start()
  }

  func isOver(waitingMilliseconds milliseconds: Int) -> Bool {
    if !isDone { isDone = finished.wait(timeout: .now() + .milliseconds(milliseconds)) == .success }
    return isDone
  }
}
