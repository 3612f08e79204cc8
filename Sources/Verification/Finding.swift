package import Scenarios

/// What the verifier can find wrong; each kind breaks a MUST of its source.
///
/// Every kind can be provoked by the fault of the same name of the reference server.
package enum FindingKind: String, CaseIterable, Hashable, Sendable {
  // The echo
  case traceRestarted = "trace-restarted"
  case parentNotUpdated = "parent-not-updated"
  case crossedContext = "crossed-context"
  case staleContext = "stale-context"
  case foreignContext = "foreign-context"
  case malformedContext = "malformed-context"
  case absentContext = "absent-context"
  // The echo against the spans
  case echoNamesNoSpan = "echo-names-no-span"
  case echoNamesWrongSpan = "echo-names-wrong-span"
  case sharedParent = "shared-parent"
  // The spans
  case wrongEntrySpan = "wrong-entry-span"
  case wrongParent = "wrong-parent"
  case orphanSpan = "orphan-span"
  case unexpectedSpan = "unexpected-span"
  case wrongKind = "wrong-kind"
  case contextLeak = "context-leak"
  // The transport
  case unreadableMessage = "unreadable-message"
  case protocolError = "protocol-error"

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
    case .echoNamesNoSpan: "The parent ID of an echo is that of a span in the message's trace."
    case .echoNamesWrongSpan: "The parent ID of an echo is that of the span that sent it."
    case .sharedParent: "Each copy of a message carries a parent ID of its own."
    case .wrongEntrySpan: "The span under the span ID that we sent is the expected entry span."
    case .wrongParent: "Each span has the parent that the scenario expects."
    case .orphanSpan: "Each span's parent is a span of the trace, or the span ID that we sent."
    case .unexpectedSpan: "A message's trace holds the expected spans and no others."
    case .wrongKind: "Each span has the kind that the scenario expects."
    case .contextLeak: "Work that begins after a message was handled is not in that message's trace."
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
    case .sharedParent: "W3C Trace Context, parent-id, applied to messages"
    case .absentContext, .echoNamesNoSpan, .wrongEntrySpan, .orphanSpan, .contextLeak: "Spanstorm profile 0.1"
    case .echoNamesWrongSpan: "OpenTelemetry semantic conventions for messaging, creation context"
    case .wrongParent, .unexpectedSpan, .wrongKind, .unreadableMessage: "the scenario"
    case .protocolError: "RFC 6455"
    }
  }
}

/// One judged fact: what breaks a rule, how often, and the first few cases whole.
package struct Finding: Hashable, Sendable {
  package var kind: FindingKind
  /// Messages (or, for the transport's kinds, arrivals) that show it.
  package var count: Int
  /// The first few.
  package var evidence: [Evidence]

  package static let evidenceLimit = 3
}

/// One case of a finding.
package struct Evidence: Hashable, Sendable {
  /// The connection that received it, or that sent the message.
  package var connection: UInt32?
  /// The message's text id.
  package var message: String?
  /// The traceparent that we sent.
  package var sent: String?
  package var expected: String
  package var actual: String
  /// The message's spans as a tree, where it is small and known.
  package var tree: [String] = []
  /// The beginning of what arrived, where it could not be read.
  package var excerpt: String?
}

/// How an echo's trace context stands to the message that it answers.
package enum EchoClass: String, CaseIterable, Hashable, Sendable {
  case continued, unchanged, restarted, crossed, stale, foreign, malformed, absent

  /// Its place among all classes.
  var ordinal: Int {
    switch self {
    case .continued: 0
    case .unchanged: 1
    case .restarted: 2
    case .crossed: 3
    case .stale: 4
    case .foreign: 5
    case .malformed: 6
    case .absent: 7
    }
  }

  /// What it breaks, if anything.
  package func finding(under rule: ContextRule) -> FindingKind? {
    switch self {
    case .continued: nil
    case .unchanged:
      switch rule {
      case .continued: .parentNotUpdated
      case .unchanged, .new, .absent: nil
      }
    case .restarted: .traceRestarted
    case .crossed: .crossedContext
    case .stale: .staleContext
    case .foreign: .foreignContext
    case .malformed: .malformedContext
    case .absent: .absentContext
    }
  }
}
