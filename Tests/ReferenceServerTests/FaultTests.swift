import Testing
import TraceContext
import WebSocketProtocol

@testable import ReferenceServer

/// What the members of a room, and one of another room, hear of a message, and what is exported of it.
struct Heard {
  let chat: ServedChat
  let sent: Traceparent?
  /// Contexts of the sender's message before, and of the message of the other member after that.
  let before: Traceparent
  let others: Traceparent
  /// By member: the sender, then the other one.
  let echoes: [[HeardContext]]
  let strangers: [String]

  var firsts: [HeardContext] { echoes.compactMap(\.first) }
  var contexts: [Traceparent] { firsts.compactMap(\.context) }
  var traces: Set<TraceID> { Set(contexts.map(\.traceID)) }
  var traceID: TraceID { sent?.traceID ?? contexts.first?.traceID ?? .zero }
  var spans: [SeenSpan] { chat.spans.filter { $0.traceID == traceID } }
  var trees: [NamedSpan] { chat.trees(of: traceID, under: sent?.parentID ?? .zero) }

  func spans(named name: String) -> [SeenSpan] { spans.filter { $0.name == name } }
  func span(named name: String) throws -> SeenSpan { try #require(spans(named: name).first, "\(name)") }

  /// What the broadcasting span says.
  var group: String? { get throws { try span(named: "chat.broadcast_message").attributes["chat.group"] } }

  /// How often a span stands in the message's trees.
  func count(named name: String) -> Int { Self.count(name, trees) }

  private static func count(_ name: String, _ trees: [NamedSpan]) -> Int {
    trees.reduce(0) { $0 + ($1.name == name ? 1 : 0) + count(name, $1.children) }
  }
}

@Suite struct FaultTests {
  static let state = "a=b,c=d"
  static let baggage = "k=v,l=w;p"

  /// The message that a fault is looked at by.
  static func probe(_ fault: Fault) -> (context: Traceparent?, text: String) {
    let context = Traceparent.client(3)
    if [.ambientContext, .uncontextedJoined, .unsolicitedContext].contains(fault) { return (nil, Message.chat(nil)) }
    if fault == .invalidContextContinued { return (nil, Message.chat(traceparent: context.description.uppercased())) }
    if fault == .foreignContext { return (context, Message.typing(context)) }
    let unsampled = Traceparent.client(3, flags: 0)
    if fault == .unsampledExported { return (unsampled, Message.chat(unsampled)) }
    return (context, Message.chat(context, state: state, baggage: baggage))
  }

  /// After a message of each of two members, the sender's second one.
  static func hear(_ fault: Fault) throws -> Heard {
    let chat = try ServedChat(faults: [FaultOrder(fault)])
    let members = [try chat.join(), try chat.join()]
    let stranger = try chat.join(room: "s")
    let (context, text) = probe(fault)
    var heard: [[String]] = []
    for (sender, text) in [(0, Message.chat(.client(1))), (1, Message.chat(.client(2))), (0, text)] {
      try members[sender].say(text)
      heard = try (sender == 0 ? [0, 1] : [1, 0]).map { try members[$0].hearAll() }
    }
    // Ends the waits that a leak would have begun.
    try members[0].say(Message.unknown("7", nil))
    let strangers = try stranger.hearAll()
    #expect(chat.stop())
    return Heard(
      chat: chat, sent: context, before: .client(1), others: .client(2),
      echoes: try heard.map { try $0.filter { $0.hasPrefix("{") }.map(HeardContext.init) }, strangers: strangers)
  }

