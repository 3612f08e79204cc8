import OTLPMessages
import Reactor
import Timing
import TraceContext

/// What the chat does with a message, span by span.
extension ReferenceServer {
  func handle(_ text: Span<UInt8>, on slot: Int) {
    guard let client = clients[slot], let room = client.room else { return }
    let message: ChatMessage
    do throws(ChatMessage.Fault) {
      message = try ChatMessage(text)
    } catch {
      return refuse(error, from: client)
    }
    let received = message.context.traceparent.map { SpanContext(received: $0, tracestate: message.tracestate) }
    let faults = injector.isIdle ? [] : drawFaults(message, received, from: slot, client)
    let exchange = Exchange(
      message: message, sender: slot, room: room, received: received, server: client.serverSpan?.context,
      faults: faults)
    let mark = tracer.mark
    let receive = answer(exchange)
    if !faults.isEmpty { rewriteSpans(of: exchange, since: mark) }
    if !injector.isIdle { remember(exchange, receive) }
  }

  private func refuse(_ fault: ChatMessage.Fault, from client: Client) {
    let reason = fault == .invalidJSON ? "invalid_json" : "not_an_object"
    let receive = beginReceive(under: nil, hasContext: false, server: client.serverSpan?.context)
    tracer.end(receive, status: .error(message: reason))
  }

  private func beginReceive(under parent: SpanContext?, hasContext: Bool, server: SpanContext?) -> OpenSpan {
    var receive = tracer.begin(
      "websocket.receive", .server, under: parent,
      attributes: hasContext ? Self.contextedAttributes : Self.uncontextedAttributes, link: server)
    receive.happened("message.received")
    return receive
  }

  /// Handles the message in its trace, or in a new one where it brings none; returns the receive span's context.
  private func answer(_ exchange: Exchange) -> SpanContext {
    let parent = exchange.faults.isEmpty ? exchange.received : misledParent(exchange)
    var receive = beginReceive(under: parent, hasContext: exchange.received != nil, server: exchange.server)
    let broadcast: Broadcast?
    switch exchange.message.kind {
    case .chat(let text, let length): broadcast = process(text, length: length, exchange, under: receive.context)
    case .typing(let isTyping): broadcast = type(isTyping, exchange, under: receive.context)
    case .unknown(let type):
      receive.happened("Unknown message type: \(type)")
      broadcast = nil
    }
    tracer.end(receive)
    if let broadcast { deliver(broadcast, exchange) }
    return receive.context
  }

  private func process(
    _ text: String, length: Int, _ exchange: Exchange, under parent: SpanContext
  ) -> Broadcast {
    let process = tracer.begin(
      "chat.process_message", under: parent, attributes: [Attribute("chat.message.length", .int(Int64(length)))])
    tracer.end(tracer.begin("chat.save_message", under: process.context))
    let broadcast = tracer.begin(
      "chat.broadcast_message", .producer, under: process.context, attributes: rooms[exchange.room].groupAttributes)
    tracer.end(broadcast)
    let queue = tracer.begin("chat.queue_background_task", .producer, under: process.context)
    tracer.end(queue)
    tasks.append(
      BackgroundTask(
        due: Instant.now.advanced(byNanoseconds: BackgroundTask.delay), context: queue.context.remote,
        faults: exchange.faults))
    tracer.end(process)
    return Broadcast(
      prefix: Self.chatPrefix(text), context: broadcast.context.remote, memberSpan: "chat.send_broadcast")
  }

  private func type(_ isTyping: Bool, _ exchange: Exchange, under parent: SpanContext) -> Broadcast {
    let typing = tracer.begin(
      "chat.typing_indicator", .producer, under: parent,
      attributes: [Attribute("chat.typing", .bool(isTyping)), rooms[exchange.room].group])
    tracer.end(typing)
    return Broadcast(prefix: Self.typingPrefix(isTyping), context: typing.context.remote, memberSpan: nil)
  }

  /// Sends to each member, each in a send span of its own whose context the echo carries.
  private func deliver(_ broadcast: Broadcast, _ exchange: Exchange) {
    var copies: [EchoCopy] = []
    var first: Traceparent?
    for member in rooms[exchange.room].members {
      let wrapper = broadcast.memberSpan.map {
        tracer.begin($0, .consumer, under: broadcast.context, attributes: Self.userAttributes)
      }
      let parent = wrapper?.context ?? broadcast.context
      let send = tracer.begin("websocket.send", .client, under: parent, attributes: Self.sendAttributes)
      tracer.end(tracer.begin(rooms[exchange.room].sendSpanName, under: send.context))
      let echo = echo(broadcast, send.context, parent: parent, first: &first, exchange)
      if exchange.faults.isEmpty {
        transmit(echo, on: member)
      } else {
        copies.append(EchoCopy(member: member, text: echo))
      }
      tracer.end(send)
      if let wrapper { tracer.end(wrapper) }
    }
    if !exchange.faults.isEmpty { misdeliver(copies, broadcast, exchange) }
    if !heldCopies.isEmpty { releaseCopies(behind: exchange) }
  }

  /// - Parameters:
  ///   - send: context of the member's send span.
  ///   - parent: the one of the span above it.
  ///   - first: what the first member's echo carried, for the fault that repeats it.
  private func echo(
    _ broadcast: Broadcast, _ send: SpanContext, parent: SpanContext, first: inout Traceparent?, _ exchange: Exchange
  ) -> String {
    // A tracestate belongs to its traceparent, and goes with it; baggage stands for itself.
    var context = EchoContext(
      traceparent: send.traceparent, tracestate: exchange.received == nil ? "" : exchange.message.tracestate,
      baggage: exchange.message.baggage)
    if exchange.faults.isEmpty { return context.echo(broadcast.prefix) }
    context.traceparent = misledContext(send.traceparent, parent: parent, first: &first, exchange)
    return context.echo(broadcast.prefix, with: exchange.faults)
  }

  static func chatPrefix(_ text: String) -> String {
    "{\"type\":\"chat_message\",\"message\":\"\(text)\",\"user\":\"\",\"timestamp\":\(timestamp)"
  }

  static func typingPrefix(_ isTyping: Bool) -> String {
    "{\"type\":\"typing\",\"user\":\"\",\"is_typing\":\(isTyping)"
  }

  private static var timestamp: String {
    let microseconds = WallClock.nanoseconds / 1000
    let fraction = String(microseconds % 1_000_000)
    return "\(microseconds / 1_000_000).\(String(repeating: "0", count: 6 - fraction.utf8.count))\(fraction)"
  }

  private static let contextedAttributes = [
    Attribute("websocket.message.type", .string("text")), Attribute("trace.propagated", .bool(true)),
  ]
  private static let uncontextedAttributes = [
    Attribute("websocket.message.type", .string("text")), Attribute("trace.propagated", .bool(false)),
  ]
  static let sendAttributes = [Attribute("trace.propagated", .bool(true))]
  static let userAttributes = [Attribute("chat.user", .string(""))]
}
