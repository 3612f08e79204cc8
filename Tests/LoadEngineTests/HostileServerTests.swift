import Foundation
import LoadEngine
import Observations
import Synchronization
import Testing
import TraceContext
import WebSocketProtocol

/// A server that does not upgrade, and what is observed of it.
struct Refusal: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var reason: ConnectionFailure
  var script: @Sendable (Peer) throws -> Void

  private static func answering(_ label: String, _ reason: ConnectionFailure, _ text: String) -> Refusal {
    Refusal(testDescription: label, reason: reason) { peer in
      _ = try peer.request()
      try peer.send(text)
      _ = try peer.next()
    }
  }

  private static func status(_ status: UInt16) -> Refusal {
    answering(
      "answers \(status)", .refusedUpgrade(status: status), "HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n")
  }

  private static let upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"

  static let all: [Refusal] = [
    status(403), status(404), status(500), status(200), status(302),
    answering("sends a wrong accept", .malformedUpgrade(.wrongAccept), upgrade + "Sec-WebSocket-Accept: x\r\n\r\n"),
    answering("sends no accept", .malformedUpgrade(.wrongAccept), upgrade + "\r\n"),
    answering(
      "sends no upgrade", .malformedUpgrade(.missingUpgrade), "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\n\r\n"),
    answering(
      "sends no connection", .malformedUpgrade(.missingConnection), "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n\r\n"),
    answering("speaks something else", .malformedUpgrade(.malformedHead), "SSH-2.0-server\r\n\r\n"),
    answering(
      "sends a head without end", .malformedUpgrade(.headTooLong),
      "HTTP/1.1 101 Yes\r\n" + String(repeating: "X-Filler: yes\r\n", count: 2000)),
    Refusal(testDescription: "agrees on an extension", reason: .malformedUpgrade(.unrequestedExtension)) { peer in
      let accept = try ServerHandshake.acceptance(of: peer.request())
      try peer.send(accept.dropLast(2) + Array("Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".utf8))
      _ = try peer.next()
    },
    Refusal(testDescription: "closes at once", reason: .closedEarly) { peer in _ = try peer.request() },
    Refusal(testDescription: "resets at once", reason: .system(ECONNRESET)) { peer in
      _ = try peer.request()
      peer.reset()
    },
    Refusal(testDescription: "closes in its answer", reason: .closedEarly) { peer in
      _ = try peer.request()
      try peer.send("HTTP/1.1 101 Switch")
    },
    Refusal(testDescription: "never answers", reason: .timedOut(.upgrade)) { peer in
      _ = try peer.request()
      _ = try peer.next()
    },
  ]
}

