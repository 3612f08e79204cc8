import Observations
import Testing
import TraceContext
import WebSocketProtocol

@testable import ReferenceServer

@Suite("Each fault")
struct FaultTests {
  /// What two members of a room hear of a second message of the first, after one of the second.
  private struct Heard {
    let chat: ServedChat
    let sent: Traceparent
    let before: Traceparent
    let others: Traceparent
    let echoes: [String?]

    var contexts: [Traceparent] { echoes.compactMap { $0.flatMap { try? Traceparent($0) } } }
    var trees: [NamedSpan] { chat.trees(of: sent.traceID, under: sent.parentID) }
    func count(named name: String) -> Int { Self.count(name, trees) }

    private static func count(_ name: String, _ trees: [NamedSpan]) -> Int {
      trees.reduce(0) { $0 + ($1.name == name ? 1 : 0) + count(name, $1.children) }
    }
  }

  private func hear(_ fault: Fault) throws -> Heard {
    let chat = try ServedChat(faults: [fault])
    let one = try chat.join()
    let two = try chat.join()
    let messages: [(client: ChatClient, context: Traceparent)] = [
      (one, .client(1)), (two, .client(2)), (one, .client(3)),
    ]
    var echoes: [String?] = []
    for (client, context) in messages {
      try client.say(Message.chat(context))
      echoes = []
      for member in [one, two] {
        if fault == .unreadableMessage, member === client { #expect(try member.hear() == "no JSON at all") }
        echoes.append(try member.hearTraceparent())
      }
    }
    // Ends the waits that a leak would have begun.
    if fault == .contextLeak {
      try one.say("{\"type\":\"unknown\"}")
      try one.sendFrame(.close, [])
      _ = try one.next()
    }
    #expect(chat.stop())
    return Heard(chat: chat, sent: .client(3), before: .client(1), others: .client(2), echoes: echoes)
  }

  @Test("does what it says", arguments: Fault.allCases)
  func effect(_ fault: Fault) throws {
    if fault == .protocolError || fault == .spanDropped { return try everyHundredth(fault) }
    let heard = try hear(fault)
    let contexts = heard.contexts
    let traces = Set(contexts.map(\.traceID))
    let names = contexts.map { heard.chat.name(of: $0) }
    switch fault {
    case .traceRestarted:
      #expect(!traces.contains(heard.sent.traceID))
      #expect(heard.trees.isEmpty)
    case .parentNotUpdated: #expect(contexts == [heard.sent, heard.sent])
    case .crossedContext: #expect(contexts == [heard.others, heard.others])
    case .staleContext: #expect(contexts == [heard.before, heard.before])
    case .foreignContext:
      #expect(traces.count == 2)
      #expect(traces.isDisjoint(with: [heard.sent.traceID, heard.before.traceID, heard.others.traceID]))
    case .malformedContext:
      #expect(contexts.isEmpty)
      for echo in heard.echoes {
        let echo = try #require(echo)
        #expect(echo == echo.uppercased() && echo != echo.lowercased())
      }
    case .absentContext: #expect(heard.echoes == [nil, nil])
    case .echoNamesNoSpan:
      #expect(traces == [heard.sent.traceID])
      #expect(names == [nil, nil])
    case .echoNamesWrongSpan: #expect(names == ["chat.send_broadcast", "chat.send_broadcast"])
    case .sharedParent:
      #expect(names == ["websocket.send", "websocket.send"])
      #expect(Set(contexts).count == 1)
    case .wrongEntrySpan:
      #expect(heard.trees.map(\.name) == ["chat.process_message"])
      #expect(heard.chat.count(named: "websocket.receive") == 3)
    case .wrongParent:
      let broadcast = try #require(
        heard.trees.first?.children.first?.children.first { $0.name == "chat.broadcast_message" })
      #expect(broadcast.children.count { $0.name == "websocket.send" } == 2)
    case .orphanSpan:
      #expect(heard.count(named: "websocket.send") == 0)
      #expect(heard.chat.count(named: "websocket.send") == 6)
    case .unexpectedSpan: #expect(heard.count(named: "chat.audit") == 1)
    case .wrongKind:
      #expect(heard.count(named: "websocket.send") == 2)
      #expect("\(heard.trees)".components(of: "\"websocket.send\", kind: server") == 2)
    case .contextLeak: #expect(heard.count(named: "HTTP /ws/chat/r/ websocket receive") > 0)
    case .unreadableMessage: #expect(names == ["websocket.send", "websocket.send"])
    case .protocolError, .spanDropped: break
    }
  }

  private func everyHundredth(_ fault: Fault) throws {
    let chat = try ServedChat(faults: [fault])
    let client = try chat.join()
    var contexts: [Traceparent] = []
    do {
      for number in 0..<250 {
        try client.say(Message.typing(.client(UInt64(number))))
        contexts.append(try client.hearContext())
      }
      #expect(fault == .spanDropped)
    } catch let error as ProtocolError {
      #expect(fault == .protocolError)
      #expect(error == .maskedFrame)
      #expect(contexts.count == 99)
    }
    #expect(chat.stop())
    if fault == .spanDropped {
      #expect(contexts.indices.filter { chat.name(of: contexts[$0]) == nil } == [99, 199])
    }
  }

  @Test("has a summary of its own")
  func summaries() { #expect(Set(Fault.allCases.map(\.summary)).count == Fault.allCases.count) }
}

extension String {
  /// How often a text stands in this one.
  func components(of text: String) -> Int { ranges(of: text).count }
}
