import Foundation
import LoadEngine
import Observations
import Planning
import Reactor
import Scenarios
import Synchronization
import Timing
import TransportSecurity

/// A load against a port, on a thread of its own, and what was observed of it.
final class LoadRun {
  let plan: Plan
  let control = LoadControl()
  private let queue = ObservationQueue(capacity: .max)
  private let finished = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - host: what the URL names.
  ///   - proxyPort: a proxy of this machine that connections go through.
  ///   - trace: what messages carry.
  ///   - upgrade: what upgrades carry; nil for nothing.
  init(
    port: UInt16, connections: Int = 2, phases: String = "{ name: steady, for: 200ms, rate: 100/s }",
    within: String = "2s", filler: Int = 0, size: String? = nil, target: String = "", tls: TLSConfiguration? = nil,
    host: String = "127.0.0.1", proxyPort: UInt16? = nil, trace: String = "fresh", upgrade: String? = nil,
    _ change: (inout TimeLimits) -> Void = { _ in }
  ) throws {
    let yaml = """
      name: made-up
      target: { url: "\(tls == nil ? "ws" : "wss")://\(host):\(port)/"\(target) }
      \(upgrade.map { "upgrade: \($0)" } ?? "")
      load:
        connections: \(connections)
        connect-rate: 10000/s
        phases: [\(phases)]
      messages:
        ping:
          body: { type: ping, id: "{{ message.id }}", filler: "\(String(repeating: "x", count: filler))" }
          trace: \(trace)\(size.map { "\n    size: \($0)" } ?? "")
          echo:
            match: { type: ping, id: "{{ message.id }}" }
            within: \(within)
            trace-context: unchanged
      """
    var scenario = try Scenario(yaml: yaml, file: "made-up.yaml")
    if let tls { scenario.target.tls = tls }
    if let proxyPort { scenario.target.proxy = try ProxyURL("http://user:s3cr3t@127.0.0.1:\(proxyPort)") }
    scenario.target.timeLimits.close = .milliseconds(500)
    change(&scenario.target.timeLimits)
    plan = try Plan(scenario: scenario, seed: 5)
    let settings = LoadReactor.Settings(addresses: [try SocketAddress(host: "127.0.0.1", port: proxyPort ?? port)])
    // Made here so that a fault is thrown; used by its own thread only from then on.
    nonisolated(unsafe) let reactor = try LoadReactor(
      plan: plan, settings: settings, sink: queue, control: control)
    let finished = self.finished
    let thread = Thread {
      reactor.run()
      finished.signal()
    }
    thread.start()
  }

  /// Waits for the end, at most a minute, and returns what was observed; nil where the load did not end.
  func observations() -> [Observation]? {
    guard finished.wait(timeout: .now() + 60) == .success else { return nil }
    queue.finish()
    return (queue.takeAll(waitingAtMostMilliseconds: 0) ?? []).flatMap { delivery -> [Observation] in
      if case .facts(let batch) = delivery { batch.observations } else { [] }
    }
  }

  /// Waits until the progress is as wanted, at most half a minute.
  func waitFor(_ condition: (LoadControl.Progress) -> Bool) -> Bool {
    let deadline = Instant.now.advanced(byNanoseconds: 30 * nanosecondsPerSecond)
    while !condition(control.progress) {
      guard Instant.now < deadline else { return false }
      usleep(1000)
    }
    return true
  }
}

extension [Observation] {
  var securities: [ConnectionSecurity] {
    compactMap { if case .opened(let opened) = $0 { opened.security } else { nil } }
  }
  var stages: [StageTimes] { compactMap { if case .opened(let opened) = $0 { opened.stages } else { nil } } }
  var opened: Int { count { if case .opened = $0 { true } else { false } } }
  var sent: [Observation.Sent] { compactMap { if case .sent(let sent) = $0 { sent } else { nil } } }
  var echoed: [Observation.Echoed] { compactMap { if case .echoed(let echoed) = $0 { echoed } else { nil } } }
  var dropped: Int { count { if case .dropped = $0 { true } else { false } } }
  var failures: [ConnectionFailure] { compactMap { if case .failed(let failed) = $0 { failed.reason } else { nil } } }
  var unreadable: [UnreadableReason] {
    compactMap { if case .unreadable(let unreadable) = $0 { unreadable.reason } else { nil } }
  }
  var compressed: [Observation.Compressed] {
    compactMap { if case .compressed(let compressed) = $0 { compressed } else { nil } }
  }
  var closed: [Observation.Closed] { compactMap { if case .closed(let closed) = $0 { closed } else { nil } } }
}
