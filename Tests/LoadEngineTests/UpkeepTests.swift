import Foundation
import Observations
import Scenarios
import Synchronization
import Testing
import Timing
import WebSocketProtocol

@testable import LoadEngine

/// What happens to connections besides messages.
@Suite("A load's connections")
struct UpkeepTests {
  /// Echoes text; what it does to each connection first is told its number, from 0.
  private func echoServer(_ first: @escaping @Sendable (Peer, Int) throws -> Bool) throws -> ScriptedServer {
    let count = Mutex(0)
    return try ScriptedServer { peer in
      let number = count.withLock {
        $0 += 1
        return $0 - 1
      }
      guard try first(peer, number) else { return }
      try peer.upgrade()
      try peer.answer { message, _ in try peer.send(FrameEncoding.frame(.text, message, maskKey: nil)) }
    }
  }

  @Test(
    "are opened again where the scenario says so, and carry messages then",
    arguments: [("open model", "rate: 200/s"), ("closed model", "think-time: 5ms")])
  func reconnecting(_ label: String, pace: String) throws {
    let server = try echoServer { peer, number in
      guard number < 2 else { return true }
      try peer.upgrade()
      // The first message is not answered.
      _ = try peer.next()
      peer.reset()
      return false
    }
    let run = try LoadRun(
      port: server.port, connections: 2, phases: "{ name: a, for: 600ms, \(pace) }", within: "50ms",
      target: ", reconnect: { backoff: 1ms..5ms }")
    let observations = try #require(run.observations())
    #expect(observations.opened == 4)
    let lost = observations.closed.filter { $0.cause != .ours }
    #expect(Set(lost.map(\.connection)) == [0, 1])
    for connection in lost {
      let echoes = observations.echoed.filter { $0.connection == connection.connection && $0.at > connection.at }
      #expect(!echoes.isEmpty, "connection \(connection.connection)")
    }
    #expect(run.control.progress.stage == .over)
  }

  @Test("that a server drops as soon as they are open do not keep a load from beginning and ending")
  func droppedAtOnce() throws {
    let server = try echoServer { peer, _ in
      try peer.upgrade()
      return false
    }
    let run = try LoadRun(
      port: server.port, connections: 3, phases: "{ name: a, for: 200ms, rate: 50/s }",
      target: ", reconnect: { backoff: 1ms..2ms }")
    let observations = try #require(run.observations())
    #expect(observations.opened > 3)
    #expect(run.control.progress.stage == .over)
    let due = observations.sent.count + observations.dropped
    #expect(due == 10)
  }

  @Test("that come back after the load has begun send in the closed model, too")
  func lostBeforeTheLoad() throws {
    let server = try echoServer { peer, number in
      // The first is lost at once, and the last opens only when it is.
      if number == 0 {
        try peer.upgrade()
        return false
      }
      return true
    }
    let run = try LoadRun(
      port: server.port, connections: 2, phases: "{ name: a, for: 500ms, think-time: 20ms }", within: "50ms",
      target: ", reconnect: { backoff: 20ms..40ms }")
    let observations = try #require(run.observations())
    let senders = Set(observations.sent.map(\.connection))
    #expect(senders == [0, 1])
    let last = try #require(observations.sent.map(\.at).max())
    for connection in senders {
      let own = try #require(observations.sent.last { $0.connection == connection })
      #expect(last - own.at < 250_000_000, "connection \(connection) went on to the end")
    }
  }

  @Test("that cannot be opened are tried as often as the scenario says, each try told")
  func attempts() throws {
    let reserved = try ReservedPort()
    let run = try LoadRun(
      port: reserved.port, connections: 3, target: ", reconnect: { backoff: 1ms..4ms, attempts: 4 }")
    let observations = try #require(run.observations())
    #expect(observations.failures.count == 3 * 5)
    #expect(Set(observations.failures) == [.system(ECONNREFUSED)])
  }

  @Test("that open at a later try carry the load")
  func lateOpening() throws {
    let server = try echoServer { peer, number in
      guard number < 3 else { return true }
      _ = try peer.request()
      try peer.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
      return false
    }
    let run = try LoadRun(port: server.port, connections: 1, target: ", reconnect: { backoff: 1ms..4ms, attempts: 4 }")
    let observations = try #require(run.observations())
    #expect(observations.failures == Array(repeating: .refusedUpgrade(status: 503), count: 3))
    #expect(observations.opened == 1)
    #expect(observations.dropped == 0)
    #expect(observations.echoed.count == observations.sent.count)
  }

