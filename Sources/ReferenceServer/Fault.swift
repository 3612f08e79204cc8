/// A misbehaviour that the reference server shows on demand, so that every check can be seen to fail.
///
/// Each has the name of the finding that it provokes, but for `span-dropped`, which makes traces incomplete.
package enum Fault: String, CaseIterable, Sendable {
  /// The handler ignores the message's context and begins a trace of its own.
  case traceRestarted = "trace-restarted"
  /// The echo carries the very traceparent that was received.
  case parentNotUpdated = "parent-not-updated"
  /// The echo carries the context of the last message of another connection.
  case crossedContext = "crossed-context"
  /// The echo carries the context of the connection's message before.
  case staleContext = "stale-context"
  /// The echo carries a trace that nobody began; shows where the trace ID alone tells which message an echo answers.
  case foreignContext = "foreign-context"
  /// The echo's traceparent is in upper case.
  case malformedContext = "malformed-context"
  /// The echo carries no trace context.
  case absentContext = "absent-context"
  /// The echo's parent ID is that of no span.
  case echoNamesNoSpan = "echo-names-no-span"
  /// The context is injected before the send span begins, so the echo names the span above it.
  case echoNamesWrongSpan = "echo-names-wrong-span"
  /// The context is injected once for all receivers.
  case sharedParent = "shared-parent"
  /// The receive span begins before the context is extracted, so it is in the connection's trace.
  case wrongEntrySpan = "wrong-entry-span"
  /// The send spans hang one level too high.
  case wrongParent = "wrong-parent"
  /// The send spans' parent is a span that never is.
  case orphanSpan = "orphan-span"
  /// The handler makes a span that nobody expects.
  case unexpectedSpan = "unexpected-span"
  /// The send spans are of kind server.
  case wrongKind = "wrong-kind"
  /// The broadcast attaches the message's context on every receiver's connection and never detaches it.
  case contextLeak = "context-leak"
  /// A text that is no JSON goes out before each echo to the sender.
  case unreadableMessage = "unreadable-message"
  /// Every hundredth echo is a masked frame.
  case protocolError = "protocol-error"
  /// Every hundredth send span is lost on its way to the collector.
  case spanDropped = "span-dropped"

  /// What it does, in a sentence.
  package var summary: String {
    switch self {
    case .traceRestarted: "ignores the message's context and begins a trace of its own"
    case .parentNotUpdated: "echoes the very traceparent that it received"
    case .crossedContext: "echoes the context of the last message of another connection"
    case .staleContext: "echoes the context of the connection's message before"
    case .foreignContext: "echoes a trace that nobody began"
    case .malformedContext: "echoes a traceparent in upper case"
    case .absentContext: "echoes no trace context"
    case .echoNamesNoSpan: "echoes a parent ID that no span has"
    case .echoNamesWrongSpan: "injects before the send span begins"
    case .sharedParent: "injects once for all receivers"
    case .wrongEntrySpan: "begins the receive span before it extracts the context"
    case .wrongParent: "hangs the send spans one level too high"
    case .orphanSpan: "gives the send spans a parent that never is"
    case .unexpectedSpan: "makes a span that nobody expects"
    case .wrongKind: "makes the send spans of kind server"
    case .contextLeak: "attaches the message's context and never detaches it"
    case .unreadableMessage: "sends text that is no JSON before each echo to the sender"
    case .protocolError: "masks every hundredth echo's frame"
    case .spanDropped: "loses every hundredth send span on its way to the collector"
    }
  }
}
