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
import TraceContext
import Verification

/// One run: the collector, the load, the verifier, in that order; then the drain, and the report.
struct RunSession {
  let scenario: Scenario
  let file: ScenarioFile
  let load: LoadOptions
  /// What the scenario is changed by, for other processes to do the same.
  let changes: LoadChanges
  let engine: EngineOptions
  let collectorOptions: CollectorOptions

  /// - Parameter reference: starts the reference server, which does this wrong, and tests that.
  /// - Returns: what was seen, and what of this tool failed meanwhile, in a sentence each.
  /// - Throws: an exit status; everything that can be told has been.
  func run(reference: (faults: FaultOptions, exportQueue: Int?)?) throws -> (report: Report, defects: [String]) {
    Interruption.watch()
    // The reference server will be somewhere on this machine.
    let (spread, checked) = try check(target: reference == nil ? load.target : "ws://127.0.0.1:1")
    let start = Instant.now
    // The identities are those of a plan, which needs a target first; what is watched does not depend on them.
    let spanWatch = Verifier(scenario, identities: IdentityPermutation(seed: 0)).watch
    let queue = ObservationQueue(spanCapacity: spanCapacity(spanWatch))
    let collector = try startCollector(queue, spanWatch, isForReference: reference != nil)
    defer { collector.stop() }
    let server = try reference.map { try startReference($0.faults, $0.exportQueue, collector) }
    defer { server?.stop() }
    let target = server?.origin ?? load.target
    let plan = try file.plan(scenario, seed: load.seed, target: target)
    let grpc = collector.grpcPort.map { " and \($0)" } ?? ""
    complain(
      "seed \(plan.seed), collector on \(collectorOptions.host):\(collector.port)\(grpc) (OTLP by HTTP and gRPC)")

    let verifier = VerifierThread(
      Verifier(scenario, identities: plan.identities), queue: queue,
      delay: spread.workers == nil ? .zero : WorkerPool.longestSilence)
    let route = reference == nil ? checked : try self.route(of: plan)
    queue.push(ObservationBatch(observations: route.lookups.map { .resolved($0) }))
    let running = try startLoad(plan, target, spread, route, queue)
    var progress = ProgressLine()
    watch(running, verifier, &progress)
    let heardUntil = Instant.now
    let injected = server?.stop() ?? [:]
    drain(running.control, verifier, isExported: server != nil, &progress)
    progress.end()
    let wasInterrupted = Interruption.times > 0
    collector.stop()
    queue.finish()
    guard var judged = verifier.join() else {
      complain("error: the verifier ended without a verdict; this is a defect of Spanstorm")
      throw ExitStatus.defect.code
    }
    let books = collector.books
    let dropped = queue.dropped + running.dropped
    let verdict = judged.finish(
      droppedDeliveries: dropped, collector: books, clocks: (wall: WallClock.nanoseconds, at: .now),
      heardUntil: Interruption.times > 1 ? heardUntil : nil)
    let report = Report(
      run: RunDescription(
        scenario: scenario.name, target: plan.target.description, seed: plan.seed, version: spanstormVersion,
        wasInterrupted: wasInterrupted, connections: scenario.load.connections,
        offersCompression: scenario.target.compression != nil,
        seconds: Double(Instant.now - start) / Double(nanosecondsPerSecond), residentBytes: linux_resident_bytes(0),
        start: start, addresses: route.addresses.map(\.description), injected: injected,
        verifierBusy: Double(verifier.effort.busy) / Double(max(Instant.now - start, 1)),
        mostWaiting: verifier.effort.mostWaiting),
      verdict: verdict, collector: books, droppedDeliveries: dropped)
    return (report, running.faults)
  }

  /// Spans that may wait for the verifier: with a detail, one takes the memory of several.
  private func spanCapacity(_ watch: SpanWatch) -> Int {
    let limit = scenario.collector.waitingSpanLimit
    guard !watch.isEmpty else { return limit }
    let bytes = MemoryLayout<SpanObservation>.stride
    return limit / (bytes + MemoryLayout<SpanDetail>.stride) * bytes
  }