  @Test(arguments: Fault.allCases)
  func `a fault does what its summary says`(fault: Fault) throws {
    if Self.othersTest.contains(fault) { return }
    let heard = try Self.hear(fault)
    let names = heard.contexts.map { heard.chat.name(of: $0) }
    switch fault {
    case .traceRestarted:
      #expect(heard.traces.count == 1 && !heard.traces.contains(heard.traceID))
      #expect(heard.trees.isEmpty)
    case .ambientContext: try checkAmbient(heard)
    case .uncontextedJoined: checkJoined(heard)
    case .invalidContextContinued:
      let read = Traceparent.client(3)
      #expect(heard.traces == [read.traceID])
      #expect(heard.chat.trees(of: read.traceID, under: read.parentID).map(\.name) == ["websocket.receive"])
    case .absentContext: #expect(heard.firsts.map(\.hasCarrier) == [false, false])
    case .mistypedContext:
      #expect(heard.firsts.map(\.hasCarrier) == [true, true])
      #expect(heard.firsts.map(\.traceparent) == [nil, nil])
    case .malformedContext:
      #expect(heard.contexts.isEmpty)
      let texts = heard.firsts.compactMap(\.traceparent)
      #expect(texts.count == 2 && texts.allSatisfy { $0 == $0.uppercased() && $0 != $0.lowercased() })
    case .duplicateContext: try checkDuplicate(heard)
    case .wrongVersion:
      #expect(heard.firsts.map { $0.traceparent?.prefix(3) } == ["cc-", "cc-"])
      #expect(names == ["websocket.send", "websocket.send"])
    case .parentNotUpdated: #expect(heard.contexts == [heard.sent, heard.sent])
    case .crossedContext, .unsolicitedContext: #expect(heard.contexts == [heard.others, heard.others])
    case .staleContext: #expect(heard.contexts == [heard.before, heard.before])
    case .foreignContext:
      #expect(heard.traces.count == 2)
      #expect(heard.traces.isDisjoint(with: [heard.traceID, heard.before.traceID, heard.others.traceID]))
    case .sampledFlagChanged: checkFlags(heard, 0x00)
    case .randomFlagChanged: checkFlags(heard, 0x03)
    case .unknownFlags: checkFlags(heard, 0xfd)
    case .tracestateLost: checkLists(heard, nil, Self.baggage)
    case .tracestateTruncated: checkLists(heard, "a=b", Self.baggage)
    case .tracestateReordered: checkLists(heard, "c=d,a=b", Self.baggage)
    case .tracestateAltered: checkLists(heard, "a=x,c=d", Self.baggage)
    case .tracestateMalformed: checkLists(heard, "Not A Key=1,a=b,c=d", Self.baggage)
    case .tracestateMisplaced: checkLists(heard, "a=b,c=d,spanstorm=1", Self.baggage)
    case .baggageLost: checkLists(heard, Self.state, nil)
    case .baggageTruncated: checkLists(heard, Self.state, "k=v")
    case .baggageAltered: checkLists(heard, Self.state, "k=x,l=w;p")
    case .echoNamesNoSpan: #expect(names == [nil, nil] && heard.traces == [heard.traceID])
    case .echoNamesWrongSpan: #expect(names == ["chat.send_broadcast", "chat.send_broadcast"])
    case .sharedParent:
      #expect(names == ["websocket.send", "websocket.send"])
      #expect(Set(heard.contexts).count == 1 && heard.count(named: "websocket.send") == 2)
    case .traceNotExported:
      #expect(heard.spans.isEmpty)
      #expect(heard.contexts.map(\.flags) == [.sampled, .sampled])
    case .unsampledExported:
      #expect(heard.contexts.map(\.flags) == [[], []])
      #expect(heard.count(named: "websocket.send") == 2)
    case .wrongEntrySpan:
      #expect(heard.trees.map(\.name) == ["chat.process_message"])
      #expect(heard.chat.count(named: "websocket.receive") == 4)
    case .duplicateEntrySpan: #expect(heard.trees.map(\.name) == ["websocket.receive", "websocket.receive"])
    case .wrongParent:
      let broadcast = try heard.span(named: "chat.broadcast_message")
      #expect(heard.spans(named: "websocket.send").map(\.parentID) == [broadcast.spanID, broadcast.spanID])
    case .orphanSpan:
      #expect(heard.count(named: "websocket.send") == 0)
      #expect(heard.spans(named: "websocket.send").count == 2)
    case .unexpectedSpan: #expect(heard.count(named: "chat.audit") == 1)
    case .secondRoot:
      #expect(heard.chat.trees(of: heard.traceID, under: .zero).map(\.name) == ["chat.lost_context"])
    case .spanCycle: checkCycle(heard)
    case .duplicateSpanID:
      let (audit, save) = (try heard.span(named: "chat.audit"), try heard.span(named: "chat.save_message"))
      #expect(audit.spanID == save.spanID && audit.start != save.start)
    case .wrongSpanCount: #expect(heard.count(named: "chat.save_message") == 2)
    case .missingSpan: #expect(heard.count(named: "chat.save_message") == 0)
    case .wrongKind: #expect(heard.spans(named: "websocket.send").map(\.kind) == [.server, .server])
    case .wrongScope: #expect(try heard.span(named: "chat.broadcast_message").scope == "another.library")
    case .wrongStatus: #expect(try heard.span(named: "websocket.receive").isError)
    case .wrongAttribute: #expect(try heard.group == "chat_nowhere")
    case .crossedRoom: #expect(try heard.group == "chat_s")
    case .missingLink: #expect(try heard.span(named: "websocket.receive").links.isEmpty)
    case .missingEvent: #expect(try heard.span(named: "websocket.receive").events.isEmpty)
    case .wrongRemoteFlag: #expect(try heard.span(named: "websocket.receive").flags == 0x100)
    case .spanOutsideParent:
      let (process, save) = (try heard.span(named: "chat.process_message"), try heard.span(named: "chat.save_message"))
      #expect(save.start + 1_000_000_000 == process.start)
    case .spanOutsideMessage:
      let server = try #require(heard.chat.spans.first { $0.name == "HTTP /ws/chat/r/" })
      #expect(heard.spans.allSatisfy { $0.start > server.end && $0.end >= $0.start })
      #expect(heard.count(named: "chat.analyze_sentiment") == 1)
    case .spanReversed:
      let save = try heard.span(named: "chat.save_message")
      #expect(save.end + 1_000_000 == save.start)
    case .contextLeak: #expect(heard.count(named: "HTTP /ws/chat/r/ websocket receive") > 0)
    case .copyLost: checkCopies(heard, [1, 0])
    case .copyDuplicated:
      checkCopies(heard, [2, 1])
      #expect(Set(heard.echoes[0].map(\.text)).count == 1)
    case .copyMisdelivered:
      checkCopies(heard, [1, 1])
      #expect(heard.strangers.count == 3 && heard.strangers.last == heard.firsts.first?.text)
    case .spanDropped: #expect(heard.spans(named: "websocket.send").count == 1)
    case .unreadableMessage, .protocolError, .copyOutOfOrder, .copyLate: break
    }
    #expect(heard.chat.injected(fault) == Self.messages(fault))
  }

