import Testing
import TraceContext

@testable import ReferenceServer

/// What spans and echoes of a right server say, beside where they hang.
@Suite struct RightServerTests {
  private static let context = Traceparent.client(1)

  private func hear(_ message: String, then look: (ServedChat, HeardContext?) throws -> Void) throws {
    let chat = try ServedChat()
    let client = try chat.join()
    try client.say(message)
    let echo = try client.hearAll().first.map(HeardContext.init)
    #expect(chat.stop())
    try look(chat, echo)
  }

  private func server(_ chat: ServedChat) throws -> SeenSpan {
    try #require(chat.spans.first { $0.name == "HTTP /ws/chat/r/" })
  }

  @Test(arguments: [
    ("in a trace", Message.chat(context), "true"), ("with none", Message.chat(nil), "false"),
    ("with an invalid one", Message.chat(traceparent: "x"), "false"),
    ("with a carrier that is none", #"{"type":"typing","trace_context":7}"#, "false"),
  ])
  func `a receive span is linked to its connection and says whether a context came`(
    label: String, message: String, isPropagated: String
  ) throws {
    try hear(message) { chat, echo in
      let traceID = try #require(echo?.context).traceID
      let receive = try #require(chat.spans(named: "websocket.receive", of: traceID).first)
      #expect((receive.parentID == .zero) == (isPropagated == "false"))
      let server = try server(chat)
      #expect(receive.links.map(\.traceID) == [server.traceID])
      #expect(receive.links.map(\.parentID) == [server.spanID])
      #expect(receive.attributes == ["websocket.message.type": "text", "trace.propagated": isPropagated])
      #expect(receive.events == ["message.received"])
      #expect(receive.scope == "spanstorm.reference")
    }
  }

  @Test func `tracestate and baggage come back verbatim, and every span of the message has the tracestate`() throws {
    let state = #"a=\"q\" ,b@c=d"#
    try hear(Message.chat(Self.context, state: state, baggage: "k=%20v;p=1,,l=w")) { chat, echo in
      let echo = try #require(echo)
      #expect(echo.text.contains("\"tracestate\":\"\(state)\""))
      #expect(echo.baggage == "k=%20v;p=1,,l=w")
      let spans = chat.spans.filter { $0.traceID == Self.context.traceID }
      #expect(spans.count == 10)
      #expect(Set(spans.map(\.traceState)) == [#"a="q" ,b@c=d"#])
      let server = try server(chat)
      #expect(server.traceState.isEmpty)
    }
  }

  @Test func `baggage stands for itself, a tracestate does not`() throws {
    let carrier = #""trace_context":{"traceparent":"x","tracestate":"a=b","baggage":"k=v"}"#
    try hear("{\"type\":\"typing\",\(carrier)}") { _, echo in
      #expect(echo?.tracestate == nil)
      #expect(echo?.baggage == "k=v")
    }
  }

  @Test(arguments: [Message.chat(context), Message.typing(context)])
  func `the span that broadcasts names the room's group`(message: String) throws {
    try hear(message) { chat, _ in
      let names = ["chat.broadcast_message", "chat.typing_indicator"]
      let broadcasts = chat.spans.filter { names.contains($0.name) }
      #expect(broadcasts.map { $0.attributes["chat.group"] } == ["chat_r"])
    }
  }

  @Test func `flags that no level defines are not passed on`() throws {
    try hear(Message.chat(.client(1, flags: 0xff))) { _, echo in
      #expect(echo?.context?.flags.rawValue == 0x03)
    }
  }

  @Test func `of two carriers the last one counts`() throws {
    let first = "\"trace_context\":{\"traceparent\":\"\(Traceparent.client(2))\",\"tracestate\":\"a=b\"}"
    let last = "\"trace_context\":{\"traceparent\":\"\(Self.context)\"}"
    try hear("{\"type\":\"typing\",\(first),\(last)}") { _, echo in
      #expect(echo?.context?.traceID == Self.context.traceID)
      #expect(echo?.tracestate == nil)
    }
  }

  @Test(arguments: [
    ("\"leave\"", "leave"), ("7", "7"), ("null", "null"), ("\"\"", ""),
    ("\"\(String(repeating: "x", count: 100))\"", String(repeating: "x", count: 64)),
    ("\"\(String(repeating: "é", count: 100))\"", String(repeating: "é", count: 32)),
    ("\"x\(String(repeating: "é", count: 100))\"", "x" + String(repeating: "é", count: 31)),
  ])
  func `an unknown type is an event of the message's trace, and no more`(type: String, told: String) throws {
    try hear(Message.unknown(type, Self.context)) { chat, echo in
      #expect(echo == nil)
      let spans = chat.spans.filter { $0.traceID == Self.context.traceID }
      #expect(spans.map(\.name) == ["websocket.receive"])
      #expect(spans.map(\.parentID) == [Self.context.parentID])
      #expect(spans.map(\.events) == [["message.received", "Unknown message type: \(told)"]])
    }
  }
}