  private func startCollector(
    _ queue: ObservationQueue, _ watch: SpanWatch, isForReference: Bool
  ) throws -> Collector {
    let configuration = collectorOptions.configuration(
      scenario.collector, watch: watch, isForReference: isForReference)
    do {
      return try Collector.start(configuration) { queue.offer($0) }
    } catch {
      complain("error: \(error); is another collector there? '--collector-port 0' takes any free port")
      throw ExitStatus.usage.code
    }
  }

  private func startReference(_ faults: FaultOptions, _ exportQueue: Int?, _ collector: Collector) throws
    -> ReferenceProcess
  {
    do {
      return try ReferenceProcess(
        otlpPort: collector.port, faults: faults, exportQueue: exportQueue, target: scenario.target)
    } catch {
      complain("error: \(error)")
      throw ExitStatus.defect.code
    }
  }

  private func startLoad(
    _ plan: Plan, _ target: String?, _ spread: Spread, _ route: Route, _ queue: ObservationQueue
  ) throws -> any RunningLoad {
    do {
      return try start(plan, target, spread, route, queue)
    } catch {
      complain("error: \(error)")
      throw ExitStatus.defect.code
    }
  }

  /// Tells what this machine lacks, before anything is opened; where that would falsify the run, only force runs it.
  private func check(target: String?) throws -> (spread: Spread, route: Route) {
    let route = try route(of: try file.plan(scenario, seed: 0, target: target))
    let limits = MachineLimits.read()
    let connections = scenario.load.connections
    let groupSize = scenario.group?.size ?? 1
    let spread = Spread(engine, connections: connections, groupSize: groupSize, limits: limits)
    let shortfalls = limits.shortfalls(
      for: spread.needs(connections: connections, groupSize: groupSize, route: route, spins: engine.spin))
    for shortfall in shortfalls { complain(shortfall.line) }
    if shortfalls.contains(where: { $0.weight == .forbids }), !engine.force {
      complain("error: the run would be wrong; --force runs it nevertheless")
      throw ExitStatus.usage.code
    }
    return (spread, route)
  }

  private func route(of plan: Plan) throws -> Route {
    do throws(ResolutionFault) {
      return try Route(plan)
    } catch {
      complain("error: \(error)")
      throw ExitStatus.unreachable.code
    }
  }

  private func start(
    _ plan: Plan, _ target: String?, _ spread: Spread, _ route: Route, _ queue: ObservationQueue
  ) throws -> any RunningLoad {
    guard let workers = spread.workers else {
      let shares = Share.whole.split(into: spread.threads)
      let settings = shares.enumerated().map { part, share in
        var settings = LoadReactor.Settings(addresses: route.addresses)
        settings.sources = route.sources
        settings.share = share
        settings.part = part
        settings.spins = engine.spin
        return settings
      }
      return try LoadThreads(
        plan: plan, settings: settings, processors: spread.processors(ofWorker: 0, isPinned: engine.pin), sink: queue,
        control: LoadControl(parts: settings.count))
    }
    complain("\(workers) worker processes of \(spread.threads) threads share the load")
    let jobs = Share.whole.split(into: workers).map { share in
      WorkerJob(
        yaml: file.text, path: file.path, changes: changes, seed: plan.seed, target: target,
        shareIndex: share.index, shareCount: share.count, threads: spread.threads,
        processors: spread.processors(ofWorker: share.index, isPinned: engine.pin), spins: engine.spin,
        addresses: route.addresses.map(\.description), sources: route.sources.map(\.host))
    }
    return try WorkerPool(jobs: jobs, queue: queue)
  }

  /// Until the load is over; the first interruption ends it early, the second at once.
  private func watch(_ load: any RunningLoad, _ verifier: VerifierThread, _ progress: inout ProgressLine) {
    while !load.isOver(waitingMilliseconds: 50) {
      if Interruption.times > 0 { load.control.stop() }
      if Interruption.times > 1 { return }
      let state = load.control.progress
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
    let tracesAreExpected =
      scenario.messages.contains { !$0.spans.isEmpty } || scenario.upgrade.map { !$0.spans.isEmpty } ?? false
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
    case .ready: "ready"
    case .loading: "loading"
    case .draining: "draining"
    case .closing: "closing"
    case .over: "over"
    }
  }
}