/// A server that upgrades and then misbehaves after a few messages.
struct Misbehaviour: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var unreadable: UnreadableReason?
  var cause: CloseCause
  var code: UInt16
  var script: @Sendable (Peer) throws -> Void

  private static func frame(
    _ label: String, section: StaticSection, code: UInt16 = 1002, _ bytes: [UInt8]
  ) -> Misbehaviour {
    Misbehaviour(
      testDescription: label, unreadable: .protocolError(section: section, code: code), cause: .protocolError,
      code: 1006, script: sending(bytes))
  }

  private static func message(_ label: String, _ reason: UnreadableReason?, _ bytes: [UInt8]) -> Misbehaviour {
    Misbehaviour(testDescription: label, unreadable: reason, cause: .ours, code: 1000, script: sending(bytes))
  }

  /// Echoes, but for the second message.
  private static func sending(_ bytes: [UInt8]) -> @Sendable (Peer) throws -> Void {
    { peer in
      try peer.upgrade()
      try peer.answer { message, number in
        try peer.send(number == 2 ? bytes : FrameEncoding.frame(.text, message, maskKey: nil))
      }
    }
  }

  private static func text(_ text: String) -> [UInt8] { FrameEncoding.frame(.text, Array(text.utf8), maskKey: nil) }

  static let all: [Misbehaviour] = [
    frame("masks a frame", section: StaticSection(5, 1), FrameEncoding.frame(.text, [0x7b, 0x7d], maskKey: 5)),
    frame("sets a reserved bit", section: StaticSection(5, 2), [0xc1, 0x02, 0x7b, 0x7d]),
    frame("uses a reserved opcode", section: StaticSection(5, 2), [0x83, 0x00]),
    frame("sends a 64-bit length for few bytes", section: StaticSection(5, 2), [0x81, 127, 0, 0, 0, 0, 0, 0, 0, 5]),
    frame(
      "sends a length beyond 63 bits", section: StaticSection(5, 2), [0x81, 127] + Array(repeating: 0xff, count: 8)),
    frame(
      "announces a terabyte", section: StaticSection(7, 4), code: 1009, [0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0]),
    frame("continues nothing", section: StaticSection(5, 4), [0x80, 0x01, 0x61]),
    frame("begins a message in a message", section: StaticSection(5, 4), [0x01, 0x01, 0x7b, 0x81, 0x01, 0x7b]),
    frame("sends invalid UTF-8", section: StaticSection(8, 1), code: 1007, [0x81, 0x02, 0xc3, 0x28]),
    frame("fragments a ping", section: StaticSection(5, 5), [0x09, 0x00]),
    frame("sends a long ping", section: StaticSection(5, 5), [0x89, 126, 0, 126]),
    frame("closes with a forbidden code", section: StaticSection(7, 4), [0x88, 0x02, 0x03, 0xee]),
    frame("closes with half a code", section: StaticSection(5, 5), [0x88, 0x01, 0x03]),
    message("sends invalid JSON", .invalidJSON, text("no JSON")),
    message("sends an array", .notAnObject, text("[1]")),
    message("sends an empty text", .invalidJSON, text("")),
    message("sends what nobody expects", .unmatched, text("{\"type\":\"news\"}")),
    message("sends binary", .binary, FrameEncoding.frame(.binary, [1, 2, 3], maskKey: nil)),
    message("sends a ping and a pong", nil, [0x89, 0x02, 0x68, 0x69, 0x8a, 0x00]),
    message("answers nothing", nil, []),
    Misbehaviour(testDescription: "closes with 1012", cause: .server, code: 1012) { peer in
      try peer.upgrade()
      try peer.answer { _, number in
        if number == 2 { try peer.send(FrameEncoding.close(CloseCode(1012), reason: "restart", maskKey: nil)) }
      }
    },
    Misbehaviour(testDescription: "closes without a code", cause: .server, code: 1005) { peer in
      try peer.upgrade()
      try peer.answer { _, number in if number == 2 { try peer.send([0x88, 0x00]) } }
    },
    Misbehaviour(testDescription: "ends the stream", cause: .streamEnded, code: 1006) { peer in
      try peer.upgrade()
      _ = try peer.next()
    },
    Misbehaviour(testDescription: "ends the stream in a fragment", cause: .streamEnded, code: 1006) { peer in
      try peer.upgrade()
      _ = try peer.next()
      try peer.send([0x01, 0x01, 0x7b])
    },
    Misbehaviour(testDescription: "resets", cause: .system(ECONNRESET), code: 1006) { peer in
      try peer.upgrade()
      _ = try peer.next()
      peer.reset()
    },
  ]
}

@Suite("A load against a hostile server")
struct HostileServerTests {
  @Test("that does not upgrade tells why, for each connection, and ends", arguments: Refusal.all)
  func refusals(_ refusal: Refusal) throws {
    let server = try ScriptedServer(refusal.script)
    let run = try LoadRun(port: server.port, connections: 3) { limits in
      if refusal.reason == .timedOut(.upgrade) { limits.handshake = .milliseconds(200) }
    }
    let observations = try #require(run.observations())
    #expect(observations.failures == Array(repeating: refusal.reason, count: 3))
    #expect(observations.count == 3)
    #expect(run.control.progress.stage == .over)
    #expect(run.control.progress.failed == 3)
  }

