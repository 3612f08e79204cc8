import OTLPMessages
import TraceContext

/// Rewrites the spans of one message, which were right, as its faults have them.
///
/// A fault of the spans alone changes nothing but what is exported, so the handler need not know of it.
struct SpanFaults {
  var faults: FaultSet
  /// The connection's server span.
  var server: SpanContext?
  /// The group that `crossed-room` says.
  var otherGroup: String

  func rewrite(_ spans: inout [ExportedSpan], _ tracer: inout Tracer) {
    if faults.has(.traceNotExported) { return spans.removeAll() }
    rewriteReceive(&spans, &tracer)
    rewriteBroadcast(&spans)
    rewriteSave(&spans, &tracer)
    rewriteSends(&spans, &tracer)
    addStrangers(&spans, &tracer)
    if faults.has(.spanOutsideMessage) { postpone(&spans) }
  }

  private func rewriteReceive(_ spans: inout [ExportedSpan], _ tracer: inout Tracer) {
    guard let place = spans.firstIndex(where: { $0.name == "websocket.receive" }) else { return }
    if faults.has(.wrongStatus) { spans[place].status = .error(message: "") }
    if faults.has(.missingLink) { spans[place].link = nil }
    if faults.has(.missingEvent) { spans[place].events = [] }
    if faults.has(.wrongRemoteFlag) { spans[place].flags &= ~ExportedSpan.isRemote }
    if faults.has(.duplicateEntrySpan) { spans.append(spans[place].twin(tracer.randomSpanID())) }
    if faults.has(.wrongEntrySpan) { moveIntoConnection(place, &spans) }
  }

  /// The receive span goes into the connection's trace; what it held begins under the client's span.
  private func moveIntoConnection(_ place: Int, _ spans: inout [ExportedSpan]) {
    let receive = spans[place]
    for child in spans.indices where spans[child].parentID == receive.spanID {
      spans[child].parentID = receive.parentID
      spans[child].flags = receive.flags
    }
    guard let server, server.isRecorded else {
      spans.remove(at: place)
      return
    }
    spans[place].traceID = server.traceID
    spans[place].parentID = server.spanID
    spans[place].traceState = server.tracestate
    spans[place].flags &= ~ExportedSpan.isRemote
  }

  private func rewriteBroadcast(_ spans: inout [ExportedSpan]) {
    guard let place = spans.firstIndex(where: { Self.broadcasts.contains($0.name) }) else { return }
    if faults.has(.wrongScope) { spans[place].scope = SpanExporter.otherScope }
    if faults.has(.wrongAttribute) { spans[place].say("chat.group", "chat_nowhere") }
    if faults.has(.crossedRoom) { spans[place].say("chat.group", otherGroup) }
  }

  private static let broadcasts = ["chat.broadcast_message", "chat.typing_indicator"]

  private func rewriteSave(_ spans: inout [ExportedSpan], _ tracer: inout Tracer) {
    guard let place = spans.firstIndex(where: { $0.name == "chat.save_message" }) else {
      if faults.has(.missingSpan), let place = spans.firstIndex(where: { $0.name.hasSuffix(" websocket send") }) {
        spans.remove(at: place)
      }
      return
    }
    let save = spans[place]
    if faults.has(.spanReversed) { spans[place].end = save.start &- 1_000_000 }
    if faults.has(.spanOutsideParent), let parent = spans.first(where: { $0.spanID == save.parentID }) {
      spans[place].start = parent.start &- 1_000_000_000
    }
    if faults.has(.duplicateSpanID) {
      var audit = save
      audit.name = "chat.audit"
      audit.start &-= 1000
      spans.append(audit)
    }
    if faults.has(.wrongSpanCount) { spans.append(save.twin(tracer.randomSpanID())) }
    if faults.has(.spanCycle) { spans += save.cycle(tracer.randomSpanID(), tracer.randomSpanID()) }
    if faults.has(.missingSpan) { spans.remove(at: place) }
  }

  private func rewriteSends(_ spans: inout [ExportedSpan], _ tracer: inout Tracer) {
    guard faults.has(.wrongKind) || faults.has(.wrongParent) || faults.has(.orphanSpan) else { return }
    for place in spans.indices where spans[place].name == "websocket.send" {
      if faults.has(.wrongKind) { spans[place].kind = .server }
      if faults.has(.orphanSpan) { spans[place].parentID = tracer.randomSpanID() }
      if faults.has(.wrongParent), let parent = spans.first(where: { $0.spanID == spans[place].parentID }) {
        spans[place].parentID = parent.parentID
      }
    }
  }

  /// Spans that belong nowhere, each beside the span that handles the message.
  private func addStrangers(_ spans: inout [ExportedSpan], _ tracer: inout Tracer) {
    let receive = spans.first { $0.name == "websocket.receive" }
    if faults.has(.secondRoot), var lost = receive?.plain("chat.lost_context", tracer.randomSpanID()) {
      lost.parentID = .zero
      spans.append(lost)
    }
    let handlers = ["chat.process_message", "chat.typing_indicator"]
    if faults.has(.unexpectedSpan), let handler = spans.first(where: { handlers.contains($0.name) }) {
      var audit = handler.plain("chat.audit", tracer.randomSpanID())
      audit.parentID = handler.spanID
      spans.append(audit)
    }
  }

  private func postpone(_ spans: inout [ExportedSpan]) {
    for place in spans.indices {
      spans[place].start &+= Self.hour
      spans[place].end &+= Self.hour
      for event in spans[place].events.indices { spans[place].events[event].time &+= Self.hour }
    }
  }

  private static let hour: UInt64 = 3_600_000_000_000
}

extension ExportedSpan {
  /// The same span once more, under another ID.
  fileprivate func twin(_ id: SpanID) -> ExportedSpan {
    var twin = self
    twin.spanID = id
    return twin
  }

  /// An internal span of the same trace and time that says nothing else.
  fileprivate func plain(_ name: String, _ id: SpanID) -> ExportedSpan {
    ExportedSpan(
      traceID: traceID, spanID: id, traceState: traceState, name: name, start: start, end: end,
      flags: ExportedSpan.hasIsRemote)
  }

  /// Two twins, each the other's parent.
  fileprivate func cycle(_ one: SpanID, _ other: SpanID) -> [ExportedSpan] {
    var pair = [twin(one), twin(other)]
    pair[0].parentID = other
    pair[1].parentID = one
    return pair
  }

  fileprivate mutating func say(_ key: String, _ text: String) {
    guard let place = attributes.firstIndex(where: { $0.key == key }) else { return }
    attributes[place].value = .string(text)
  }
}
