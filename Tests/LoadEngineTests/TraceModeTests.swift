import Observations
import Planning
import Scenarios
import Synchronization
import Testing
import TraceContext
import WebSocketProtocol

@testable import LoadEngine

/// What the server gets to see, and what is observed of it, by what messages carry.
@Suite("The context of messages")
struct TraceModeTests {
  /// What a server has received, by whatever connection.
  private final class Received: Sendable {
    private let texts = Mutex<[String]>([])
    private let upgrades = Mutex<[[(name: String, value: String)]]>([])

    func add(_ message: [UInt8]) { texts.withLock { $0.append(String(decoding: message, as: UTF8.self)) } }
    func add(_ upgrade: ServerHandshake.Upgrade) { upgrades.withLock { $0.append(upgrade.fields) } }

    var messages: [String] { texts.withLock { $0 } }
    var fields: [[(name: String, value: String)]] { upgrades.withLock { $0 } }

    /// The text of a message.
    func text(of message: MessageIdentity, in identities: IdentityPermutation) -> String? {
      let id = identities.text(of: message)
      return messages.first { $0.contains("\"\(id)\"") }
    }
  }

  private func echoServer(_ received: Received) throws -> ScriptedServer {
    try ScriptedServer { peer in
      let request = try peer.request()
      received.add(request)
      try peer.send(ServerHandshake.acceptance(of: request))
      try peer.answer { message, _ in
        received.add(message)
        try peer.send(FrameEncoding.frame(.text, message, maskKey: nil))
      }
    }
  }

  @Test(
    "is that of their mode, and so are the observed flags",
    arguments: [
      "fresh", "{ sampled: 50%, random: true }", "connection",
      "{ mode: connection, sampled: 50%, tracestate: a=1, baggage: b=2 }", "none",
      "{ raw: \"cc-{{ trace.id }}-{{ span.id }}-01-x\" }", "{ raw: \"\", tracestate: a=1 }",
    ])
  func modes(trace: String) throws {
    let received = Received()
    let server = try echoServer(received)
    let run = try LoadRun(
      port: server.port, connections: 3, phases: "{ name: a, for: 200ms, rate: 200/s }", trace: trace)
    let observations = try #require(run.observations())
    #expect(observations.sent.count == 40)
    let settings = run.plan.scenario.messages[0].trace
    for sent in observations.sent {
      let text = run.plan.templates[0].text(
        of: sent.message, connection: sent.connection, in: run.plan.identities)
      #expect(received.text(of: sent.message, in: run.plan.identities) == text)
      #expect(sent.flags == (settings.mode.isTraced ? settings.flags.flags(of: sent.message) : []))
    }
    #expect(observations.adopted.isEmpty)
    #expect(observations.echoed.count == 40)
    #expect(observations.echoed.allSatisfy { $0.tracestate == .kept && $0.baggage == .kept })
  }

  @Test("is the same where messages are compressed", arguments: ["fresh", "{ mode: connection, sampled: 50% }"])
  func compressed(trace: String) throws {
    let received = Received()
    let server = try ScriptedServer { peer in
      _ = try peer.upgradeCompressed()
      try peer.answer { message, _ in
        received.add(message)
        try peer.send(FrameEncoding.frame(.text, message, maskKey: nil))
      }
    }
    let run = try LoadRun(port: server.port, target: ", compression: true", trace: trace)
    let sent = try #require(run.observations()).sent
    #expect(sent.count == 20)
    for sent in sent {
      let text = run.plan.templates[0].text(of: sent.message, connection: sent.connection, in: run.plan.identities)
      #expect(received.text(of: sent.message, in: run.plan.identities) == text)
    }
  }

