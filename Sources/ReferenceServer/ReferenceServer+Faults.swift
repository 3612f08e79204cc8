import OTLPMessages
import TraceContext

/// Where faults take the place of what is right, in contexts and spans.
extension ReferenceServer {
  func drawFaults(_ message: ChatMessage, _ received: SpanContext?, from slot: Int, _ client: Client) -> FaultSet {
    injector.draw(
      for: FaultOccasion(
        message: message, received: received, members: client.room.map { rooms[$0].members.count } ?? 0,
        hasStrangers: stranger(to: client.room) != nil, canHoldCopies: canHoldCopies(of: client),
        earlier: client.lastContext, last: lastMessage, sender: slot))
  }

  /// What later messages are misled by.
  func remember(_ exchange: Exchange, _ receive: SpanContext) {
    guard let received = exchange.received else { return }
    clients[exchange.sender]?.lastContext = received.traceparent
    lastMessage = LastMessage(sender: exchange.sender, context: received.traceparent, receive: receive)
  }

  /// What the receive span is under.
  func misledParent(_ exchange: Exchange) -> SpanContext? {
    let faults = exchange.faults
    if faults.has(.traceRestarted) { return nil }
    if faults.has(.ambientContext) { return exchange.server }
    if faults.has(.uncontextedJoined) { return lastMessage?.receive }
    if faults.has(.invalidContextContinued) {
      return exchange.message.context.lenientlyRead.map { SpanContext(received: $0) }
    }
    var received = exchange.received
    if faults.has(.unsampledExported) { received?.isRecorded = true }
    return received
  }

  /// The context that an echo carries instead of its send span's.
  ///
  /// - Parameters:
  ///   - parent: of the send span.
  ///   - first: the one of the first member's echo, which this sets.
  func misledContext(
    _ context: Traceparent, parent: SpanContext, first: inout Traceparent?, _ exchange: Exchange
  ) -> Traceparent {
    let faults = exchange.faults
    var context = context
    if faults.has(.echoNamesWrongSpan) { context.parentID = parent.spanID }
    if faults.has(.echoNamesNoSpan) { context.parentID = tracer.randomSpanID() }
    if faults.has(.parentNotUpdated), let received = exchange.received { context = received.traceparent }
    if faults.has(.crossedContext) || faults.has(.unsolicitedContext), let lastMessage { context = lastMessage.context }
    if faults.has(.staleContext), let earlier = clients[exchange.sender]?.lastContext { context = earlier }
    if faults.has(.foreignContext) { context.traceID = tracer.randomTraceID() }
    if faults.has(.sharedParent), let first { context = first }
    first = first ?? context
    return context
  }

  func rewriteSpans(of exchange: Exchange, since mark: Int) {
    let others = rooms.indices.first { $0 > exchange.room } ?? rooms.indices.first { $0 != exchange.room }
    let spanFaults = SpanFaults(
      faults: exchange.faults, server: exchange.server,
      otherGroup: others.map { "chat_\(rooms[$0].name)" } ?? "chat_other")
    tracer.rewrite(since: mark, spanFaults.rewrite)
    if exchange.faults.has(.spanDropped) { tracer.lose("websocket.send", since: mark) }
  }

  /// The context stays attached on the connection of every receiver, and what comes next there is under it.
  func leak(_ context: SpanContext, to room: Int) {
    for member in rooms[room].members { clients[member]?.leaked = context.remote }
  }
}
