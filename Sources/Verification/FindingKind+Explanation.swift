/// What `explain` tells of a finding.
package struct FindingExplanation: Hashable, Sendable {
  /// What was seen, in plain words.
  package var meaning: String
  /// What usually causes it, the likeliest first.
  package var causes: [String]
}

extension FindingKind {
  package var explanation: FindingExplanation {
    switch self {
    case .traceRestarted:
      FindingExplanation(
        meaning: "The echo answers a message, but its trace is one that nobody sent: the server began a new one.",
        causes: [
          "the handler never extracts the message's context, or extracts it from the wrong key",
          "the context is extracted, but the span is started without it as its parent",
          "the carrier was not understood: another case of the key, another nesting, a string instead of an object",
        ])
    case .parentNotUpdated:
      FindingExplanation(
        meaning:
          "The echo carries the very parent ID that we sent: the server passed our context on and added nothing.",
        causes: [
          "the handler copies the carrier from the request to the answer instead of injecting its own",
          "no SDK is installed, so that injecting gives back what was extracted",
          "the context is injected outside of any span of the server",
        ])
    case .crossedContext:
      FindingExplanation(
        meaning: "The echo of one connection's message carries the trace of another connection's.",
        causes: [
          "the current context is kept in a place that all connections share: a global, a class, a consumer",
          "a thread or task is handed on with the context of whoever used it before",
          "a context is attached on await and detached in another task",
        ])
    case .staleContext:
      FindingExplanation(
        meaning: "The echo carries the trace of an earlier message of the same connection.",
        causes: [
          "a context is attached and never detached, so that the next message inherits it",
          "the context is extracted after the answer was injected",
          "the connection keeps the last context in a field, which is set too late",
        ])
    case .foreignContext:
      FindingExplanation(
        meaning:
          "An echo carries a trace that this run has not begun, and nothing else tells which message it answers.",
        causes: [
          "the server began a new trace instead of continuing the message's",
          "other clients use the same room: give the run one of its own, or let the echo name its message",
        ])
    case .malformedContext:
      FindingExplanation(
        meaning: "What stands in the traceparent's place breaks its grammar.",
        causes: [
          "the value is built by hand: upper case, missing zeros, a number instead of a text",
          "the value was cut or escaped on its way",
        ])
    case .absentContext:
      FindingExplanation(
        meaning: "The echo carries no trace context.",
        causes: [
          "the answer is sent by a path that does not inject: an error path, another handler, a broadcast",
          "the context is injected into an object that is not the one that is sent",
          "a layer in between drops members that it does not know",
        ])
    case .duplicateContext:
      FindingExplanation(
        meaning: "The message holds the carrier, or a member of it, twice; which one counts is each parser's choice.",
        causes: ["two layers inject, each for itself", "the text is put together by hand instead of by a JSON library"])
    case .wrongVersion:
      FindingExplanation(
        meaning: "The echo's traceparent is of a version after 00, whose rules are not written yet.",
        causes: ["the version of the incoming traceparent is copied instead of the own one being written"])
    case .sampledFlagChanged:
      FindingExplanation(
        meaning: "The echo's sampled flag is not that of the message.",
        causes: [
          "the sampler decides anew instead of following its parent (always_on, a ratio without ParentBased)",
          "the flags are written as a constant, mostly 01",
        ])
    case .randomFlagChanged:
      FindingExplanation(
        meaning: "The echo's random flag is not that of the message, although the trace is the same.",
        causes: [
          "the propagator knows level 1 only and clears the flag",
          "the SDK sets the flag for every span, also for traces that others began",
        ])
    case .unknownFlags:
      FindingExplanation(
        meaning: "The echo sets flags that no version of the standard defines.",
        causes: ["the flags of the incoming traceparent are copied instead of the known ones being kept"])
    case .tracestateLost:
      FindingExplanation(
        meaning: "The message carried a tracestate, and its echo carries none.",
        causes: [
          "only the traceparent is put into the carrier, by hand",
          "the SDK refuses the whole list for one member: a leading blank, a key that begins with a digit",
        ])
    case .tracestateTruncated:
      FindingExplanation(
        meaning: "Some members of the tracestate did not come back, others did.",
        causes: ["a limit below 32 members or 512 characters", "a list that is split at commas and joined again"])
    case .tracestateReordered:
      FindingExplanation(
        meaning: "The members of the tracestate came back in another order, which says who changed it last.",
        causes: ["the list is kept in a map without order"])
    case .tracestateAltered:
      FindingExplanation(
        meaning: "A member of the tracestate that is ours came back with another value.",
        causes: ["values are trimmed, lowercased or decoded", "the server uses a key that is not its own"])
    case .tracestateMisplaced:
      FindingExplanation(
        meaning: "The server added a member of its own to the right of those that were there.",
        causes: ["the new member is appended instead of put in front"])
    case .tracestateMalformed:
      FindingExplanation(
        meaning: "The echo's tracestate breaks the grammar, so that whoever comes next drops it.",
        causes: ["a member is written by hand: upper case in the key, '=' or ',' in the value"])
    case .baggageLost:
      FindingExplanation(
        meaning: "The message carried baggage, and its echo carries none.",
        causes: [
          "the composite propagator has no baggage propagator",
          "the context is extracted into an empty one, and the baggage of the current one is lost",
        ])
    case .baggageTruncated:
      FindingExplanation(
        meaning: "Some members of the baggage did not come back.",
        causes: ["a limit below 64 members or 8,192 bytes", "members with properties are skipped"])
    case .baggageAltered:
      FindingExplanation(
        meaning: "A member of the baggage came back with another value or other properties.",
        causes: ["percent-encoding is decoded and not encoded again, or twice", "properties are dropped"])
    case .unsolicitedContext:
      FindingExplanation(
        meaning: "A message that carried no context is answered in a trace of somebody else's message.",
        causes: [
          "an attach without a detach: the context of an earlier message is still the current one",
          "a broadcast puts its context into every receiver's connection",
        ])
    case .ambientContext:
      FindingExplanation(
        meaning: "The echo is in the trace of its connection's upgrade instead of one of its own message's.",
        causes: [
          "the message's span is started in the connection's context, before or instead of the extraction",
          "a context that cannot be extracted is replaced by the connection's",
        ])
    case .invalidContextContinued:
      FindingExplanation(
        meaning: "The message carried something that is no traceparent, and the server continued it nevertheless.",
        causes: [
          "a lenient parser: upper case, other lengths, what follows the flags",
          "IDs are read by a function that reads any number",
        ])
    case .echoNamesNoSpan:
      FindingExplanation(
        meaning: "The trace is complete, but none of its spans has the ID that the echo names as its parent.",
        causes: [
          "the context is injected from a span that is not recorded, or never ended",
          "the parent ID is made up: a random number instead of a span ID",
          "the sending span is dropped by a filter or a processor",
        ])
    case .echoNamesWrongSpan:
      FindingExplanation(
        meaning: "The echo names a span of the message, but not the one that sent it.",
        causes: [
          "injection before the send span begins: the context of the span above is written",
          "the send span is begun and not made the current one",
        ])
    case .sharedParent:
      FindingExplanation(
        meaning:
          "Several receivers of one message got the same parent ID, so that nobody can tell their deliveries apart.",
        causes: [
          "the context is injected once, before the loop over the receivers",
          "the text is made once and sent to all",
        ])
    case .wrongEntrySpan:
      FindingExplanation(
        meaning: "Under the span ID that we sent hangs another span than the expected entry span.",
        causes: [
          "a span started before the extraction: the receive span is in the connection's trace, and only what is below it in the message's",
          "the entry span is made by another library under another name",
        ])
    case .duplicateEntrySpan:
      FindingExplanation(
        meaning: "More than one entry span hangs on the span ID that we sent.",
        causes: [
          "two instrumentations handle the same message, automatic and by hand",
          "the handler is called twice: a retry, two subscriptions",
        ])
    case .wrongParent:
      FindingExplanation(
        meaning: "A span that is expected elsewhere hangs on another parent.",
        causes: [
          "the current span when it was begun was another: an await between, a context that was captured too early",
          "the parent is given by hand, one level too high or too low",
          "a task is queued with the context of the handler instead of that of the span that queues it",
        ])
    case .orphanSpan:
      FindingExplanation(
        meaning:
          "A span names a parent that no span of the trace has, although all expected spans are there or nothing was lost.",
        causes: [
          "its parent is begun and never ended",
          "its parent is dropped by a filter, a sampler or an exclusion list",
          "the parent ID comes from a context that another process lost",
        ])
    case .secondRoot:
      FindingExplanation(
        meaning: "A span of the message's trace has no parent at all.",
        causes: [
          "only the trace ID is taken over, by hand",
          "the span is begun with an explicit root option",
        ])
    case .spanCycle:
      FindingExplanation(
        meaning: "Spans are each other's ancestors.",
        causes: [
          "IDs are made up or reused: a span is exported twice with changed parents"
        ])
    case .duplicateSpanID:
      FindingExplanation(
        meaning: "Two different spans have the same ID.",
        causes: [
          "the generator of random numbers has the same seed in several processes, after a fork",
          "a span is changed after its export and exported again",
        ])
    case .unexpectedSpan:
      FindingExplanation(
        meaning: "The trace holds a span that the scenario knows nothing of.",
        causes: [
          "an instrumentation that the scenario does not mention: add it, as optional if it may be missing",
          "work for something else runs in the message's context",
        ])
    case .wrongSpanCount:
      FindingExplanation(
        meaning: "A span has more children of a name than the scenario expects.",
        causes: [
          "something is done twice: a retry, a loop, two receivers where one is expected",
          "the group has members that are not of this run",
        ])
    case .missingSpan:
      FindingExplanation(
        meaning: "An expected span never came, and every exporter's own count says that none was lost.",
        causes: [
          "the span is never begun on this path",
          "the span is begun and never ended",
          "it is under another name",
        ])
    case .traceNotExported:
      FindingExplanation(
        meaning: "A sampled message left no span at all, and every exporter's own count says that none was lost.",
        causes: [
          "the handler returns before its first span: an unknown type, an early error",
          "the sampler does not follow the message's flag",
          "an event is recorded on the remote parent, which is no span of this process",
        ])
    case .unsampledExported:
      FindingExplanation(
        meaning: "The message said that it is not sampled, and its spans were exported nevertheless.",
        causes: [
          "the sampler is always_on instead of parentbased_always_on",
          "a span of the message is begun in another context, which is sampled",
        ])
    case .contextLeak:
      FindingExplanation(
        meaning: "A span that began after the message had been handled is in the message's trace.",
        causes: [
          "an attach without a detach: whatever runs next in that task or thread inherits the context",
          "a context is captured by a loop or a subscription that outlives the message",
          "an un-contexted message is handled in the context of the one before",
        ])
    case .wrongKind:
      FindingExplanation(
        meaning: "A span's kind is not what the scenario expects.",
        causes: [
          "the kind is left at its default, internal",
          "server and consumer, or client and producer, are exchanged",
        ])
    case .wrongScope:
      FindingExplanation(
        meaning: "A span comes from another instrumentation scope than the scenario expects.",
        causes: [
          "another library, or another version of it, makes it",
          "the tracer is taken by another name",
        ])
    case .wrongStatus:
      FindingExplanation(
        meaning: "A span's status is not what the scenario expects.",
        causes: [
          "an exception is caught and not recorded, or recorded although it was handled",
          "ok is set blindly at the end",
        ])
    case .wrongAttribute:
      FindingExplanation(
        meaning:
          "An attribute is missing, or its value is not the one expected for the connection that sent the message.",
        causes: [
          "the value is of another request: state that connections share",
          "the attribute was renamed by a newer version of the conventions",
          "its type changed: a number as a text",
        ])
    case .missingLink:
      FindingExplanation(
        meaning: "A link that the scenario expects is not there.",
        causes: [
          "the span is begun without the link, which cannot be added later in older SDKs",
          "the context to be linked to is not kept",
        ])
    case .missingEvent:
      FindingExplanation(
        meaning: "An event that the scenario expects is not there.",
        causes: [
          "the event is added to a span that is not recorded: the remote parent instead of an own span",
          "the event is added after the span had ended",
        ])
    case .wrongRemoteFlag:
      FindingExplanation(
        meaning: "The span's flags say the opposite of what is so of its parent's place.",
        causes: [
          "the parent was made up from IDs without saying that it is remote",
          "an exporter that fills the flags in wrongly",
        ])
    case .spanReversed:
      FindingExplanation(
        meaning: "A span ends before it begins.",
        causes: [
          "the clock was set meanwhile",
          "start or end is given by hand in another unit",
        ])
    case .spanOutsideParent:
      FindingExplanation(
        meaning: "A span of the same process begins before its parent, or ends after it.",
        causes: [
          "the work goes on after the parent was ended: end it later, or say 'async: true' in the scenario",
          "start times are given by hand",
        ])
    case .spanOutsideMessage:
      FindingExplanation(
        meaning:
          "A message's entry span began before the message was sent, or after its first copy had come, by the clocks' measured distance.",
        causes: [
          "the span belongs to something else and has the message's context by mistake",
          "the target's clock jumped, or its processes have different clocks",
        ])
    case .copyLost:
      FindingExplanation(
        meaning: "An expected copy of a message never came.",
        causes: [
          "a queue was full: channel layers drop silently at their capacity",
          "the receiver was not in the group any more, or not yet",
          "the server closed the connection before it answered",
        ])
    case .copyLate:
      FindingExplanation(
        meaning: "A copy came after the time that the scenario gives it.",
        causes: [
          "the server is slower than the load",
          "'within' is too short for this target",
        ])
    case .copyDuplicated:
      FindingExplanation(
        meaning: "A receiver got a message twice.",
        causes: [
          "it is subscribed twice",
          "the broadcast was retried",
        ])
    case .copyMisdelivered:
      FindingExplanation(
        meaning: "A connection that is not of the sender's group got the message.",
        causes: [
          "group names collide, or are cut",
          "a connection was not taken out of the group that it had been in",
        ])
    case .copyOutOfOrder:
      FindingExplanation(
        meaning: "A receiver got a later message of a sender before an earlier one.",
        causes: [
          "messages of one sender are handled by several workers at once",
          "what is slow is handed on in the background, and what is fast at once",
        ])
    case .unreadableMessage:
      FindingExplanation(
        meaning: "The server sent something that is no JSON object in a text frame.",
        causes: [
          "a greeting or heartbeat that is no JSON",
          "a binary protocol that this version cannot read",
        ])
    case .protocolError:
      FindingExplanation(
        meaning: "The server sent frames that break RFC 6455, or RFC 7692 where compression was agreed.",
        causes: [
          "a masked frame, a reserved bit or opcode, a text that is no UTF-8",
          "a proxy that changes frames",
        ])
    }
  }
}