  /// Each user's message is answered by its echo, whose context the server has continued, and then by the last message
  /// of another user, as in a room that all hear.
  @Test("of a sticky user is the one that it received last, from whomever", arguments: ["open", "closed"])
  func sticky(model: String) throws {
    let received = Received()
    let rooms = Mutex<[String: String]>([:])
    let server = try ScriptedServer { peer in
      let request = try peer.request()
      try peer.send(ServerHandshake.acceptance(of: request))
      try peer.answer { message, number in
        received.add(message)
        // Another context than the message's, but for one that was adopted of another message.
        let echo = String(decoding: message, as: UTF8.self).replacing("-00\"", with: "-02\"")
        try peer.send(FrameEncoding.frame(.text, Array(echo.utf8), maskKey: nil))
        let others = rooms.withLock { rooms in
          rooms[request.key] = echo
          return rooms.filter { $0.key != request.key }.map(\.value)
        }
        for other in others { try peer.send(FrameEncoding.frame(.text, Array(other.utf8), maskKey: nil)) }
      }
    }
    let phases =
      model == "open" ? "{ name: a, for: 400ms, rate: 100/s }" : "{ name: a, for: 400ms, think-time: 10ms }"
    let run = try LoadRun(
      port: server.port, phases: phases, trace: "{ mode: sticky, sampled: 0%, tracestate: a=1 }")
    let observations = try #require(run.observations())
    let identities = run.plan.identities
    var last: [UInt32: Traceparent] = [:]
    var announced: Observation.Adopted?
    var adoptions = 0
    var others = 0
    for observation in observations {
      switch observation {
      case .echoed(let echoed):
        if case .present(let context) = echoed.context { last[echoed.connection] = context }
        #expect(echoed.tracestate == .kept)
      case .adopted(let adopted):
        #expect(announced == nil)
        announced = adopted
      case .sent(let sent):
        let own = run.plan.templates[0].context.context(
          of: sent.message, connection: sent.connection, in: identities)
        let expected = last[sent.connection]
        #expect(announced?.message == (expected == nil ? nil : sent.message))
        #expect(announced?.context == expected)
        #expect(sent.flags == (expected ?? own).flags)
        #expect(
          received.text(of: sent.message, in: identities)
            == run.plan.templates[0].text(of: sent.message, carrying: expected ?? own, in: identities))
        if announced != nil { adoptions += 1 }
        announced = nil
      case .opened, .closed, .failed, .dropped, .foreignEcho, .unreadable, .stalled, .compressed, .ponged, .resolved:
        #expect(announced == nil)
      }
    }
    for adopted in observations.adopted {
      guard let source = identities.identity(of: adopted.context.traceID),
        let sender = observations.sent.first(where: { $0.message == source }),
        let adopter = observations.sent.first(where: { $0.message == adopted.message })
      else { continue }
      if sender.connection != adopter.connection { others += 1 }
    }
    #expect(adoptions > 10)
    #expect(others > 0)
  }

  @Test("is forgotten with the connection that received it")
  func reconnecting() throws {
    let server = try ScriptedServer { peer in
      try peer.upgrade()
      try peer.answer { message, number in
        try peer.send(FrameEncoding.frame(.text, message, maskKey: nil))
        if number == 3 { peer.reset() }
      }
    }
    let run = try LoadRun(
      port: server.port, connections: 1, phases: "{ name: a, for: 500ms, think-time: 5ms }", within: "50ms",
      target: ", reconnect: { backoff: 1ms..1ms, attempts: 100 }", trace: "sticky")
    let observations = try #require(run.observations())
    var hasReceived = false
    var openings = 0
    var adopted: MessageIdentity?
    for observation in observations {
      switch observation {
      case .opened:
        hasReceived = false
        openings += 1
      case .echoed: hasReceived = true
      case .adopted(let adoption): adopted = adoption.message
      case .sent(let sent): #expect((adopted == sent.message) == hasReceived)
      case .closed, .failed, .dropped, .foreignEcho, .unreadable, .stalled, .compressed, .ponged, .resolved: break
      }
    }
    #expect(openings > 1)
    #expect(adopted != nil)
  }

  @Test(
    "of an upgrade stands in its header",
    arguments: [nil, "{}", "{ sampled: 50%, random: true, tracestate: \"a=1,b=2\", baggage: c=3 }"])
  func upgrades(upgrade: String?) throws {
    let received = Received()
    let server = try echoServer(received)
    let run = try LoadRun(port: server.port, connections: 20, upgrade: upgrade)
    let observations = try #require(run.observations())
    #expect(observations.opened == 20)
    let names = TraceHeader.allCases.map(\.rawValue)
    let seen = received.fields.map { $0.filter { names.contains($0.name) }.map { "\($0.name): \($0.value)" } }
    let planned = (0..<20).map { run.plan.traceHeaders(ofConnection: $0).map { "\($0.name): \($0.value)" } }
    #expect(seen.map(\.count) == Array(repeating: upgrade == nil ? 0 : upgrade == "{}" ? 1 : 3, count: 20))
    #expect(Set(seen) == Set(planned))
  }

  @Test("that comes back damaged is told of, with its text")
  func damage() throws {
    let server = try ScriptedServer { peer in
      try peer.upgrade()
      try peer.answer { message, _ in
        let text = String(decoding: message, as: UTF8.self).replacing("a=1,b=2", with: "b=2,a=1")
          .replacing("user=alice", with: "user=bob").replacing(
            "\"tracestate\"", with: "\"baggage\":\"\",\"tracestate\"")
        try peer.send(FrameEncoding.frame(.text, Array(text.utf8), maskKey: nil))
      }
    }
    let run = try LoadRun(
      port: server.port, phases: "{ name: a, for: 100ms, rate: 100/s }",
      trace: "{ tracestate: \"a=1,b=2\", baggage: user=alice }")
    let echoed = try #require(run.observations()).echoed
    #expect(echoed.count == 10)
    #expect(echoed.allSatisfy { $0.tracestate == .reordered && $0.baggage == .altered && $0.form == .repeated })
  }
}

extension [Observation] {
  fileprivate var adopted: [Observation.Adopted] {
    compactMap { if case .adopted(let adopted) = $0 { adopted } else { nil } }
  }
}
