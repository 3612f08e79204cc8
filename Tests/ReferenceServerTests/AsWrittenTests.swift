import Testing
import TraceContext

@testable import ReferenceServer

/// The mistakes of the reference article's server, P1 to P13 of its description.
@Suite struct AsWrittenTests {
  private static let context = Traceparent.client(1)
  private static let asgiSend = NamedSpan("HTTP /ws/chat/r/ websocket send")

  /// What two members hear of the first one's messages, one after the other.
  private func hear(_ messages: [String], then look: (ServedChat, [[String]]) throws -> Void) throws {
    let chat = try ServedChat(isAsWritten: true)
    let members = [try chat.join(), try chat.join()]
    var heard: [[String]] = [[], []]
    for message in messages {
      try members[0].say(message)
      for member in 0..<2 { heard[member] += try members[member].hearAll() }
    }
    #expect(chat.stop())
    try look(chat, heard)
  }

  private func contexts(_ heard: [[String]]) throws -> [Traceparent] {
    try heard.flatMap { $0 }.compactMap { try HeardContext($0).context }
  }

  /// The spans directly under the first connection's connect span.
  private func underConnect(_ chat: ServedChat) throws -> [SeenSpan] {
    let connects = chat.spans.filter { $0.name == "websocket.connect" }
    #expect(connects.count == 2 && connects.allSatisfy { $0.status == 1 })
    let parents = Set(connects.map(\.spanID))
    return chat.spans.filter { parents.contains($0.parentID) && $0.name != Self.asgiSend.name }
  }

  private func receive(_ chat: ServedChat) throws -> SeenSpan {
    try #require(underConnect(chat).first { $0.name == "websocket.receive" })
  }

  @Test func `P1, P2, P3, P13: chat hangs on the client's span, its echo names the broadcast, its task the handler`()
    throws
  {
    try hear([Message.chat(Self.context, state: "a=b", baggage: "k=v")]) { chat, heard in
      let send = NamedSpan(
        "chat.send_broadcast", .consumer, isRemote: true, [NamedSpan("websocket.send", .client, [Self.asgiSend])])
      let task = NamedSpan(
        "chat.process_message_background", .consumer, isRemote: true, [NamedSpan("chat.analyze_sentiment")])
      let process = NamedSpan(
        "chat.process_message", .internal, isRemote: true,
        [
          NamedSpan("chat.save_message"), NamedSpan("chat.broadcast_message", .internal, [send, send]),
          NamedSpan("chat.queue_background_task", .producer), task,
        ])
      #expect(chat.trees(of: Self.context.traceID, under: Self.context.parentID) == [process])
      let echoes = try contexts(heard)
      #expect(echoes.map { chat.name(of: $0) } == ["chat.send_broadcast", "chat.send_broadcast"])
      #expect(Set(echoes).count == 2)
      let receive = try receive(chat)
      #expect(receive.traceID != Self.context.traceID && receive.status == 1 && receive.links.isEmpty)
      #expect(receive.attributes["trace.propagated"] == "true")
      let echo = try HeardContext(heard[0][0])
      #expect(echo.tracestate == "a=b" && echo.baggage == nil)
    }
  }

  @Test func `P2, P3: typing hangs on the client's span, and every echo names the same span`() throws {
    try hear([Message.typing(Self.context)]) { chat, heard in
      let send = NamedSpan("websocket.send", .client, isRemote: true, [Self.asgiSend])
      let tree = try #require(chat.trees(of: Self.context.traceID, under: Self.context.parentID).first)
      #expect(tree.name == "chat.typing_indicator" && tree.kind == .internal && tree.isRemote)
      #expect(tree.children.filter { $0.name == "websocket.send" } == [send, send])
      let echoes = try contexts(heard)
      #expect(echoes.count == 2 && Set(echoes).count == 1)
      #expect(echoes.first.flatMap { chat.name(of: $0) } == "chat.typing_indicator")
    }
  }

  @Test func `P4: later waits of every member are in the trace of the last typing`() throws {
    let wait = "HTTP /ws/chat/r/ websocket receive"
    let chats = [Message.chat(.client(2)), Message.chat(.client(3))]
    try hear([Message.typing(Self.context)] + chats) { chat, heard in
      let waits = chat.spans(named: wait, of: Self.context.traceID)
      #expect(waits.count == 3 && waits.allSatisfy(\.isRemote))
      let echoes = try contexts(heard)
      #expect(echoes.map(\.traceID.low) == [1, 2, 3, 1, 2, 3])
    }
    try hear([Message.typing(Self.context), Message.typing(.client(4)), chats[0]]) { chat, _ in
      #expect(chat.spans(named: wait, of: Self.context.traceID).count == 1)
      #expect(chat.spans(named: wait, of: Traceparent.client(4).traceID).count == 2)
    }
  }

