import Testing
import TraceContext

@testable import ReferenceServer

@Suite struct FaultInjectorTests {
  /// A moment at which every fault that a message can have at all is possible.
  private func occasion(
    _ text: String, members: Int = 3, hasStrangers: Bool = true, canHold: Bool = true,
    earlier: Traceparent? = .client(8), last: Traceparent? = .client(9), lastSender: Int = 1
  ) throws -> FaultOccasion {
    let message = try ChatMessage(Array(text.utf8).span)
    let received = message.context.traceparent.map { SpanContext(received: $0) }
    return FaultOccasion(
      message: message, received: received, members: members, hasStrangers: hasStrangers,
      canHoldCopies: (canHold, canHold),
      earlier: earlier,
      last: last.map { LastMessage(sender: lastSender, context: $0, receive: SpanContext(received: $0)) }, sender: 0)
  }

  @Test(arguments: [(0.001, 0.0003), (0.01, 0.001), (0.5, 0.005)] as [(Double, Double)])
  func `a share of messages is picked, each on its own`(share: Double, tolerance: Double) throws {
    var injector = FaultInjector([FaultOrder(.contextLeak, share: share)], seed: 17)
    let occasion = try occasion(Message.chat(.client(1)))
    let count = 100_000
    let picked = (0..<count).map { _ in injector.draw(for: occasion).has(.contextLeak) }
    let messages = try #require(injector.counts.first).messages
    #expect(messages == picked.count { $0 })
    #expect(abs(Double(messages) / Double(count) - share) < tolerance)
    // Pairs are as frequent as independence makes them.
    let pairs = zip(picked, picked.dropFirst()).count { $0 && $1 }
    #expect(abs(Double(pairs) / Double(count) - share * share) < tolerance)
  }

  @Test func `the whole share picks every message, and no order none`() throws {
    var all = FaultInjector([FaultOrder(.wrongKind)], seed: 1)
    var none = FaultInjector([], seed: 1)
    let occasion = try occasion(Message.chat(.client(1)))
    for _ in 0..<1000 {
      #expect(all.draw(for: occasion) == FaultSet([.wrongKind]))
      #expect(none.draw(for: occasion).isEmpty)
    }
    #expect(none.isIdle && none.counts.isEmpty)
    #expect(all.counts.map(\.messages) == [1000])
  }

  @Test func `of two orders of one fault the last counts`() throws {
    var injector = FaultInjector([FaultOrder(.wrongKind, share: 1e-9), FaultOrder(.wrongKind)], seed: 1)
    #expect(injector.draw(for: try occasion(Message.chat(.client(1)))).has(.wrongKind))
    #expect(injector.counts.count == 1)
  }

  private static let full = Message.chat(.client(1), state: "a=b,c=d", baggage: "k=v,l=w")

  /// Everything that a fault needs, and the one thing of it that is taken away.
  private static let impossible: [(label: String, fault: Fault, text: String)] = [
    ("a context", .traceRestarted, Message.chat(nil)),
    ("a text of its own", .traceRestarted, Message.typing(.client(1))),
    ("no context", .ambientContext, full), ("no context", .unsolicitedContext, full),
    ("nothing in its place", .unsolicitedContext, Message.chat(traceparent: "x")),
    ("IDs", .invalidContextContinued, Message.chat(traceparent: "00-12-34-01")),
    ("a refusal", .invalidContextContinued, full), ("a context", .absentContext, Message.chat(nil)),
    ("a context", .malformedContext, Message.chat(nil)),
    ("a known type", .malformedContext, Message.unknown("7", .client(1))),
    ("another trace before", .staleContext, Message.chat(.client(8))),
    ("another trace before", .crossedContext, Message.chat(.client(9))), ("no text", .foreignContext, full),
    ("a tracestate", .tracestateLost, Message.chat(.client(1))),
    ("a context beside", .tracestateLost, Message.chat(traceparent: "x")),
    ("two members", .tracestateTruncated, Message.chat(.client(1), state: "a=b")),
    ("two members", .tracestateReordered, Message.chat(.client(1), state: "a=b,,")),
    ("a value", .tracestateAltered, Message.chat(.client(1), state: "a")),
    (
      "room for one more", .tracestateMisplaced,
      Message.chat(.client(1), state: (0..<32).map { "k\($0)=v" }.joined(separator: ","))
    ),
    ("baggage", .baggageAltered, Message.chat(.client(1))),
    ("two members", .baggageTruncated, Message.chat(.client(1), baggage: "k=v")),
    ("a sampled flag", .echoNamesNoSpan, Message.chat(.client(1, flags: 2))),
    ("a sampled flag", .wrongStatus, Message.chat(.client(1, flags: 0))),
    ("a sampled flag", .contextLeak, Message.chat(.client(1, flags: 0))),
    ("no sampled flag", .unsampledExported, full), ("something to save", .spanReversed, Message.typing(.client(1))),
    ("something to save", .duplicateSpanID, Message.typing(.client(1))),
    ("an echo", .copyLost, Message.unknown("\"x\"", .client(1))), ("a correlation", .copyLost, Message.typing(nil)),
    ("an echo", .unreadableMessage, Message.unknown("\"x\"", nil)),
  ]

  @Test(arguments: impossible)
  func `a fault is neither drawn nor counted without`(label: String, fault: Fault, text: String) throws {
    var injector = FaultInjector([FaultOrder(fault)], seed: 1)
    #expect(injector.draw(for: try occasion(text)).isEmpty)
    #expect(injector.counts.map(\.messages) == [0])
  }

