import ArgumentParser
import CLinux
import Foundation
import LoadEngine
import Observations
import Planning
import Reactor
import Scenarios
import Synchronization
import Timing

/// One run of the engine in a process of its own, against a server that is there; prints `key=value` pairs.
struct ClientRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "client", abstract: "One run of the engine; prints its figures as key=value.", shouldDisplay: false)

  @Option var port: UInt16
  @Option var connections: Int
  @Option var seconds: Double = 3
  @Option var warmUp: Double = 0.7
  /// Open model; closed without a time to think where it is missing.
  @Option var rate: String?
  @Option var processor = 0
  @Flag var spin = false
  @Flag var tls = false
  /// Opens the connections, says what they cost, and ends.
  @Flag var idle = false

  func run() throws {
    _ = linux_pin_thread(Int32(processor))
    let openFiles = linux_raise_open_files()
    guard connections + 32 <= Int(openFiles) else {
      throw BenchmarkFault(description: "\(connections) connections, but at most \(openFiles) open files")
    }
    linux_set_timer_slack(1)
    let plan = try Plan(scenario: Scenario(yaml: yaml, file: "benchmark.yaml"), seed: 1)
    var settings = LoadReactor.Settings(addresses: [try SocketAddress(host: "127.0.0.1", port: port)])
    settings.spins = spin
    for block in 0...(connections / LoadReactor.connectionsPerSource) {
      settings.sources.append(try SocketAddress(host: "127.0.0.\(2 + block)", port: 0))
    }
    let control = LoadControl()
    let sink = MeasuringSink(
      warmUp: Int64(warmUp * 1e9), length: Int64(seconds * 1e9), control: control, endsWhenOpen: idle,
      measuresLag: rate != nil)
    let resident = linux_resident_bytes(0)
    let reactor = try LoadReactor(plan: plan, settings: settings, sink: sink, control: control)
    sink.begin(residentBytes: resident)
    reactor.run()
    print(sink.figures(connections: connections))
  }

  private var yaml: String {
    let length = Int((seconds + warmUp).rounded(.up)) + 2
    let pace = rate.map { "rate: \($0)/s" } ?? (idle ? "think-time: 1h" : "think-time: 0s")
    return """
      name: benchmark
      target: { url: "\(tls ? "wss" : "ws")://127.0.0.1:\(port)/ws"\(tls ? ", tls: { verify: false }" : "") }
      load:
        connections: \(connections)
        connect-rate: 1000000/s
        phases: [{ for: \(length)s, \(pace) }]
      messages:
        echo:
          body: { type: echo, seq: "{{ message.id }}", data: "\(String(repeating: "abcdefgh", count: 9))" }
          trace: fresh
          echo:
            match: { type: echo, seq: "{{ message.id }}" }
            within: 10s
            trace-context: unchanged
      """
  }
}

/// Takes a reactor's observations, as a verifier's queue would, and reads the clocks of its thread now and then.
final class MeasuringSink: ObservationSink {
  private struct State {
    var begun = Instant.now
    var residentAtStart: Int64 = 0
    var opened = 0
    var openedAt: Instant?
    var lastOpened: Instant?
    var openedCPU = (user: 0.0, system: 0.0)
    var residentWhenOpen: Int64 = 0
    var observations = 0
    var start: Instant?
    var startCPU = (user: 0.0, system: 0.0)
    var startObservations = 0
    var end: Instant?
    var endCPU = (user: 0.0, system: 0.0)
    var endObservations = 0
    var sendLag = LatencyHistogram()
    var total = 0
  }

  private let state = Mutex(State())
  private let queue = ObservationQueue()
  private let warmUp: Int64
  private let length: Int64
  private let control: LoadControl
  private let endsWhenOpen: Bool
  /// Whether each message's send lag is looked at, which costs the reactor's thread some time.
  private let measuresLag: Bool

  init(warmUp: Int64, length: Int64, control: LoadControl, endsWhenOpen: Bool, measuresLag: Bool) {
    self.warmUp = warmUp
    self.length = length
    self.control = control
    self.endsWhenOpen = endsWhenOpen
    self.measuresLag = measuresLag
    let queue = self.queue
    Thread.detachNewThread { while queue.takeAll(waitingAtMostMilliseconds: 50) != nil {} }
  }

  func begin(residentBytes: Int64) {
    state.withLock {
      $0.begun = .now
      $0.residentAtStart = residentBytes
    }
  }

  func push(_ batch: ObservationBatch) {
    let stage = control.progress.stage
    state.withLock { state in
      let now = Instant.now
      state.total += batch.count
      if endsWhenOpen {
        for index in 0..<batch.count {
          if case .opened(let opened) = batch[index] { state.lastOpened = opened.at }
        }
      }
      guard stage == .loading else { return }
      if state.openedAt == nil {
        state.openedAt = now
        state.residentWhenOpen = linux_resident_bytes(0)
        state.openedCPU = Self.cpu()
        if endsWhenOpen { control.stop() }
      }
      state.observations += batch.count
      guard let openedAt = state.openedAt else { return }
      if state.start == nil, now - openedAt >= warmUp {
        (state.start, state.startCPU, state.startObservations) = (now, Self.cpu(), state.observations)
      } else if let start = state.start, state.end == nil {
        if measuresLag {
          for index in 0..<batch.count {
            if case .sent(let sent) = batch[index] { state.sendLag.record(nanoseconds: sent.at - sent.due) }
          }
        }
        guard now - start >= length else { return }
        (state.end, state.endCPU, state.endObservations) = (now, Self.cpu(), state.observations)
        control.stop()
      }
    }
    queue.push(batch)
  }

  private static func cpu() -> (user: Double, system: Double) {
    var user: Int64 = 0
    var system: Int64 = 0
    linux_thread_cpu(&user, &system)
    return (Double(user) / 1000, Double(system) / 1000)
  }

  func figures(connections: Int) -> String {
    queue.finish()
    return state.withLock { state in
      let roundTrips = Double(state.endObservations - state.startObservations) / 2
      let seconds = state.start.flatMap { start in state.end.map { Double($0 - start) / 1e9 } } ?? .nan
      let (user, system) = (state.endCPU.user - state.startCPU.user, state.endCPU.system - state.startCPU.system)
      let opening = state.lastOpened.map { Double($0 - state.begun) / 1e9 } ?? .nan
      let openCPU = (state.openedCPU.user + state.openedCPU.system) / Double(connections)
      let bytes = Double(state.residentWhenOpen - state.residentAtStart) / Double(connections)
      func microseconds(_ percentile: Double) -> Double {
        Double(state.sendLag.nanoseconds(atPercentile: percentile)) / 1000
      }
      return "engine=spanstorm n=\(connections) rps=\(roundTrips / seconds) cpu_us=\((user + system) / roundTrips)"
        + " user_us=\(user / roundTrips) sys_us=\(system / roundTrips) hs_per_s=\(Double(connections) / opening)"
        + " hs_cpu_us=\(openCPU) bytes_per_connection=\(bytes) base_mib=\(Double(state.residentAtStart) / 1048576)"
        + " observations=\(state.total) lag_p50_us=\(microseconds(50)) lag_p99_us=\(microseconds(99))"
        + " lag_p999_us=\(microseconds(99.9))"
    }
  }
}