  @Test(arguments: [
    ("zero", Message.chat(traceparent: "00-\(TraceID.zero)-\(SpanID.zero)-01")),
    ("upper case", Message.chat(traceparent: Traceparent.client(0xab).description.uppercased())),
    ("empty", Message.chat(traceparent: "")),
    ("null", #"{"type":"chat_message","message":"m","trace_context":{"traceparent":null}}"#),
    ("no traceparent", #"{"type":"chat_message","message":"m","trace_context":{}}"#),
  ])
  func `P6: a malformed context makes a root without a link, and is called propagated`(
    label: String, message: String
  ) throws {
    try hear([message]) { chat, heard in
      let echo = try #require(try contexts(heard).first)
      #expect(echo.flags == [.sampled, .random])
      let roots = chat.spans.filter { $0.traceID == echo.traceID && $0.parentID == .zero }
      #expect(roots.map(\.name) == ["chat.process_message"])
      #expect(roots.allSatisfy { $0.links.isEmpty })
      let receive = try receive(chat)
      #expect(receive.traceID != echo.traceID && receive.attributes["trace.propagated"] == "true")
    }
  }

  @Test func `P6: a message without context goes on in the connection's trace`() throws {
    try hear([Message.chat(nil)]) { chat, heard in
      let receive = try receive(chat)
      let echoes = try contexts(heard)
      #expect(echoes.map(\.traceID) == [receive.traceID, receive.traceID])
      #expect(chat.trees(of: receive.traceID, under: receive.spanID).map(\.name) == ["chat.process_message"])
      #expect(receive.attributes["trace.propagated"] == nil)
    }
  }

  @Test func `P7: of an unsampled message the receive span is recorded alone`() throws {
    let context = Traceparent.client(1, flags: 0)
    try hear([Message.chat(context)]) { chat, heard in
      let echoes = try contexts(heard)
      #expect(echoes.map(\.flags) == [[], []])
      #expect(!chat.spans.contains { $0.traceID == context.traceID })
      let receive = try receive(chat)
      #expect(receive.attributes["websocket.message.action"] == "chat_message")
    }
  }

  @Test func `P8: the event of an unknown type is lost with a context, and kept without`() throws {
    try hear([Message.unknown("\"x\"", Self.context)]) { chat, heard in
      #expect(heard == [[], []])
      #expect(!chat.spans.contains { $0.traceID == Self.context.traceID })
      let receive = try receive(chat)
      #expect(receive.events.isEmpty)
    }
    try hear([Message.unknown("\"x\"", nil)]) { chat, _ in
      let receive = try receive(chat)
      #expect(receive.events == ["Unknown message type: x"])
    }
  }

  @Test(arguments: [
    "[1,2]", "null", "5", #"{"type":"typing","trace_context":null}"#, #"{"type":"typing","trace_context":"x"}"#,
    #"{"type":"typing","trace_context":[]}"#, #"{"type":"typing","trace_context":{"traceparent":5}}"#,
    #"{"type":"typing","trace_context":{"tracestate":5}}"#, #"{"type":"chat_message","message":5}"#,
    #"{"message":null,"type":"chat_message"}"#,
  ])
  func `P9: a value of an unexpected type kills the connection without a close frame`(message: String) throws {
    let chat = try ServedChat(isAsWritten: true)
    let members = [try chat.join(), try chat.join()]
    try members[0].say(message)
    #expect(throws: ChatClient.Ended.self) { try members[0].next() }
    try members[1].say(Message.typing(Self.context))
    #expect(try members[1].hearContext().traceID == Self.context.traceID)
    #expect(chat.stop())
    #expect(chat.spans.filter(\.isError).map(\.name).sorted() == ["HTTP /ws/chat/r/", "websocket.receive"])
    #expect(chat.count(named: "websocket.disconnect") == 1)
    #expect(chat.count(named: "chat.leave_group") == 1)
  }

  @Test func `P11: what is no JSON is told by an event of a span that is OK`() throws {
    try hear(["hello"]) { chat, heard in
      #expect(heard == [[], []])
      let receive = try receive(chat)
      #expect(receive.status == 1 && receive.events == ["Invalid JSON received"])
      #expect(receive.attributes["websocket.message.format"] == "invalid_json")
    }
    try hear([""]) { chat, _ in
      let empty = try receive(chat)
      #expect(empty.status == 1 && empty.attributes.isEmpty)
    }
  }

  @Test func `P12: sizes are in characters, and any type is an action`() throws {
    let message = Message.unknown("\"éé\"", nil)
    try hear([message]) { chat, _ in
      let receive = try receive(chat)
      #expect(receive.attributes["websocket.message.size"] == "\(message.unicodeScalars.count)")
      #expect(receive.attributes["websocket.message.action"] == "éé")
    }
  }

  @Test func `the disconnect is under a connect span that ended long before`() throws {
    try hear([]) { chat, _ in
      let disconnects = try underConnect(chat)
      #expect(disconnects.map(\.name) == ["websocket.disconnect", "websocket.disconnect"])
      #expect(disconnects.allSatisfy { $0.status == 1 })
    }
  }
}
