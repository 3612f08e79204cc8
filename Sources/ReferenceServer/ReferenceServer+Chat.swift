import OTLPMessages
import Reactor
import Timing
import TraceContext
import WebSocketProtocol

/// What the chat does with a message, span by span; a fault changes one thing of it.
extension ReferenceServer {
  func handle(_ text: Span<UInt8>, on slot: Int) {
    let message: ChatMessage
    do throws(ChatMessage.Fault) {
      message = try ChatMessage(text)
    } catch {
      let receive = tracer.begin("websocket.receive", .server, under: nil, link: clients[slot]?.serverSpan?.context)
      let reason = error == .invalidJSON ? "invalid_json" : "not_an_object"
      tracer.end(receive, status: .error(message: reason))
      return
    }
    guard let client = clients[slot] else { return }
    let received = message.traceparent.map {
      SpanContext(
        traceID: $0.traceID, spanID: $0.parentID, flags: $0.flags.intersection(.defined), isRemote: true)
    }
    var parent = received
    if fault(.traceRestarted) { parent = nil }
    let receiveParent = fault(.wrongEntrySpan) ? client.serverSpan?.context : parent
    let receive = tracer.begin(
      "websocket.receive", .server, under: receiveParent, attributes: Self.receiveAttributes,
      link: client.serverSpan?.context)
    let handler = fault(.wrongEntrySpan) ? parent : receive.context
    switch message.kind {
    case .chat(let content, let length):
      process(content, length: length, message, received, under: handler, on: slot, receive)
    case .typing(let isTyping): type(isTyping, message, received, under: handler, on: slot, receive)
    case .unknown: tracer.end(receive, status: .unset)
    }
    clients[slot]?.lastSent = received?.traceparent
    if let received { lastMessage = (slot, received.traceparent) }
  }

  private func process(
    _ content: String, length: Int, _ message: ChatMessage, _ received: SpanContext?, under parent: SpanContext?,
    on slot: Int, _ receive: OpenSpan
  ) {
    let room = clients[slot]?.room ?? 0
    let process = tracer.begin(
      "chat.process_message", under: parent, attributes: [Attribute("chat.message.length", .int(Int64(length)))])
    let save = tracer.begin("chat.save_message", under: process.context)
    tracer.end(save)
    if fault(.unexpectedSpan) { tracer.end(tracer.begin("chat.audit", under: process.context)) }
    let broadcast = tracer.begin(
      "chat.broadcast_message", .producer, under: process.context, attributes: rooms[room].groupAttributes)
    tracer.end(broadcast)
    let queue = tracer.begin("chat.queue_background_task", .producer, under: process.context)
    tracer.end(queue)
    tasks.append((due: Instant.now.advanced(byNanoseconds: Self.taskDelay), context: remote(queue.context)))
    tracer.end(process)
    tracer.end(receive)
    let prefix = "{\"type\":\"chat_message\",\"message\":\"\(content)\",\"user\":\"\",\"timestamp\":\(Self.timestamp)"
    deliver(to: room, from: slot, Delivery(prefix: prefix, message: message, received: received)) { server in
      let send = server.tracer.begin(
        "chat.send_broadcast", .consumer, under: server.remote(broadcast.context), attributes: Self.userAttributes)
      return (parent: send.context, above: broadcast.context, wrapper: send)
    }
    leak(process.context, to: room)
  }

  private func type(
    _ isTyping: Bool, _ message: ChatMessage, _ received: SpanContext?, under parent: SpanContext?, on slot: Int,
    _ receive: OpenSpan
  ) {
    let room = clients[slot]?.room ?? 0
    let typing = tracer.begin(
      "chat.typing_indicator", .producer, under: parent, attributes: [Attribute("chat.typing", .bool(isTyping))])
    tracer.end(typing)
    tracer.end(receive)
    let prefix = "{\"type\":\"typing\",\"user\":\"\",\"is_typing\":\(isTyping)"
    deliver(to: room, from: slot, Delivery(prefix: prefix, message: message, received: received)) { server in
      (parent: server.remote(typing.context), above: receive.context, wrapper: nil)
    }
    leak(typing.context, to: room)
  }

