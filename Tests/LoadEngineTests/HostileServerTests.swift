import Foundation
import LoadEngine
import Observations
import Scenarios
import Synchronization
import Testing
import TraceContext
import WebSocketProtocol

/// A server that does not upgrade, and what is observed of it.
struct Refusal: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var reason: ConnectionFailure
  /// What the scenario asks of its target beyond the URL.
  var target = ""
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

  /// Upgrades rightly, but for a field that it adds.
  private static func adding(_ field: String, to target: String, _ fault: UpgradeFault, _ label: String) -> Refusal {
    Refusal(testDescription: label, reason: .malformedUpgrade(fault), target: target) { peer in
      let acceptance = try ServerHandshake.acceptance(of: peer.request())
      try peer.send(acceptance.dropLast(2) + Array("\(field)\r\n\r\n".utf8))
      _ = try peer.next()
    }
  }

  private static let strict =
    ", compression: { server-no-context-takeover: true, server-max-window-bits: 10, client-max-window-bits: 10 }"

  private static func agreeing(
    _ parameters: String, to target: String = ", compression: true", _ fault: UpgradeFault, _ label: String
  ) -> Refusal {
    adding("Sec-WebSocket-Extensions: permessage-deflate; \(parameters)", to: target, fault, label)
  }

  private static let negotiations: [Refusal] = [
    adding("Sec-WebSocket-Extensions: permessage-deflate", to: "", .unrequestedExtension, "agrees on an extension"),
    adding(
      "Sec-WebSocket-Extensions: mux", to: ", compression: true", .unrequestedExtension, "agrees on another extension"),
    adding(
      "Sec-WebSocket-Extensions: a b", to: ", compression: true", .malformedExtensions, "sends no list of extensions"),
    adding(
      "Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate", to: ", compression: true",
      .repeatedExtension, "compresses twice"),
    agreeing("a=1", .unknownCompressionParameter, "agrees on an unknown parameter"),
    agreeing(
      "server_no_context_takeover; server_no_context_takeover", .repeatedCompressionParameter, "says a parameter twice"),
    agreeing("server_max_window_bits=16", .malformedCompressionValue, "agrees on a window of 16 bits"),
    agreeing("server_max_window_bits=10", to: strict, .serverKeepsContext, "keeps its window"),
    agreeing("server_no_context_takeover", to: strict, .serverWindowTooLarge, "takes a larger window"),
    agreeing(
      "server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=11", to: strict,
      .clientWindowTooLarge, "grants us a larger window than we asked for"),
    adding("Sec-WebSocket-Protocol: a", to: "", .unrequestedSubprotocol, "chooses a subprotocol of none"),
    adding("Sec-WebSocket-Protocol: c", to: ", subprotocols: [a, b]", .unrequestedSubprotocol, "chooses another one"),
    adding("Sec-WebSocket-Protocol: a, b", to: ", subprotocols: [a, b]", .severalSubprotocols, "chooses two"),
  ]

  static let all: [Refusal] =
    negotiations + [
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
      Refusal(testDescription: "closes at once", reason: .closedEarly) { peer in _ = try peer.request() },
      Refusal(testDescription: "resets at once", reason: .system(ECONNRESET)) { peer in
        _ = try peer.request()
        peer.reset()
      },
      Refusal(testDescription: "closes in its answer", reason: .closedEarly) { peer in
        _ = try peer.request()
        try peer.send("HTTP/1.1 101 Switch")
      },
      Refusal(testDescription: "stops in its answer", reason: .timedOut(.upgrade)) { peer in
        _ = try peer.request()
        try peer.send(upgrade)
        _ = try peer.next()
      },
      Refusal(testDescription: "ends its side in its answer", reason: .closedEarly) { peer in
        _ = try peer.request()
        try peer.send(upgrade)
        peer.endSending()
        _ = try peer.next()
      },
      answering(
        "sends one field without end", .malformedUpgrade(.headTooLong),
        upgrade + "X: " + String(repeating: "x", count: 100_000)),
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
  /// What the scenario asks of its target beyond the URL.
  var target = ""
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

  /// Agrees on compression, and echoes, but for the second message.
  private static func compressed(
    _ label: String, section: StaticSection, code: UInt16, _ bytes: [UInt8]
  ) -> Misbehaviour {
    Misbehaviour(
      testDescription: label, unreadable: .protocolError(section: section, code: code), cause: .protocolError,
      code: 1006, target: ", compression: true"
    ) { peer in
      let compression = try peer.upgradeCompressed()
      try peer.answer { message, number in
        try peer.send(
          number == 2 ? bytes : message.withUnsafeBytes { Array(compression.frame(.text, $0, maskKey: nil)) })
      }
    }
  }

  /// 64 MiB of zeros in 64 KiB.
  private static let bomb: [UInt8] = {
    var agreement = CompressionAgreement()
    agreement.serverNoContextTakeover = true
    let compression = Compression(agreement, role: .server, pool: CompressionPool())
    return [UInt8](repeating: 0x61, count: 64 << 20).withUnsafeBytes {
      Array(compression.frame(.text, $0, maskKey: nil))
    }
  }()

  private static let compressions: [Misbehaviour] = [
    compressed("sends a compression bomb", section: StaticSection(7, 4), code: 1009, bomb),
    compressed("compresses a ping", section: StaticSection(6, 0, of: 7692), code: 1002, [0xc9, 0x00]),
    compressed(
      "marks a continuation as compressed", section: StaticSection(6, 0, of: 7692), code: 1002,
      [0x41, 0x01, 0xf2, 0xc0, 0x00]),
    compressed("sends what does not inflate", section: StaticSection(7, 2, of: 7692), code: 1007, [0xc1, 0x01, 0x06]),
    compressed(
      "cuts a compressed message", section: StaticSection(7, 2, of: 7692), code: 1007, [0xc1, 0x02, 0xf2, 0x48]),
    compressed(
      "compresses invalid UTF-8", section: StaticSection(8, 1), code: 1007,
      [0xc1, 0x07, 0x00, 0x01, 0x00, 0xfe, 0xff, 0xff, 0x00]),
    compressed("sets another reserved bit", section: StaticSection(5, 2), code: 1002, [0xa1, 0x00]),
  ]

  /// A bit for which nothing was agreed, on each kind of frame.
  private static let reservedBits: [Misbehaviour] = [0x40, 0x20, 0x10].flatMap { bit in
    [0x81, 0x82, 0x80, 0x88, 0x89, 0x8a].map { first in
      frame("sets reserved bit \(bit) on \(first)", section: StaticSection(5, 2), [first | bit, 0x00])
    }
  }

  private static let reservedOpcodes: [Misbehaviour] = ([3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8]).map { opcode in
    frame("uses opcode \(opcode)", section: StaticSection(5, 2), [0x80 | opcode, 0x00])
  }

  private static let masked: [Misbehaviour] = [Opcode.text, .binary, .close, .ping, .pong].map { opcode in
    frame("masks a \(opcode)", section: StaticSection(5, 1), FrameEncoding.frame(opcode, [], maskKey: 0))
  }

  private static func text(_ text: String) -> [UInt8] { FrameEncoding.frame(.text, Array(text.utf8), maskKey: nil) }

  static let all: [Misbehaviour] = compressions + reservedBits + reservedOpcodes + masked + others

  private static let others: [Misbehaviour] = [
    frame("sends a 16-bit length for few bytes", section: StaticSection(5, 2), [0x81, 126, 0, 5]),
    frame("sends the top bit alone", section: StaticSection(5, 2), [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]),
    frame(
      "sends the longest length", section: StaticSection(7, 4), code: 1009,
      [0x82, 127, 0x7f] + Array(repeating: 0xff, count: 7)),
    Misbehaviour(testDescription: "never ends a message", cause: .ours, code: 1000) { peer in
      try peer.upgrade()
      try peer.answer { _, number in try peer.send(number == 1 ? [0x01, 0x01, 0x7b] : [0x00, 0x00]) }
    },
    Misbehaviour(testDescription: "ends its side and reads on", cause: .streamEnded, code: 1006) { peer in
      try peer.upgrade()
      peer.endSending()
      try peer.answer { _, _ in }
    },
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
    let run = try LoadRun(port: server.port, connections: 3, target: refusal.target) { limits in
      if refusal.reason == .timedOut(.upgrade) { limits.upgrade = .milliseconds(200) }
    }
    let observations = try #require(run.observations())
    #expect(observations.failures == Array(repeating: refusal.reason, count: 3))
    // Nothing else happened, but that the messages that were due found nobody to carry them.
    #expect(observations.dropped == 1)
    #expect(observations.count == 4)
    #expect(run.control.progress.stage == .over)
    #expect(run.control.progress.failed == 3)
  }

  @Test("that treats each connection differently leaves none untold: opened and failed are all")
  func mixedOutcomes() throws {
    let count = Mutex(0)
    let server = try ScriptedServer { peer in
      let number = count.withLock {
        $0 += 1
        return $0
      }
      switch number % 6 {
      case 0: peer.reset()
      case 1: return
      case 2:
        _ = try peer.request()
        try peer.send("HTTP/1.1 503 No\r\n\r\n")
      case 3:
        _ = try peer.request()
        try peer.send("garbage\r\n\r\n")
      case 4: peer.waitForReset()
      default:
        try peer.upgrade()
        try peer.answer { message, _ in try peer.send(FrameEncoding.frame(.text, message, maskKey: nil)) }
      }
    }
    let run = try LoadRun(port: server.port, connections: 60) { $0.upgrade = .milliseconds(300) }
    let observations = try #require(run.observations())
    let failures = Dictionary(grouping: observations.failures) { $0 }.mapValues(\.count)
    #expect(observations.opened == 10)
    #expect(observations.failures.count == 50)
    #expect(failures[.refusedUpgrade(status: 503)] == 10)
    #expect(failures[.malformedUpgrade(.malformedHead)] == 10)
    #expect(failures[.timedOut(.upgrade)] == 10)
    // A close with our request unread is a reset, and may meet our request.
    let cut = failures.filter { [.closedEarly, .system(ECONNRESET), .system(EPIPE)].contains($0.key) }
    #expect(cut.values.reduce(0, +) == 20)
    #expect(run.control.progress.opened + run.control.progress.failed == 60)
    let told = observations.compactMap { if case .failed(let failed) = $0 { failed.connection } else { nil } }
    #expect(Set(told).count == 50)
  }

  @Test("that nobody listens on is told the system's reason")
  func nobodyListens() throws {
    let reserved = try ReservedPort()
    let observations = try #require(try LoadRun(port: reserved.port).observations())
    #expect(observations.failures == [.system(ECONNREFUSED), .system(ECONNREFUSED)])
    #expect(observations.dropped == 1)
    #expect(observations.count == 3)
  }

  @Test("that misbehaves tells what it did, and how each session ended", arguments: Misbehaviour.all)
  func misbehaviours(_ misbehaviour: Misbehaviour) throws {
    let server = try ScriptedServer(misbehaviour.script)
    let observations = try #require(
      try LoadRun(port: server.port, within: "200ms", target: misbehaviour.target).observations())
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
