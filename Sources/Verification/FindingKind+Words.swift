extension FindingKind {
  /// The rule, in one sentence.
  package var requirement: String {
    switch self {
    case .traceRestarted: "The echo of a message continues the message's trace."
    case .parentNotUpdated: "Whoever passes a trace context on sets the parent ID to an own span's."
    case .crossedContext: "The echo of a message never carries the trace of another connection's message."
    case .staleContext: "The echo of a message never carries the trace of another message of its connection."
    case .foreignContext: "An echo carries a trace that the run has begun."
    case .malformedContext: "An echo's traceparent is well-formed."
    case .absentContext: "The echo of a message with trace context carries trace context."
    case .duplicateContext: "A message has one carrier, and each of its members once."
    case .wrongVersion: "Whoever sends a traceparent writes the version that it knows, which is 00."
    case .sampledFlagChanged: "The sampled flag of an echo is that of the message."
    case .randomFlagChanged: "The random flag of a trace that is continued stays as it is."
    case .unknownFlags: "Flags that no version of the standard defines are zero."
    case .tracestateLost: "A valid tracestate is passed on."
    case .tracestateTruncated: "Members of the tracestate that others added are kept."
    case .tracestateReordered: "Members of the tracestate keep their order."
    case .tracestateAltered: "Members of the tracestate that others added keep their values."
    case .tracestateMisplaced: "A new member of the tracestate stands at its left end."
    case .tracestateMalformed: "The tracestate of an echo is well-formed."
    case .baggageLost: "Baggage is passed on."
    case .baggageTruncated: "All members of the baggage are passed on, within the limits."
    case .baggageAltered: "Members of the baggage keep their values and properties."
    case .unsolicitedContext: "The echo of a message without trace context never carries a trace that others began."
    case .ambientContext: "The echo of a message is not in the trace of its connection's upgrade."
    case .invalidContextContinued: "A trace context that is invalid is not continued."
    case .echoNamesNoSpan: "The parent ID of an echo is that of a span in the message's trace."
    case .echoNamesWrongSpan: "The parent ID of an echo is that of the span that sent it."
    case .sharedParent: "Each copy of a message carries a parent ID of its own."
    case .wrongEntrySpan: "The span under the span ID that we sent is the expected entry span."
    case .duplicateEntrySpan: "A message has exactly one entry span."
    case .wrongParent: "Each span has the parent that the scenario expects."
    case .orphanSpan: "Each span's parent is a span of the trace, or the span ID that we sent."
    case .secondRoot: "A message's trace has one root: the span ID that we sent."
    case .spanCycle: "No span is among its own ancestors."
    case .duplicateSpanID: "No two spans have one span ID."
    case .unexpectedSpan: "A message's trace holds the expected spans and no others."
    case .wrongSpanCount: "Each span has as many children of a name as the scenario expects."
    case .missingSpan: "Every expected span is exported."
    case .traceNotExported: "The spans of a sampled message are exported."
    case .unsampledExported: "The spans of a message that is not sampled are not exported."
    case .contextLeak: "Work that begins after a message was handled is not in that message's trace."
    case .wrongKind: "Each span has the kind that the scenario expects."
    case .wrongScope: "Each span is of the instrumentation scope that the scenario expects."
    case .wrongStatus: "Each span has the status that the scenario expects."
    case .wrongAttribute: "Each span has the attributes that the scenario expects."
    case .missingLink: "Each span has the links that the scenario expects."
    case .missingEvent: "Each span has the events that the scenario expects."
    case .wrongRemoteFlag: "A span's flags say truly whether its parent came from elsewhere."
    case .spanReversed: "No span ends before it begins."
    case .spanOutsideParent: "A span begins and ends within the time of its parent, if both are of one process."
    case .spanOutsideMessage: "A message's spans begin after it was sent and before its echo came."
    case .copyLost: "Every expected copy of a message comes."
    case .copyLate: "Every copy of a message comes within its time."
    case .copyDuplicated: "Every receiver gets one copy of a message."
    case .copyMisdelivered: "Only the members of the sender's group get a message."
    case .copyOutOfOrder: "A receiver gets the messages of one sender in the order in which they were sent."
    case .unreadableMessage: "The server's messages are JSON objects in text frames."
    case .protocolError: "The server's frames obey RFC 6455, and RFC 7692 where compression was agreed."
    }
  }

  /// Where the rule comes from. No standard binds trace context to WebSocket messages: W3C's rules for the header are
  /// applied to the message's carrier, and rules of our own say so.
  package var source: String {
    switch self {
    case .traceRestarted, .parentNotUpdated, .crossedContext, .staleContext, .foreignContext:
      "W3C Trace Context, Mutating the traceparent Field, applied to messages"
    case .malformedContext: "W3C Trace Context, traceparent Header Field Values, applied to messages"
    case .duplicateContext: "RFC 8259 §4 (names in an object should be unique), Spanstorm profile 0.1"
    case .wrongVersion: "W3C Trace Context, Versioning of traceparent, applied to messages"
    case .sampledFlagChanged: "OpenTelemetry SDK, ParentBased sampling; W3C Trace Context, sampled flag"
    case .randomFlagChanged: "W3C Trace Context level 2, random trace ID flag, applied to messages"
    case .unknownFlags: "W3C Trace Context, Other Flags, applied to messages"
    case .tracestateLost, .tracestateTruncated, .tracestateReordered, .tracestateAltered, .tracestateMisplaced:
      "W3C Trace Context, Mutating the tracestate Field, applied to messages"
    case .tracestateMalformed: "W3C Trace Context, tracestate Header Field Values, applied to messages"
    case .baggageLost, .baggageTruncated, .baggageAltered:
      "W3C Baggage, Limits and Mutating baggage, applied to messages"
    case .invalidContextContinued: "W3C Trace Context, A Traceparent is Received, applied to messages"
    case .sharedParent: "W3C Trace Context, parent-id, applied to messages"
    case .absentContext, .unsolicitedContext, .ambientContext, .echoNamesNoSpan, .wrongEntrySpan, .duplicateEntrySpan,
      .orphanSpan, .secondRoot, .spanCycle, .contextLeak, .spanOutsideMessage, .copyDuplicated, .copyMisdelivered,
      .copyOutOfOrder:
      "Spanstorm profile 0.1"
    case .echoNamesWrongSpan: "OpenTelemetry semantic conventions for messaging, creation context"
    case .duplicateSpanID, .spanReversed: "OTLP, Span"
    case .spanOutsideParent: "Spanstorm profile 0.1; OpenTelemetry semantic conventions, proposal for GraphQL"
    case .missingSpan: "the scenario, and the exporter's own count of its spans"
    case .traceNotExported, .unsampledExported: "OpenTelemetry SDK, ParentBased sampling"
    case .wrongRemoteFlag: "OTLP, Span.flags"
    case .wrongParent, .unexpectedSpan, .wrongSpanCount, .wrongKind, .wrongScope, .wrongStatus, .wrongAttribute,
      .missingLink, .missingEvent, .copyLost, .copyLate, .unreadableMessage:
      "the scenario"
    case .protocolError: "RFC 6455"
    }
  }
}
