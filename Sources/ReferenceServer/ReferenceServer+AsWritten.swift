import OTLPMessages
import Reactor
import Timing
import TraceContext

/// The chat as the reference article wrote it: every step as there, and as wrong as there.
extension ReferenceServer {
  func handleAsWritten(_ text: Span<UInt8>, on slot: Int) {
    guard let client = clients[slot], let room = client.room else { return }
    // The span begins before the context is extracted, and so below a span that ended with the upgrade.
    var receive = tracer.begin("websocket.receive", .server, under: client.connectSpan?.context)
    guard text.count > 0 else { return tracer.end(receive, status: .ok) }
    receive.attributes = [
      Attribute("websocket.message.type", .string("text")),
      Attribute("websocket.message.size", .int(Int64(text.characterCount))),
    ]
    let message: ChatMessage
    do throws(ChatMessage.Fault) {
      message = try ChatMessage(text)
    } catch {
      return error == .invalidJSON ? pass(&receive) : fail(receive, on: slot)
    }
    guard !message.isIllTyped else { return fail(receive, on: slot) }
    receive.attributes.append(Attribute("websocket.message.action", .string(message.kind.name)))
    if message.hasCarrier { receive.attributes.append(Attribute("trace.propagated", .bool(true))) }
    answerAsWritten(message, &receive, in: room)
  }

  /// No JSON at all is told by an event, and is no error.
  private func pass(_ receive: inout OpenSpan) {
    receive.happened("Invalid JSON received")
    receive.attributes.append(Attribute("websocket.message.format", .string("invalid_json")))
    tracer.end(receive, status: .ok)
  }

  /// An exception that nobody catches ends the connection under the client, without a close frame.
  private func fail(_ receive: OpenSpan, on slot: Int) {
    tracer.end(receive, status: .error(message: "AttributeError"))
    kill(slot)
  }

  private func answerAsWritten(_ message: ChatMessage, _ receive: inout OpenSpan, in room: Int) {
    let received = message.context.traceparent.map { SpanContext(received: $0, tracestate: message.tracestate) }
    // What is malformed becomes an empty context, and that a trace of its own; only what is absent leaves the ambient one.
    let parent = message.hasCarrier ? received : receive.context
    let state = received == nil ? "" : message.tracestate
    switch message.kind {
    case .chat(let text, let length):
      let broadcast = processAsWritten(text, length: length, under: parent, in: room)
      tracer.end(receive, status: .ok)
      deliverAsWritten(broadcast, state, in: room)
    case .typing(let isTyping):
      let broadcast = typeAsWritten(isTyping, under: parent)
      tracer.end(receive, status: .ok)
      deliverAsWritten(broadcast, state, in: room)
      leak(broadcast.context, to: room)
    case .unknown(let type):
      // With a context attached, the event goes to the client's span, of which there is nothing here to record it.
      if !message.hasCarrier { receive.happened("Unknown message type: \(type)") }
      tracer.end(receive, status: .ok)
    }
  }

  private func processAsWritten(
    _ text: String, length: Int, under parent: SpanContext?, in room: Int
  ) -> Broadcast {
    let process = tracer.begin(
      "chat.process_message", under: parent, attributes: [Attribute("chat.message.length", .int(Int64(length)))])
    tracer.end(tracer.begin("chat.save_message", under: process.context))
    let broadcast = tracer.begin(
      "chat.broadcast_message", under: process.context, attributes: rooms[room].groupAttributes)
    tracer.end(broadcast)
    tracer.end(tracer.begin("chat.queue_background_task", .producer, under: process.context))
    tasks.append(
      BackgroundTask(
        due: Instant.now.advanced(byNanoseconds: BackgroundTask.delay), context: process.context.remote))
    tracer.end(process)
    return Broadcast(
      prefix: Self.chatPrefix(text), context: broadcast.context.remote, memberSpan: "chat.send_broadcast")
  }

  private func typeAsWritten(_ isTyping: Bool, under parent: SpanContext?) -> Broadcast {
    let typing = tracer.begin(
      "chat.typing_indicator", under: parent, attributes: [Attribute("chat.typing", .bool(isTyping))])
    tracer.end(typing)
    return Broadcast(prefix: Self.typingPrefix(isTyping), context: typing.context.remote, memberSpan: nil)
  }

  /// The context is injected before the send span begins; baggage is forgotten.
  private func deliverAsWritten(_ broadcast: Broadcast, _ tracestate: String, in room: Int) {
    for member in rooms[room].members {
      let wrapper = broadcast.memberSpan.map {
        tracer.begin($0, .consumer, under: broadcast.context, attributes: Self.userAttributes)
      }
      let parent = wrapper?.context ?? broadcast.context
      let echo = EchoContext(traceparent: parent.traceparent, tracestate: tracestate, baggage: "")
      let send = tracer.begin("websocket.send", .client, under: parent, attributes: Self.sendAttributes)
      tracer.end(tracer.begin(rooms[room].sendSpanName, under: send.context))
      transmit(echo.echo(broadcast.prefix), on: member)
      tracer.end(send)
      if let wrapper { tracer.end(wrapper) }
    }
  }
}

extension ChatMessage.Kind {
  fileprivate var name: String {
    switch self {
    case .chat: "chat_message"
    case .typing: "typing"
    case .unknown(let type): type
    }
  }
}

extension Span<UInt8> {
  /// UTF-8's characters: bytes that continue none.
  fileprivate var characterCount: Int {
    var count = 0
    for index in indices where self[index] & 0xc0 != 0x80 { count += 1 }
    return count
  }
}
