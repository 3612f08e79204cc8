import Observations
import Testing
import WebSocketProtocol

@testable import LoadEngine

@Suite("A large message")
struct LargeMessageTests {
  /// The kernel takes some MiB of it at once, so that the rest is more than may else wait on a connection.
  @Test("may wait for a slow server, whose ping is answered meanwhile")
  func pingWhileItWaits() throws {
    let server = try ScriptedServer { peer in
      try peer.upgrade()
      peer.waitForBytes()
      try peer.send(FrameEncoding.frame(.ping, [1], maskKey: nil))
      var hasPong = false
      while true {
        let (event, payload) = try peer.next()
        switch event {
        case .message(.text, _):
          // An echo comes of a pong only.
          while !hasPong { if case .pong = try peer.next().event { hasPong = true } }
          try peer.send(FrameEncoding.frame(.text, payload, maskKey: nil))
        case .pong: hasPong = true
        case .close(let code, _):
          try peer.send(FrameEncoding.close(code, maskKey: nil))
          return
        case .message(.binary, _), .assembled, .ping: break
        }
      }
    }
    let run = try LoadRun(
      port: server.port, connections: 1, phases: "{ name: one, for: 200ms, rate: 5/s }", within: "20s", size: "16MiB")
    let observations = try #require(run.observations())
    #expect(observations.sent.count == 1)
    #expect(observations.echoed.map(\.message) == observations.sent.map(\.message))
    #expect(observations.closed.map(\.cause) == [.ours])
  }
}
