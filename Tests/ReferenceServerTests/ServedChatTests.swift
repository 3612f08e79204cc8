import Testing
import TraceContext
import WebSocketProtocol

@testable import ReferenceServer

@Suite("The reference server")
struct ServedChatTests {
  private static let asgiSend = NamedSpan("HTTP /ws/chat/r/ websocket send")

  private static func chatTree(members: Int) -> [NamedSpan] {
    let send = NamedSpan(
      "chat.send_broadcast", .consumer, isRemote: true, [NamedSpan("websocket.send", .client, [asgiSend])])
    let background = NamedSpan(
      "chat.queue_background_task", .producer,
      [
        NamedSpan(
          "chat.process_message_background", .consumer, isRemote: true, [NamedSpan("chat.analyze_sentiment")])
      ])
    let process = NamedSpan(
      "chat.process_message", .internal,
      [
        NamedSpan("chat.save_message"), background,
        NamedSpan("chat.broadcast_message", .producer, Array(repeating: send, count: members)),
      ])
    return [NamedSpan("websocket.receive", .server, isRemote: true, [process])]
  }

  private static func typingTree(members: Int) -> [NamedSpan] {
    let send = NamedSpan("websocket.send", .client, isRemote: true, [asgiSend])
    let typing = NamedSpan("chat.typing_indicator", .producer, Array(repeating: send, count: members))
    return [NamedSpan("websocket.receive", .server, isRemote: true, [typing])]
  }

  @Test(
    "makes the trees of the reference system, with correct propagation",
    arguments: [
      ("chat, alone", true, 1), ("chat, three in the room", true, 3), ("typing, alone", false, 1),
      ("typing, three in the room", false, 3),
    ])
  func trees(_ label: String, isChat: Bool, members: Int) throws {
    let chat = try ServedChat()
    let clients = try (0..<members).map { _ in try chat.join() }
    let context = Traceparent.client(1)
    try clients[0].say(isChat ? Message.chat(context) : Message.typing(context))
    let echoes = try clients.map { try $0.hearContext() }
    #expect(chat.stop())
    let expected = isChat ? Self.chatTree(members: members) : Self.typingTree(members: members)
    #expect(chat.trees(of: context.traceID, under: context.parentID) == expected)
    #expect(Set(echoes.map(\.parentID)).count == members)
    for echo in echoes {
      #expect(echo.traceID == context.traceID)
      #expect(echo.flags == .sampled)
      #expect(chat.name(of: echo) == "websocket.send")
    }
    #expect(chat.exporter.counts.exported == chat.spans.count)
  }

  @Test("traces each connection from its upgrade to its end")
  func connections() throws {
    let chat = try ServedChat()
    let client = try chat.join()
    try client.sendFrame(.close, [0x03, 0xe8])
    guard case .close(.normal, _) = try client.next().event else {
      Issue.record("no close frame")
      return
    }
    #expect(chat.stop())
    let receive = NamedSpan("HTTP /ws/chat/r/ websocket receive")
    let server = NamedSpan(
      "HTTP /ws/chat/r/", .server,
      [
        receive, receive, NamedSpan("chat.join_group"),
        NamedSpan("websocket.connect", .server, [Self.asgiSend]),
        NamedSpan("websocket.disconnect", .server, [NamedSpan("chat.leave_group")]),
      ])
    let traceID = try #require(chat.spans.first).traceID
    #expect(Set(chat.spans.map(\.traceID)) == [traceID])
    #expect(chat.trees(of: traceID, under: .zero) == [server])
  }

  @Test("echoes what was said, and the tracestate, as they came")
  func echoes() throws {
    let chat = try ServedChat()
    let client = try chat.join()
    try client.say(Message.chat(.client(1), text: "é \\\"quoted\\\" \\u0041", state: "a=b,c=d"))
    let echo = try client.hearObject()
    #expect(echo["type"] as? String == "chat_message")
    #expect(echo["message"] as? String == "é \"quoted\" A")
    #expect((echo["trace_context"] as? [String: String])?["tracestate"] == "a=b,c=d")
  }

