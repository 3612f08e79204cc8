import Observations
import Testing
import TraceContext

@testable import Verification

/// The smallest thing that shows one kind of finding.
struct FindingCase: CustomTestStringConvertible, Sendable {
  var kind: FindingKind
  var type: UInt8 = MadeUpScenario.chat
  var change: @Sendable (inout Exchange, inout MadeUpRun) -> Void
  var testDescription: String { kind.rawValue }

  init(
    _ kind: FindingKind, type: UInt8 = MadeUpScenario.chat,
    _ change: @escaping @Sendable (inout Exchange, inout MadeUpRun) -> Void
  ) {
    self.kind = kind
    self.type = type
    self.change = change
  }

  private static func earlier(_ sequence: UInt32, _ run: borrowing MadeUpRun) -> TraceID {
    run.identities.traceID(of: MessageIdentity(shard: 0, sequence: sequence))
  }

  static let all: [FindingCase] = echoes + echoesAgainstSpans + spans + transport

  private static let echoes = [
    FindingCase(.traceRestarted) { exchange, _ in
      exchange.changeEchoes { _, traceparent in traceparent.traceID = TraceID(high: 7, low: 7) }
    },
    FindingCase(.parentNotUpdated) { exchange, _ in
      let clientSpan = exchange.clientSpan
      exchange.changeEchoes { _, traceparent in traceparent.parentID = clientSpan }
    },
    FindingCase(.crossedContext) { exchange, run in
      let other = earlier(1, run)
      exchange.changeEchoes { _, traceparent in traceparent.traceID = other }
    },
    FindingCase(.staleContext) { exchange, run in
      let own = earlier(0, run)
      exchange.changeEchoes { _, traceparent in traceparent.traceID = own }
    },
    FindingCase(.foreignContext, type: MadeUpScenario.typing) { exchange, _ in
      guard case .present(var traceparent) = exchange.echoes[0].context else { return }
      traceparent.traceID = TraceID(high: 7, low: 7)
      exchange.echoes[0].context = .present(traceparent)
    },
    FindingCase(.malformedContext) { exchange, _ in
      exchange.changeEchoes { context, _ in context = .malformed(.malformedTraceID) }
    },
    FindingCase(.absentContext) { exchange, _ in exchange.changeEchoes { context, _ in context = .absent } },
  ]

  private static let echoesAgainstSpans = [
    FindingCase(.echoNamesNoSpan) { exchange, run in
      exchange.changeEchoes { _, traceparent in traceparent.parentID = SpanID(run.freshSpanID() + 0x1000_0000) }
    },
    FindingCase(.echoNamesWrongSpan) { exchange, _ in
      let senders = exchange.indices(named: "chat.send_broadcast").map { exchange.spans[$0].id }
      for (index, sender) in zip(exchange.echoes.indices, senders) {
        exchange.echoes[index].context = .present(
          Traceparent(traceID: exchange.traceID, parentID: SpanID(sender), flags: .sampled))
      }
    },
    FindingCase(.sharedParent) { exchange, _ in exchange.echoes[1].context = exchange.echoes[0].context },
  ]

  private static let spans = [
    FindingCase(.wrongEntrySpan) { exchange, _ in
      exchange.drop("websocket.receive")
      let clientSpan = exchange.clientSpan.rawValue
      exchange.change("chat.process_message") { $0.parent = clientSpan }
    },
    FindingCase(.wrongParent) { exchange, _ in
      let above = exchange.first("chat.broadcast_message")?.id ?? 0
      exchange.change("websocket.send") { $0.parent = above }
    },
    FindingCase(.orphanSpan) { exchange, _ in exchange.change("websocket.send") { $0.parent = 0xdead } },
    FindingCase(.unexpectedSpan) { exchange, run in
      var span = exchange.spans[0]
      span.id = run.freshSpanID()
      span.parent = exchange.first("chat.process_message")?.id ?? 0
      span.name = "chat.audit"
      exchange.spans.append(span)
    },
    FindingCase(.wrongKind) { exchange, _ in exchange.change("websocket.send") { $0.kind = .server } },
    FindingCase(.contextLeak) { exchange, run in
      let entry = exchange.spans[0]
      exchange.spans.append(
        MadeUpSpan(
          id: run.freshSpanID(), parent: exchange.first("chat.process_message")?.id ?? 0,
          name: "HTTP /ws/chat/room-0/ websocket receive", kind: .internal, start: entry.end + 5, end: entry.end + 9))
    },
  ]

  private static let transport = [
    FindingCase(.unreadableMessage) { _, run in
      run.addFact(.unreadable(Observation.Unreadable(connection: 0, reason: .invalidJSON, at: run.now)))
    },
    FindingCase(.protocolError) { _, run in
      let reason = UnreadableReason.protocolError(section: StaticSection(5, 1), code: 1002)
      run.addFact(.unreadable(Observation.Unreadable(connection: 0, reason: reason, at: run.now)))
    },
  ]
}

/// What an echo may carry, and what that is called.
struct EchoCase: CustomTestStringConvertible, Sendable {
  var label: String
  var echoClass: EchoClass
  var change: @Sendable (inout EchoedContext, inout Traceparent, Exchange, Exchange, Exchange) -> Void
  var testDescription: String { label }

  static let all: [EchoCase] = [
    EchoCase(label: "our trace and a new parent", echoClass: .continued) { _, _, _, _, _ in },
    EchoCase(label: "flags that are not ours", echoClass: .continued) { _, traceparent, _, _, _ in
      traceparent.flags = TraceFlags(rawValue: 0xff)
    },
    EchoCase(label: "what we sent", echoClass: .unchanged) { _, traceparent, own, _, _ in
      traceparent.parentID = own.clientSpan
    },
    EchoCase(label: "a trace that is not of this run", echoClass: .restarted) { _, traceparent, _, _, _ in
      traceparent.traceID = TraceID(high: .max, low: .max)
    },
    EchoCase(label: "another connection's trace", echoClass: .crossed) { _, traceparent, _, _, other in
      traceparent.traceID = other.traceID
    },
    EchoCase(label: "another connection's very context", echoClass: .crossed) { _, traceparent, _, _, other in
      traceparent.traceID = other.traceID
      traceparent.parentID = other.clientSpan
    },
    EchoCase(label: "an earlier message's trace", echoClass: .stale) { _, traceparent, _, earlier, _ in
      traceparent.traceID = earlier.traceID
    },
    EchoCase(label: "a context of the wrong type", echoClass: .malformed) { context, _, _, _, _ in
      context = .wrongType
    },
    EchoCase(label: "a malformed traceparent", echoClass: .malformed) { context, _, _, _, _ in
      context = .malformed(.forbiddenVersion)
    },
    EchoCase(label: "none", echoClass: .absent) { context, _, _, _, _ in context = .absent },
  ]
}
