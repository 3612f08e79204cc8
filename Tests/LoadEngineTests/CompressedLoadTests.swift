import Observations
import Planning
import Synchronization
import Testing
import Timing
import WebSocketProtocol

@testable import LoadEngine

@Suite("A load whose target compresses")
struct CompressedLoadTests {
  @Test(
    "has every echo, and counts the bytes before and after",
    arguments: [
      "true", "{ client-no-context-takeover: true, server-no-context-takeover: true }",
      "{ client-max-window-bits: 9, server-max-window-bits: 9 }",
      "{ client-no-context-takeover: true, server-max-window-bits: 12 }",
    ])
  func echoes(compression: String) throws {
    let server = try ScriptedServer { peer in
      let compression = try peer.upgradeCompressed()
      try peer.answer { message, _ in
        try peer.send(message.withUnsafeBytes { Array(compression.frame(.text, $0, maskKey: nil)) })
      }
    }
    let run = try LoadRun(port: server.port, filler: 300, target: ", compression: \(compression)")
    let observations = try #require(run.observations())
    #expect(observations.sent.count == 20)
    #expect(Set(observations.echoed.compactMap(\.message)) == Set(observations.sent.map(\.message)))
    #expect(observations.unreadable == [])
    #expect(observations.closed.map(\.cause) == [.ours, .ours])
    let compressed = try #require(observations.compressed.first)
    #expect(observations.compressed.count == 1)
    #expect(compressed.connections == 2)
    let bytes = UInt64(20 * (run.plan.templates.first?.payload.count ?? 0))
    #expect(compressed.sentPlainBytes == bytes)
    #expect(compressed.receivedPlainBytes == bytes)
    #expect(compressed.sentWireBytes < bytes / 2)
    #expect(compressed.receivedWireBytes < bytes / 2)
  }

  @Test("sends plain messages where the server agrees to nothing")
  func declined() throws {
    let server = try ScriptedServer { peer in
      try peer.upgrade()
      try peer.answer { message, _ in try peer.send(FrameEncoding.frame(.text, message, maskKey: nil)) }
    }
    let run = try LoadRun(port: server.port, target: ", compression: true, subprotocols: [a, b]")
    let observations = try #require(run.observations())
    #expect(observations.echoed.count == 20)
    #expect(observations.compressed.isEmpty)
  }

  @Test("goes on with the subprotocol that the server chooses")
  func subprotocol() throws {
    let server = try ScriptedServer { peer in
      let request = try peer.request()
      try peer.send(ServerHandshake.acceptance(of: request, subprotocol: request.subprotocols.last))
      try peer.answer { message, _ in try peer.send(FrameEncoding.frame(.text, message, maskKey: nil)) }
    }
    let observations = try #require(try LoadRun(port: server.port, target: ", subprotocols: [a, b]").observations())
    #expect(observations.echoed.count == 20)
  }

  @Test("hands over the first reason of each close code, once")
  func reasons() {
    let queue = ObservationQueue()
    var writer = ObservationWriter(queue)
    func end(_ code: UInt16, _ reason: String) {
      Array(reason.utf8).withUnsafeBytes { writer.note(reason: $0, of: code) }
      writer.write(
        closed: Observation.Closed(connection: 0, at: .now, cause: .server, code: code), at: .now)
    }
    end(1012, "")
    end(1012, "first")
    end(1012, "second")
    end(1001, "other")
    writer.flush()
    end(1012, "third")
    for code in 3000..<3200 as Range<UInt16> { end(code, "hostile") }
    writer.flush()
    queue.finish()
    let batches = (queue.takeAll(waitingAtMostMilliseconds: 0) ?? []).compactMap { delivery in
      if case .facts(let batch) = delivery { batch } else { nil }
    }
    #expect(batches.count == 2)
    #expect(batches.first?.excerpts == [1: "first", 3: "other"])
    #expect(batches.last?.excerpts.count == 62, "64 codes in all")
  }
}