  @Test("records nothing of a message that is not sampled, and says so in its echo", arguments: [0, 2] as [UInt8])
  func unsampled(flags: UInt8) throws {
    let chat = try ServedChat()
    let client = try chat.join()
    let context = Traceparent.client(1, flags: flags)
    for message in [Message.chat(context), Message.typing(context)] {
      try client.say(message)
      let echo = try client.hearContext()
      #expect(echo.traceID == context.traceID)
      #expect(echo.parentID != context.parentID)
      #expect(echo.flags.rawValue == flags)
    }
    #expect(chat.stop())
    #expect(!chat.spans.contains { $0.traceID == context.traceID })
  }

  @Test(
    "begins a trace of its own where a message carries none",
    arguments: [
      ("none", Message.chat(nil)), ("an empty carrier", "{\"type\":\"typing\",\"trace_context\":{}}"),
      ("null", "{\"type\":\"typing\",\"trace_context\":null}"),
      ("a string", "{\"type\":\"typing\",\"trace_context\":\"00-x\"}"),
      ("a number", "{\"type\":\"typing\",\"trace_context\":{\"traceparent\":5}}"),
      ("a malformed one", "{\"type\":\"typing\",\"trace_context\":{\"traceparent\":\"00-0-0-01\"}}"),
    ])
  func noContext(_ label: String, message: String) throws {
    let chat = try ServedChat()
    let client = try chat.join()
    try client.say(message)
    let echo = try client.hearContext()
    #expect(echo.flags == [.sampled, .random])
    #expect(chat.stop())
    #expect(chat.trees(of: echo.traceID, under: .zero).map(\.name) == ["websocket.receive"])
    #expect(chat.name(of: echo) == "websocket.send")
  }

  @Test(
    "bears what is no message, and tells it by a span in error",
    arguments: [
      ("no JSON", "hello"), ("nothing", ""), ("an array", "[1,2]"), ("null", "null"), ("half an object", "{\"type\":"),
    ])
  func noMessage(_ label: String, text: String) throws {
    let chat = try ServedChat()
    let client = try chat.join()
    try client.say(text)
    try client.sendFrame(.binary, [1, 2, 3])
    try client.say(Message.typing(.client(1)))
    #expect(try client.hearContext().traceID == Traceparent.client(1).traceID)
    #expect(chat.stop())
    let errors = chat.spans.filter(\.isError)
    #expect(errors.count == 1)
    let error = try #require(errors.first)
    #expect(chat.trees(of: error.traceID, under: .zero).map(\.name) == ["websocket.receive"])
  }

  @Test("refuses what is no room", arguments: ["/", "/ws/chat/", "/ws/chat/a b/", "/ws/chat/a/b/", "/other/"])
  func unknownPaths(path: String) throws {
    let chat = try ServedChat()
    let client = try ChatClient(port: chat.port, path: path.replacing(" ", with: "%20"))
    #expect(client.status == 404)
  }

  @Test("answers pings, and fails what breaks the protocol")
  func controlFrames() throws {
    let chat = try ServedChat()
    let client = try chat.join()
    try client.sendFrame(.ping, [1, 2, 3])
    let answer = try client.next()
    #expect(answer.payload == [1, 2, 3])
    try client.sendFrame(.text, [0xff])
    guard case .close(.invalidPayload, _) = try client.next().event else {
      Issue.record("no close frame")
      return
    }
    #expect(throws: ChatClient.Ended.self) { try client.next() }
  }

  @Test("keeps rooms apart")
  func rooms() throws {
    let chat = try ServedChat()
    let one = try chat.join(room: "one")
    let two = try chat.join(room: "two")
    try one.say(Message.typing(.client(1)))
    try two.say(Message.typing(.client(2)))
    #expect(try one.hearContext().traceID == Traceparent.client(1).traceID)
    #expect(try two.hearContext().traceID == Traceparent.client(2).traceID)
  }
}