  /// Faults that tests of their own look at, below.
  private static let othersTest: Set<Fault> = [.unreadableMessage, .protocolError, .copyOutOfOrder, .copyLate]

  /// On how many of the three messages, and of the last one of an unknown type, a fault can act.
  private static func messages(_ fault: Fault) -> Int {
    let last = fault == .unsampledExported
    if last || probe(fault).context == nil || fault == .foreignContext || fault == .staleContext { return 1 }
    if fault == .crossedContext { return 2 }
    return FaultSet([fault]).isSubset(of: lists) ? 1 : 3
  }

  private static let lists = FaultSet([
    .tracestateLost, .tracestateTruncated, .tracestateReordered, .tracestateAltered, .tracestateMalformed,
    .tracestateMisplaced, .baggageLost, .baggageTruncated, .baggageAltered,
  ])

  private func checkAmbient(_ heard: Heard) throws {
    let server = try #require(heard.chat.spans.first { $0.name == "HTTP /ws/chat/r/" && $0.traceID == heard.traceID })
    #expect(heard.chat.trees(of: heard.traceID, under: server.spanID).map(\.name).contains("websocket.receive"))
  }

  private func checkJoined(_ heard: Heard) {
    #expect(heard.traces == [heard.others.traceID])
    let tree = heard.chat.trees(of: heard.others.traceID, under: heard.others.parentID)
    #expect(tree.first?.children.map(\.name) == ["chat.process_message", "websocket.receive"])
  }

  private func checkDuplicate(_ heard: Heard) throws {
    #expect(heard.firsts.count == 2)
    for echo in heard.firsts {
      let parts = echo.text.split(separator: "\"traceparent\":\"", omittingEmptySubsequences: false).dropFirst()
      let contexts = try parts.map { try Traceparent(String($0.prefix(Traceparent.textLength))) }
      #expect(contexts.count == 2)
      #expect(contexts.first?.traceID != heard.traceID)
      #expect(contexts.last.flatMap { heard.chat.name(of: $0) } == "websocket.send")
    }
  }

  private func checkFlags(_ heard: Heard, _ flags: UInt8) {
    #expect(heard.contexts.map(\.flags.rawValue) == [flags, flags])
    #expect(heard.contexts.map { heard.chat.name(of: $0) } == ["websocket.send", "websocket.send"])
  }

  private func checkLists(_ heard: Heard, _ state: String?, _ baggage: String?) {
    #expect(heard.firsts.map(\.tracestate) == [state, state])
    #expect(heard.firsts.map(\.baggage) == [baggage, baggage])
    #expect(heard.traces == [heard.traceID])
  }