  /// What goes to each member of a room.
  private struct Delivery {
    var prefix: String
    var message: ChatMessage
    var received: SpanContext?
  }

  /// Sends to each member, each in a send span of its own, under what `wrap` gives.
  private func deliver(
    to room: Int, from sender: Int, _ delivery: Delivery,
    wrap: (ReferenceServer) -> (parent: SpanContext, above: SpanContext, wrapper: OpenSpan?)
  ) {
    var shared: Traceparent?
    for member in rooms[room].members {
      let (parent, above, wrapper) = wrap(self)
      var sendParent = parent
      if fault(.wrongParent) { sendParent = above }
      if fault(.orphanSpan) { sendParent.spanID = tracer.randomSpanID() }
      let send = tracer.begin(
        "websocket.send", fault(.wrongKind) ? .server : .client, under: sendParent, attributes: Self.sendAttributes)
      var context = send.context.traceparent
      if fault(.echoNamesWrongSpan) { context.parentID = parent.spanID }
      if fault(.echoNamesNoSpan) { context.parentID = tracer.randomSpanID() }
      if fault(.sharedParent) {
        context = shared ?? context
        shared = context
      }
      context = misled(context, delivery.received, sender: sender)
      if fault(.unreadableMessage), member == sender { transmit(.text, "no JSON at all", on: member) }
      let asgi = tracer.begin(rooms[room].sendSpanName, under: send.context)
      tracer.end(asgi)
      transmit(echo(delivery, context), on: member)
      sends += 1
      if !(fault(.spanDropped) && sends.isMultiple(of: 100)) { tracer.end(send) }
      if let wrapper { tracer.end(wrapper) }
    }
  }

  /// The context that an echo carries where a fault puts another one in its place.
  private func misled(_ context: Traceparent, _ received: SpanContext?, sender: Int) -> Traceparent {
    guard let received else { return context }
    if fault(.parentNotUpdated) { return received.traceparent }
    if fault(.crossedContext), let lastMessage, lastMessage.slot != sender { return lastMessage.context }
    if fault(.staleContext), let last = clients[sender]?.lastSent { return last }
    if fault(.foreignContext) {
      return Traceparent(traceID: tracer.randomTraceID(), parentID: tracer.randomSpanID(), flags: context.flags)
    }
    return context
  }

  private func echo(_ delivery: Delivery, _ context: Traceparent) -> String {
    if fault(.absentContext) { return delivery.prefix + "}" }
    let traceparent = fault(.malformedContext) ? context.description.uppercased() : context.description
    let tracestate = delivery.message.traceparent == nil ? nil : delivery.message.tracestate
    let state = tracestate.map { $0.isEmpty ? "" : ",\"tracestate\":\"\($0)\"" } ?? ""
    return "\(delivery.prefix),\"trace_context\":{\"traceparent\":\"\(traceparent)\"\(state)}}"
  }

  private func leak(_ context: SpanContext, to room: Int) {
    guard fault(.contextLeak) else { return }
    for member in rooms[room].members { clients[member]?.leaked = remote(context) }
  }

  /// A context as it comes out of the channel layer or the task queue.
  private func remote(_ context: SpanContext) -> SpanContext {
    var context = context
    context.isRemote = true
    return context
  }

  /// Runs the background tasks that are due.
  func runTasks(_ now: Instant) {
    while let task = tasks.first, task.due <= now {
      tasks.removeFirst()
      let background = tracer.begin("chat.process_message_background", .consumer, under: task.context)
      tracer.end(tracer.begin("chat.analyze_sentiment", under: background.context))
      tracer.end(background)
    }
  }

  private static var timestamp: String {
    let microseconds = WallClock.nanoseconds / 1000
    let fraction = String(microseconds % 1_000_000)
    return "\(microseconds / 1_000_000).\(String(repeating: "0", count: 6 - fraction.utf8.count))\(fraction)"
  }

  /// How long after its message a background task runs.
  private static let taskDelay: Int64 = 5_000_000
  private static let receiveAttributes = [
    Attribute("websocket.message.type", .string("text")), Attribute("trace.propagated", .bool(true)),
  ]
  private static let sendAttributes = [Attribute("trace.propagated", .bool(true))]
  private static let userAttributes = [Attribute("chat.user", .string(""))]
}