  @Test func `a fault is not drawn where the server around lacks what it needs`() throws {
    let text = Self.full
    #expect(try !occasion(text, earlier: nil).allows(.staleContext))
    #expect(try !occasion(text, last: nil).allows(.crossedContext))
    #expect(try !occasion(text, lastSender: 0).allows(.crossedContext))
    #expect(try !occasion(text, members: 1).allows(.sharedParent))
    #expect(try !occasion(text, hasStrangers: false).allows(.copyMisdelivered))
    #expect(try !occasion(text, canHold: false).allows(.copyOutOfOrder))
    #expect(try !occasion(text, canHold: false).allows(.copyLate))
    #expect(try !occasion(Message.chat(nil), last: nil).allows(.uncontextedJoined))
    #expect(try !occasion(Message.chat(nil), last: .client(9, flags: 0)).allows(.uncontextedJoined))
  }

  @Test func `some message shows each fault`() throws {
    let texts = [
      Self.full, Message.typing(.client(1)), Message.chat(nil), Message.chat(.client(1, flags: 0)),
      Message.chat(traceparent: Traceparent.client(1).description.uppercased()),
    ]
    for fault in Fault.allCases {
      #expect(try texts.contains { try occasion($0).allows(fault) }, "\(fault)")
    }
  }

  @Test(
    arguments: [
      ([.traceRestarted, .absentContext, .orphanSpan, .copyLost], [.traceRestarted, .copyLost]),
      ([.absentContext, .tracestateLost, .baggageLost, .wrongKind], [.absentContext, .wrongKind]),
      ([.wrongVersion, .unknownFlags, .tracestateLost, .baggageLost], [.wrongVersion, .tracestateLost, .baggageLost]),
      ([.traceNotExported, .missingEvent, .spanDropped], [.traceNotExported]),
      ([.missingEvent, .wrongScope, .wrongAttribute, .crossedRoom], [.missingEvent, .wrongScope, .wrongAttribute]),
      ([.copyLost, .copyLate, .copyMisdelivered], [.copyLost, .copyMisdelivered]),
      ([.wrongKind], [.wrongKind]), ([], []),
    ] as [([Fault], [Fault])])
  func `of faults that would hide each other the first acts`(picked: [Fault], acting: [Fault]) throws {
    var injector = FaultInjector(picked.map { FaultOrder($0) }, seed: 1)
    #expect(injector.draw(for: try occasion(Self.full)) == FaultSet(acting))
    let counted = injector.counts.filter { $0.messages > 0 }.map(\.fault)
    #expect(FaultSet(counted) == FaultSet(acting))
  }

  /// Whether what a member hears of a message shows that a fault acted on it.
  private static func isShown(_ fault: Fault, _ texts: [String], _ sent: Traceparent) throws -> Bool {
    if fault == .copyLost { return texts.isEmpty }
    if fault == .copyDuplicated { return texts.count == 2 }
    if fault == .unreadableMessage { return texts.first == "no JSON at all" }
    let echo = try HeardContext(#require(texts.first))
    let signs: [Fault: Bool] = [
      .traceRestarted: echo.context?.traceID != sent.traceID, .parentNotUpdated: echo.context == sent,
      .absentContext: !echo.hasCarrier, .malformedContext: echo.context == nil,
      .sampledFlagChanged: echo.context?.flags == [], .tracestateLost: echo.tracestate == nil,
      .baggageAltered: echo.baggage != "k=v",
    ]
    return try #require(signs[fault] as Bool?)
  }

  @Test(arguments: [
    Fault.traceRestarted, .parentNotUpdated, .absentContext, .malformedContext, .sampledFlagChanged, .tracestateLost,
    .baggageAltered, .copyLost, .copyDuplicated, .unreadableMessage,
  ])
  func `the count is that of the messages that show the fault`(fault: Fault) throws {
    let chat = try ServedChat(faults: [FaultOrder(fault, share: 0.3)])
    let client = try chat.join()
    var shown = 0
    for number in 1...200 {
      let context = Traceparent.client(UInt64(number))
      try client.say(Message.chat(context, state: "a=b", baggage: "k=v"))
      if try Self.isShown(fault, client.hearAll(), context) { shown += 1 }
    }
    #expect(chat.stop())
    #expect(chat.injected(fault) == shown)
    // With a share of 0.3, fewer than 10 or more than 120 of 200 come once in 10^17 runs.
    #expect((10...120).contains(shown))
  }

  @Test func `many faults at once are counted as often as they are seen in the spans`() throws {
    let orders = [Fault.missingEvent, .wrongScope, .spanDropped, .wrongSpanCount].map { FaultOrder($0, share: 0.4) }
    let chat = try ServedChat(faults: orders)
    let client = try chat.join()
    for number in 1...100 {
      try client.say(Message.chat(.client(UInt64(number))))
      _ = try client.hear()
    }
    #expect(chat.stop())
    #expect(chat.spans.count { $0.name == "websocket.receive" && $0.events.isEmpty } == chat.injected(.missingEvent))
    #expect(chat.spans.count { $0.scope == "another.library" } == chat.injected(.wrongScope))
    #expect(100 - chat.count(named: "websocket.send") == chat.injected(.spanDropped))
    #expect(chat.count(named: "chat.save_message") - 100 == chat.injected(.wrongSpanCount))
    #expect(orders.allSatisfy { chat.injected($0.fault) > 0 })
  }
}