  private func checkCycle(_ heard: Heard) {
    let parents = Dictionary(heard.spans.map { ($0.spanID, $0.parentID) }, uniquingKeysWith: { first, _ in first })
    let looping = heard.spans.filter { parents[$0.parentID] == $0.spanID }
    #expect(looping.map(\.name) == ["chat.save_message", "chat.save_message"])
  }

  private func checkCopies(_ heard: Heard, _ copies: [Int]) {
    #expect(heard.echoes.map(\.count) == copies)
    #expect(heard.count(named: "websocket.send") == 2)
  }

  @Test func `a message that is no JSON goes out before the echo, to the sender alone`() throws {
    let chat = try ServedChat(faults: [FaultOrder(.unreadableMessage)])
    let members = [try chat.join(), try chat.join()]
    try members[0].say(Message.chat(.client(1)))
    #expect(try members[0].hear() == "no JSON at all")
    #expect(try members[0].hearContext().traceID == Traceparent.client(1).traceID)
    #expect(try members[1].hearContext().traceID == Traceparent.client(1).traceID)
    #expect(chat.stop())
    #expect(chat.injected(.unreadableMessage) == 1)
  }

  @Test func `the frame to the sender breaks the protocol, the others' do not`() throws {
    let chat = try ServedChat(faults: [FaultOrder(.protocolError)])
    let members = [try chat.join(), try chat.join()]
    try members[0].say(Message.chat(.client(1)))
    #expect(throws: ProtocolError.maskedFrame) { try members[0].hear() }
    #expect(try members[1].hearContext().traceID == Traceparent.client(1).traceID)
    #expect(chat.stop())
    #expect(chat.injected(.protocolError) == 1)
  }

  @Test func `copies change places with those of the sender's next message`() throws {
    let chat = try ServedChat(faults: [FaultOrder(.copyOutOfOrder)])
    let members = [try chat.join(), try chat.join()]
    try members[0].say(together: [Message.chat(.client(1)), Message.chat(.client(2))])
    for member in members {
      #expect(try member.hearContext().traceID == Traceparent.client(2).traceID)
      #expect(try member.hearContext().traceID == Traceparent.client(1).traceID)
    }
    // Nothing comes behind it, so this one is held back for a while, in order, and not counted.
    try members[0].say(Message.chat(.client(3)))
    #expect(try members[1].hearContext().traceID == Traceparent.client(3).traceID)
    #expect(chat.stop())
    #expect(chat.injected(.copyOutOfOrder) == 1)
  }

  @Test func `the last member's copy is late, its spans are not`() throws {
    let chat = try ServedChat(faults: [FaultOrder(.copyLate)])
    let members = [try chat.join(), try chat.join()]
    let begin = ContinuousClock.now
    try members[0].say(Message.chat(.client(1)))
    #expect(try members[0].hearContext().traceID == Traceparent.client(1).traceID)
    #expect(try members[1].hearContext().traceID == Traceparent.client(1).traceID)
    #expect(ContinuousClock.now - begin > .milliseconds(1200))
    #expect(chat.stop())
    #expect(chat.injected(.copyLate) == 1)
    let sends = chat.spans(named: "websocket.send", of: Traceparent.client(1).traceID)
    #expect(sends.count == 2 && sends.allSatisfy { $0.end - $0.start < 1_000_000_000 })
  }

  @Test func `typing loses the span of a send where there is nothing to save`() throws {
    let chat = try ServedChat(faults: [FaultOrder(.missingSpan)])
    let client = try chat.join()
    try client.say(Message.typing(.client(1)))
    #expect(try client.hearContext().traceID == Traceparent.client(1).traceID)
    #expect(chat.stop())
    #expect(chat.count(named: "websocket.send") == 1)
    #expect(
      !chat.spans.contains { $0.traceID == Traceparent.client(1).traceID && $0.name.hasSuffix(" websocket send") })
    #expect(chat.injected(.missingSpan) == 1)
  }

  @Test func `each fault has a summary of its own, and fits into the set`() {
    #expect(Set(Fault.allCases.map(\.summary)).count == Fault.allCases.count)
    #expect(Fault.allCases.count <= UInt64.bitWidth)
    #expect(FaultSet(Fault.allCases).count == Fault.allCases.count)
    #expect(Fault.allCases.filter(\.findings.isEmpty) == [.spanDropped])
  }
}
