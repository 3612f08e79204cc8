import Observations
import Planning
import Scenarios
import Testing
import Timing
import TraceContext
import WebSocketProtocol

@testable import LoadEngine

@Suite("A load")
struct LoadModelTests {
  private func echoServer() throws -> ScriptedServer {
    try ScriptedServer { peer in
      try peer.upgrade()
      try peer.answer { message, _ in try peer.send(FrameEncoding.frame(.text, message, maskKey: nil)) }
    }
  }

  @Test(
    "of the open model sends what the plan says, when it says",
    arguments: [
      ("constant", "{ name: a, for: 300ms, rate: 500/s }"),
      ("poisson", "{ name: a, for: 300ms, rate: 500/s, arrivals: poisson }"),
      ("two phases", "{ name: a, for: 100ms, rate: 100/s, warm-up: true }, { name: b, for: 200ms, rate: 400/s }"),
    ])
  func openModel(_ label: String, phases: String) throws {
    let server = try echoServer()
    let run = try LoadRun(port: server.port, connections: 4, phases: phases)
    let observations = try #require(run.observations())
    var schedule = ArrivalSchedule(phases: run.plan.scenario.load.phases, seed: run.plan.seed)
    var planned: [ArrivalSchedule.Arrival] = []
    while let arrival = schedule.next() { planned.append(arrival) }
    #expect(observations.sent.count == planned.count)
    #expect(observations.sent.map(\.message.sequence) == Array(0..<UInt32(planned.count)))
    let start = try #require(observations.sent.first).due.nanoseconds - planned[0].dueNanoseconds
    #expect(observations.sent.map { $0.due.nanoseconds - start } == planned.map(\.dueNanoseconds))
    #expect(observations.sent.map { Int($0.phase) } == planned.map(\.phase))
    #expect(observations.sent.allSatisfy { $0.at >= $0.due })
    #expect(observations.echoed.count == planned.count)
    #expect(observations.opened == 4)
    #expect(observations.dropped == 0)
    // Round robin.
    #expect(Set(observations.sent.prefix(4).map(\.connection)).count == 4)
  }

  @Test("of the closed model has one message in flight for each user")
  func closedModel() throws {
    let server = try echoServer()
    let run = try LoadRun(port: server.port, connections: 5, phases: "{ name: a, for: 300ms, think-time: 10ms }")
    let observations = try #require(run.observations())
    #expect(observations.sent.count > 5)
    var inFlight: [UInt32: MessageIdentity] = [:]
    var freeSince: [UInt32: Int64] = [:]
    for observation in observations {
      switch observation {
      case .sent(let sent):
        #expect(inFlight[sent.connection] == nil)
        inFlight[sent.connection] = sent.message
        if let free = freeSince[sent.connection] { #expect(sent.due.nanoseconds - free >= 10_000_000) }
      case .echoed(let echoed):
        #expect(inFlight[echoed.connection] == echoed.message)
        inFlight[echoed.connection] = nil
        freeSince[echoed.connection] = echoed.at.nanoseconds
      case .opened, .closed, .failed, .adopted, .dropped, .foreignEcho, .unreadable, .stalled, .compressed, .ponged,
        .resolved:
        break
      }
    }
    #expect(Set(observations.sent.map(\.connection)).count == 5)
  }

  @Test("of the closed model gives an echo up after its time and goes on")
  func givingUp() throws {
    let server = try ScriptedServer { peer in
      try peer.upgrade()
      try peer.answer { _, _ in }
    }
    let run = try LoadRun(
      port: server.port, connections: 1, phases: "{ name: a, for: 500ms, think-time: 10ms }", within: "50ms")
    let sent = try #require(run.observations()).sent
    #expect(sent.count > 1)
    for (one, next) in zip(sent, sent.dropFirst()) { #expect(next.due - one.at >= 60_000_000) }
  }

  @Test(
    "ends early when it is stopped, and hands everything over",
    arguments: [
      ("open", "{ name: a, for: 600s, rate: 200/s }"), ("closed", "{ name: a, for: 600s, think-time: 5ms }"),
      ("faster than can be", "{ name: a, for: 600s, rate: 100000000/s }"),
    ])
  func stopping(_ label: String, phases: String) throws {
    let server = try echoServer()
    let run = try LoadRun(port: server.port, phases: phases, within: "100ms")
    #expect(run.waitFor { $0.sent > 10 })
    run.control.stop()
    let observations = try #require(run.observations())
    #expect(observations.sent.count == run.control.progress.sent)
    #expect(observations.closed.count == 2)
    #expect(run.control.progress.stage == .over)
  }

  @Test("that is stopped while it connects ends every handshake")
  func stoppingConnects() throws {
    let server = try ScriptedServer { peer in
      _ = try peer.request()
      _ = try peer.next()
    }
    let run = try LoadRun(port: server.port, connections: 20)
    #expect(run.waitFor { $0.stage == .connecting })
    run.control.stop()
    let observations = try #require(run.observations())
    #expect(observations.failures.allSatisfy { $0 == .abandoned })
    #expect(observations.count == observations.failures.count)
  }

  @Test("tells of each message how many members its group had")
  func members() throws {
    let server = try echoServer()
    let observations = try #require(try LoadRun(port: server.port, connections: 3).observations())
    #expect(observations.sent.allSatisfy { $0.members == 1 })
  }
}