  @Test("wait a random part of a bound that doubles up to the longest")
  func bounds() {
    let rule = Reconnect(shortest: .milliseconds(100), longest: .seconds(10), attempts: 100)
    #expect(
      (0..<9).map { rule.bound(afterAttempts: $0) / 1_000_000 } == [
        100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000,
      ])
    #expect(rule.bound(afterAttempts: 1000) == 10_000_000_000)
    #expect(Reconnect(shortest: .zero, longest: .zero, attempts: 1).bound(afterAttempts: 0) == 1)
  }

  @Test("are pinged in turn, and only the pong that answers is timed")
  func pings() throws {
    let server = try ScriptedServer { peer in
      try peer.upgrade()
      while true {
        let (event, payload) = try peer.next()
        switch event {
        case .message(.text, _): try peer.send(FrameEncoding.frame(.text, payload, maskKey: nil))
        case .ping:
          // One that nobody asked for, the answer, and the answer again.
          try peer.send(FrameEncoding.frame(.pong, [1, 2, 3], maskKey: nil))
          try peer.send(FrameEncoding.frame(.pong, payload, maskKey: nil))
          try peer.send(FrameEncoding.frame(.pong, payload, maskKey: nil))
        case .close(let code, _):
          try peer.send(FrameEncoding.close(code, maskKey: nil))
          return
        case .message(.binary, _), .assembled, .pong: break
        }
      }
    }
    let run = try LoadRun(
      port: server.port, connections: 4, phases: "{ name: a, for: 400ms, rate: 50/s }", target: ", ping: 100ms")
    let observations = try #require(run.observations())
    let pongs = observations.compactMap { if case .ponged(let ponged) = $0 { ponged } else { nil } }
    let counts = (0..<UInt32(4)).map { connection in pongs.count { $0.connection == connection } }
    #expect(counts.allSatisfy { (2...8).contains($0) }, "\(counts)")
    #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    #expect(pongs.allSatisfy { (0..<1_000_000_000).contains($0.roundTripNanoseconds) })
    #expect(observations.echoed.count == observations.sent.count)
    #expect(observations.unreadable.isEmpty)
  }

  @Test("whose pong comes later than the next ping is due are timed all the same")
  func slowPongs() throws {
    let server = try ScriptedServer { peer in
      try peer.upgrade()
      var waiting: [UInt8]?
      var messages = 0
      while true {
        let (event, payload) = try peer.next()
        switch event {
        case .message(.text, _):
          try peer.send(FrameEncoding.frame(.text, payload, maskKey: nil))
          messages += 1
          // Messages come every 20 ms: a ping is answered after ten of them.
          if messages % 10 == 0, let answer = waiting {
            try peer.send(FrameEncoding.frame(.pong, answer, maskKey: nil))
            waiting = nil
          }
        case .ping: waiting = waiting ?? payload
        case .close(let code, _):
          try peer.send(FrameEncoding.close(code, maskKey: nil))
          return
        case .message(.binary, _), .assembled, .pong: break
        }
      }
    }
    let run = try LoadRun(
      port: server.port, connections: 1, phases: "{ name: a, for: 900ms, rate: 50/s }", target: ", ping: 30ms")
    let observations = try #require(run.observations())
    let times = observations.compactMap {
      if case .ponged(let ponged) = $0 { ponged.roundTripNanoseconds } else { nil }
    }
    #expect(times.count >= 2)
    #expect(times.contains { $0 > 60_000_000 }, "\(times)")
  }

  @Test("that are read slowly lose nothing, and make a server wait")
  func slowReading() throws {
    let server = try echoServer { _, _ in true }
    let run = try LoadRun(
      port: server.port, connections: 1, phases: "{ name: a, for: 100ms, rate: 100/s }", within: "10s", filler: 900,
      target: ", slow-reading: { bytes: 500B, every: 10ms }")
    let observations = try #require(run.observations())
    #expect(observations.sent.count == 10)
    #expect(observations.echoed.map(\.message) == observations.sent.map(\.message))
    // 10 messages of over 1,000 bytes at 50,000 bytes a second.
    let first = try #require(observations.echoed.first)
    let last = try #require(observations.echoed.last)
    #expect(last.at - first.at > 150_000_000)
  }
}
