import Foundation
import LoadEngine
import Observations
import Scenarios
import Testing
import WebSocketProtocol

/// What a connection goes through before it is a session, and after.
@Suite("A connection's stages")
struct StageTests {
  @Test("are timed each, and so is its close")
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
      #expect(one.stages.total < 2_000_000_000)
    }
    #expect(observations.closed.allSatisfy { (1...2_000_000_000).contains($0.closeNanoseconds ?? 0) })
  }

  @Test("are given up by their own limit: a server that never accepts lets TCP time out")
  func neverAccepts() throws {
    let port = try FullPort()
    let run = try LoadRun(port: port.port, connections: 2) { $0.tcp = .milliseconds(200) }
    let observations = try #require(run.observations())
    #expect(observations.failures == [.timedOut(.tcp), .timedOut(.tcp)])
  }

  @Test("of closing is told where the server lets it time out", arguments: [("ignores it", false), ("stays", true)])
  func unansweredClose(_ label: String, answers: Bool) throws {
    let server = try ScriptedServer { peer in
      try peer.upgrade()
      while true {
        let (event, payload) = try peer.next()
        switch event {
        case .message(.text, _): try peer.send(FrameEncoding.frame(.text, payload, maskKey: nil))
        case .close(let code, _): if answers { try peer.send(FrameEncoding.close(code, maskKey: nil)) }
        case .message(.binary, _), .assembled, .ping, .pong: break
        }
      }
    }
    let run = try LoadRun(port: server.port) { $0.close = .milliseconds(100) }
    let closed = try #require(run.observations()).closed
    #expect(closed.map(\.cause) == [.unanswered, .unanswered])
    #expect(closed.map(\.code) == (answers ? [1000, 1000] : [1006, 1006]))
    #expect(closed.allSatisfy { $0.closeNanoseconds == nil })
  }
}

/// A loopback port whose accept queue is full: connections to it are neither answered nor refused.
final class FullPort {
  let port: UInt16
  private var descriptors: [Int32]

  init() throws {
    let reserved = try ReservedPort()
    let listener = reserved.take()
    port = reserved.port
    guard listen(listener, 0) == 0 else { throw ScriptFault.socket(errno) }
    descriptors = [listener]
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    // One more than the queue holds, and one that the kernel may keep beside it.
    for _ in 0..<3 {
      let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
      descriptors.append(client)
      withUnsafeBytes(of: &address) { bytes in
        guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return }
        _ = connect(client, pointer, socklen_t(bytes.count))
      }
    }
  }

  deinit { for descriptor in descriptors { Glibc.close(descriptor) } }
}
