import Observations
import Testing
import TraceContext

@testable import Verification

/// The smallest thing that shows one kind of finding.
struct FindingCase: CustomTestStringConvertible, Sendable {
  var kind: FindingKind
  var type: UInt8 = MadeUpScenario.chat
  /// What it cannot but show as well.
  var others: Set<FindingKind>
  var change: @Sendable (inout Exchange, inout MadeUpRun) -> Void
  var testDescription: String { kind.rawValue }

  init(
    _ kind: FindingKind, type: UInt8 = MadeUpScenario.chat, with others: Set<FindingKind> = [],
    _ change: @escaping @Sendable (inout Exchange, inout MadeUpRun) -> Void
  ) {
    self.kind = kind
    self.type = type
    self.others = others
    self.change = change
  }

  private static func earlier(_ sequence: UInt32, _ run: borrowing MadeUpRun) -> TraceID {
    run.identities.traceID(of: MessageIdentity(shard: 0, sequence: sequence))
  }

  static let all: [FindingCase] =
    echoes + forms + bareEchoes + echoesAgainstSpans + spans + details + delivery + transport

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
    FindingCase(.foreignContext, type: MadeUpScenario.typing, with: [.copyLost]) { exchange, _ in
      guard case .present(var traceparent) = exchange.echoes[0].context else { return }
      traceparent.traceID = TraceID(high: 7, low: 7)
      exchange.echoes[0].context = .present(traceparent)
    },
    FindingCase(.malformedContext) { exchange, _ in
      exchange.changeEchoes { context, _ in context = .malformed(.malformedTraceID) }
    },
    FindingCase(.absentContext) { exchange, _ in exchange.changeEchoes { context, _ in context = .absent } },
  ]

  private static let forms = [
    FindingCase(.duplicateContext) { exchange, _ in exchange.form = .repeated },
    FindingCase(.wrongVersion) { exchange, _ in exchange.form = .laterVersion },
    FindingCase(.sampledFlagChanged) { exchange, _ in exchange.changeEchoes { $1.flags = [] } },
    FindingCase(.randomFlagChanged) { exchange, _ in exchange.changeEchoes { $1.flags = [.sampled, .random] } },
    FindingCase(.unknownFlags) { exchange, _ in exchange.changeEchoes { $1.flags = TraceFlags(rawValue: 0x11) } },
    FindingCase(.tracestateLost, type: MadeUpScenario.strict) { exchange, _ in exchange.tracestate = .lost },
    FindingCase(.tracestateTruncated, type: MadeUpScenario.strict) { exchange, _ in exchange.tracestate = .truncated },
    FindingCase(.tracestateReordered, type: MadeUpScenario.strict) { exchange, _ in exchange.tracestate = .reordered },
    FindingCase(.tracestateAltered, type: MadeUpScenario.strict) { exchange, _ in exchange.tracestate = .altered },
    FindingCase(.tracestateMisplaced, type: MadeUpScenario.strict) { exchange, _ in exchange.tracestate = .misplaced },
    FindingCase(.tracestateMalformed, type: MadeUpScenario.strict) { exchange, _ in exchange.tracestate = .malformed },
    FindingCase(.baggageLost, type: MadeUpScenario.strict) { exchange, _ in exchange.baggage = .lost },
    FindingCase(.baggageTruncated, type: MadeUpScenario.strict) { exchange, _ in exchange.baggage = .truncated },
    FindingCase(.baggageAltered, type: MadeUpScenario.strict) { exchange, _ in exchange.baggage = .altered },
  ]

  private static let bareEchoes = [
    FindingCase(.unsolicitedContext, type: MadeUpScenario.bare) { exchange, run in
      let other = earlier(1, run)
      exchange.changeEchoes { $1.traceID = other }
      exchange.spans = []
    },
    FindingCase(.ambientContext, type: MadeUpScenario.bare) { exchange, run in
      let connection = run.identities.traceID(ofConnection: 0)
      exchange.changeEchoes { $1.traceID = connection }
      exchange.spans = []
    },
    FindingCase(.invalidContextContinued, type: MadeUpScenario.bare) { exchange, _ in
      let own = exchange.traceID
      exchange.changeEchoes { $1.traceID = own }
      exchange.spans = []
    },
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
    FindingCase(.duplicateEntrySpan) { exchange, run in
      var span = exchange.spans[0]
      span.id = run.freshSpanID()
      exchange.spans.append(span)
    },
    FindingCase(.secondRoot) { exchange, run in
      var span = exchange.spans[0]
      span.id = run.freshSpanID()
      span.parent = 0
      span.name = "chat.lost"
      exchange.spans.append(span)
    },
    FindingCase(.spanCycle) { exchange, run in
      var (one, other) = (exchange.spans[1], exchange.spans[1])
      (one.id, other.id) = (run.freshSpanID(), run.freshSpanID())
      (one.parent, other.parent) = (other.id, one.id)
      exchange.spans += [one, other]
    },
    FindingCase(.duplicateSpanID) { exchange, _ in
      var span = exchange.spans[2]
      span.start += 1
      span.name = "chat.audit"
      exchange.spans.append(span)
    },
    FindingCase(.wrongSpanCount) { exchange, run in
      guard var span = exchange.first("chat.save_message") else { return }
      span.id = run.freshSpanID()
      exchange.spans.append(span)
    },
    FindingCase(.missingSpan) { exchange, _ in exchange.drop("chat.save_message") },
    FindingCase(.traceNotExported) { exchange, _ in exchange.spans = [] },
    FindingCase(.unsampledExported, type: MadeUpScenario.faint) { exchange, run in
      exchange.spans = [
        MadeUpSpan(
          id: run.freshSpanID(), parent: exchange.clientSpan.rawValue, name: "faint.receive", kind: .internal,
          start: MadeUpRun.wall, end: MadeUpRun.wall + 1)
      ]
    },
    FindingCase(.spanReversed) { exchange, _ in
      exchange.change("chat.save_message") { ($0.start, $0.end) = ($0.end, $0.start) }
    },
    FindingCase(.spanOutsideParent) { exchange, _ in
      exchange.change("chat.save_message") { $0.start -= 2_000_000 }
    },
    FindingCase(.spanOutsideMessage) { exchange, _ in
      for index in exchange.spans.indices {
        exchange.spans[index].start += 3_600_000_000_000
        exchange.spans[index].end += 3_600_000_000_000
      }
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

  private static let details = [
    FindingCase(.wrongScope, type: MadeUpScenario.strict) { exchange, _ in
      exchange.change("strict.receive") { $0.scope = "another" }
    },
    FindingCase(.wrongStatus, type: MadeUpScenario.strict) { exchange, _ in
      exchange.change("strict.receive") { $0.status = .error }
    },
    FindingCase(.wrongAttribute, type: MadeUpScenario.strict) { exchange, _ in
      exchange.change("strict.receive") { $0.attributes["room"] = "room-1" }
    },
    FindingCase(.missingLink, type: MadeUpScenario.strict) { exchange, _ in
      exchange.change("strict.receive") { $0.links = [TraceID(high: 1, low: 1)] }
    },
    FindingCase(.missingEvent, type: MadeUpScenario.strict) { exchange, _ in
      exchange.change("strict.receive") { $0.events = ["sent"] }
    },
    FindingCase(.wrongRemoteFlag, type: MadeUpScenario.strict) { exchange, _ in
      exchange.change("strict.receive") { $0.isRemote = false }
    },
  ]

  private static let delivery = [
    FindingCase(.copyLost) { exchange, _ in exchange.echoes.removeLast() },
    FindingCase(.copyLate) { exchange, _ in exchange.echoes[2].afterNanoseconds = 2_000_000_001 },
    FindingCase(.copyDuplicated) { exchange, _ in exchange.echoes.append(exchange.echoes[0]) },
    FindingCase(.copyMisdelivered) { exchange, _ in
      var copy = exchange.echoes[0]
      copy.connection = 5
      exchange.echoes.append(copy)
    },
    FindingCase(.copyOutOfOrder) { exchange, run in
      run.add(run.exchange(exchange.type, connection: exchange.connection))
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
