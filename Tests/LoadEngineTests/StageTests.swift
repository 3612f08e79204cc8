import Foundation
import LoadEngine
import Observations
import Scenarios
import Testing
import WebSocketProtocol

/// What a connection goes through before it is a session, and after.
@Suite("A connection's stages")
struct StageTests {
  @Test("are timed each, and add up to the connect time")
  func times() throws {
    let server = try ScriptedServer { peer in
      try peer.upgrade()
      try peer.answer { message, _ in try peer.send(FrameEncoding.frame(.text, message, maskKey: nil)) }
    }
    let observations = try #require(try LoadRun(port: server.port, connections: 5).observations())
    let opened = observations.compactMap { if case .opened(let opened) = $0 { opened } else { nil } }
    #expect(opened.count == 5)
    for one in opened {
      let stages = ConnectionStage.allCases.compactMap { one.stages[$0] }
      #expect(stages.count == 2)
      #expect(stages.allSatisfy { $0 > 0 })
      #expect(stages.reduce(0, +) == one.connectNanoseconds)
    }
    #expect(observations.closed.allSatisfy { (1...2_000_000_000).contains($0.closeNanoseconds ?? 0) })
  }
}