  @Test("that nobody listens on is told the system's reason")
  func nobodyListens() throws {
    let reserved = try ReservedPort()
    let observations = try #require(try LoadRun(port: reserved.port).observations())
    #expect(observations.failures == [.system(ECONNREFUSED), .system(ECONNREFUSED)])
    #expect(observations.count == 2)
  }

  @Test("that misbehaves tells what it did, and how each session ended", arguments: Misbehaviour.all)
  func misbehaviours(_ misbehaviour: Misbehaviour) throws {
    let server = try ScriptedServer(misbehaviour.script)
    let observations = try #require(try LoadRun(port: server.port, within: "200ms").observations())
    #expect(observations.opened == 2)
    #expect(observations.unreadable == (misbehaviour.unreadable.map { [$0, $0] } ?? []))
    #expect(observations.closed.map(\.cause) == [misbehaviour.cause, misbehaviour.cause])
    #expect(observations.closed.map(\.code) == [misbehaviour.code, misbehaviour.code])
    #expect(Set(observations.closed.map(\.connection)) == [0, 1])
  }

  @Test(
    "that sends its echoes in pieces reads them whole",
    arguments: [
      ("in three fragments", 1), ("in fragments with a ping between", 2), ("byte by byte", 3), ("many at once", 4),
    ])
  func pieces(_ label: String, way: Int) throws {
    let server = try ScriptedServer { peer in
      try peer.upgrade()
      var waiting: [UInt8] = []
      try peer.answer { message, number in
        let cut = [0, message.count / 3, message.count * 2 / 3, message.count]
        let parts = (0..<3).map { Array(message[cut[$0]..<cut[$0 + 1]]) }
        let fragments = parts.enumerated().map { index, part in
          part.withUnsafeBytes {
            FrameEncoding.frame(index == 0 ? .text : .continuation, $0, maskKey: nil, isFinal: index == 2)
          }
        }
        let whole = FrameEncoding.frame(.text, message, maskKey: nil)
        switch way {
        case 1: for fragment in fragments { try peer.send(fragment) }
        case 2: try peer.send(Array(fragments.joined(separator: [0x89, 0x01, 0x21])))
        case 3: for byte in whole { try peer.send([byte]) }
        default:
          waiting += whole
          if number % 5 == 0 {
            try peer.send(waiting)
            waiting = []
          }
        }
      }
    }
    let observations = try #require(try LoadRun(port: server.port).observations())
    #expect(observations.sent.count == 20)
    #expect(observations.echoed.count == 20)
    #expect(observations.unreadable == [])
    #expect(Set(observations.echoed.compactMap(\.message)) == Set(observations.sent.map(\.message)))
    #expect(observations.closed.map(\.cause) == [.ours, .ours])
  }

  @Test("that pings is answered with its own payload")
  func pings() throws {
    let pongs = Mutex<[[UInt8]]>([])
    let server = try ScriptedServer { peer in
      let pings = (UInt8(0)..<5).map {
        FrameEncoding.frame(.ping, Array(repeating: $0, count: Int($0) * 25), maskKey: nil)
      }
      try peer.send(ServerHandshake.acceptance(of: peer.request()) + pings.joined())
      while true {
        let (event, payload) = try peer.next()
        if case .pong = event { pongs.withLock { $0.append(payload) } }
        if case .close = event { return }
      }
    }
    let run = try LoadRun(port: server.port, connections: 1, within: "100ms")
    _ = try #require(run.observations())
    #expect(pongs.withLock { $0 } == (UInt8(0)..<5).map { Array(repeating: $0, count: Int($0) * 25) })
  }

  @Test("that never reads drops what is due beyond the backlog, and ends")
  func backlog() throws {
    let server = try ScriptedServer { peer in
      try peer.upgrade()
      peer.waitForReset()
    }
    let run = try LoadRun(
      port: server.port, connections: 1, phases: "{ name: steady, for: 300ms, rate: 1000/s }", within: "100ms",
      filler: 1 << 16)
    let observations = try #require(run.observations())
    #expect(observations.dropped > 0)
    #expect(observations.sent.count + observations.dropped == 300)
    #expect(observations.closed.map(\.cause) == [.backlog])
  }
}
