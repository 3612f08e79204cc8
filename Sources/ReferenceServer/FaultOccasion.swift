import TraceContext

/// What decides which faults can show on a message: the message, and what the server knows when it comes.
struct FaultOccasion {
  let message: ChatMessage
  let received: SpanContext?
  /// Of its room; at least the sender.
  let members: Int
  /// Whether another room has members.
  let hasStrangers: Bool
  /// Whether copies of this message may be held back, for either reason.
  let canHoldCopies: (late: Bool, outOfOrder: Bool)
  /// The context of the sender's last message that had one.
  let earlier: Traceparent?
  /// The last message of anybody that had a context.
  let last: LastMessage?
  let sender: Int

  /// Whether the fault would be seen by those who look at all echoes and spans.
  ///
  /// Nothing of a typing message comes back but its trace ID, so there is nobody to say whose an echo with another
  /// trace is: what puts one into the echo shows on chat messages only.
  func allows(_ fault: Fault) -> Bool {
    switch fault {
    case .traceRestarted: isChat && received != nil
    case .ambientContext: isChat && received == nil
    case .uncontextedJoined: isChat && isWithoutContext && last?.receive.isRecorded == true
    case .unsolicitedContext: isChat && isWithoutContext && last != nil
    case .invalidContextContinued: isChat && message.context.lenientlyRead != nil
    case .absentContext, .mistypedContext, .malformedContext, .duplicateContext, .wrongVersion, .parentNotUpdated,
      .sampledFlagChanged, .randomFlagChanged, .unknownFlags:
      isEchoed && received != nil
    case .crossedContext: isChat && last.map { $0.sender != sender && isOther($0.context) } ?? false
    case .staleContext: isChat && earlier.map(isOther) ?? false
    case .foreignContext: isTyping && received != nil
    case .tracestateLost, .tracestateMalformed: isEchoed && received != nil && stateMembers.count >= 1
    case .tracestateMisplaced:
      isEchoed && received != nil && (1..<Tracestate.memberLimit).contains(stateMembers.count)
    case .tracestateAltered: isEchoed && received != nil && stateMembers.first?.contains("=") ?? false
    case .tracestateTruncated: isEchoed && received != nil && stateMembers.count >= 2
    case .tracestateReordered:
      isEchoed && received != nil && stateMembers.count >= 2 && stateMembers[0] != stateMembers[1]
    case .baggageLost: isEchoed && received != nil && baggageMembers.count >= 1
    case .baggageAltered: isEchoed && received != nil && baggageMembers.first?.contains("=") ?? false
    case .baggageTruncated: isEchoed && received != nil && baggageMembers.count >= 2
    case .sharedParent: isEchoed && received != nil && members >= 2
    case .unsampledExported: received?.isRecorded == false
    case .traceNotExported, .duplicateEntrySpan, .secondRoot, .wrongStatus, .missingLink, .missingEvent,
      .wrongRemoteFlag, .spanOutsideMessage:
      isTraced
    case .echoNamesNoSpan, .echoNamesWrongSpan, .wrongEntrySpan, .wrongParent, .orphanSpan, .unexpectedSpan,
      .missingSpan, .wrongKind, .wrongScope, .wrongAttribute, .crossedRoom, .contextLeak, .spanDropped:
      isTraced && isEchoed
    case .spanCycle, .duplicateSpanID, .wrongSpanCount, .spanOutsideParent, .spanReversed: isTraced && isChat
    case .copyLost, .copyDuplicated: isAttributable
    case .copyLate: isAttributable && canHoldCopies.late
    case .copyMisdelivered: isAttributable && hasStrangers
    case .copyOutOfOrder: isAttributable && canHoldCopies.outOfOrder
    case .unreadableMessage, .protocolError: isEchoed
    }
  }

  private var isChat: Bool {
    switch message.kind {
    case .chat: true
    case .typing, .unknown: false
    }
  }

  private var isTyping: Bool {
    switch message.kind {
    case .typing: true
    case .chat, .unknown: false
    }
  }

  private var isEchoed: Bool { isChat || isTyping }
  private var isAttributable: Bool { isChat || isTyping && received != nil }
  private var isTraced: Bool { received?.isRecorded ?? false }

  private var isWithoutContext: Bool {
    switch message.context {
    case .absent: true
    case .valid, .invalid: false
    }
  }

  private var stateMembers: [Substring] { message.tracestate.listMembers }
  private var baggageMembers: [Substring] { message.baggage.listMembers }

  private func isOther(_ context: Traceparent) -> Bool { received.map { $0.traceID != context.traceID } ?? false }
}

/// The last message of anybody that had a context.
struct LastMessage {
  /// Slot of the client that sent it.
  var sender: Int
  var context: Traceparent
  var receive: SpanContext
}
