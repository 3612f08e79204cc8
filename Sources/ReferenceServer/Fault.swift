/// A misbehaviour that the reference server shows on demand, so that every check can be seen to fail.
///
/// What each does is its `summary`.
package enum Fault: String, CaseIterable, Sendable {
  // Which trace the message is handled in
  case traceRestarted = "trace-restarted"
  case ambientContext = "ambient-context"
  case uncontextedJoined = "uncontexted-joined"
  case invalidContextContinued = "invalid-context-continued"
  // The echo's traceparent
  case absentContext = "absent-context"
  case mistypedContext = "mistyped-context"
  case malformedContext = "malformed-context"
  case duplicateContext = "duplicate-context"
  case wrongVersion = "wrong-version"
  case parentNotUpdated = "parent-not-updated"
  case crossedContext = "crossed-context"
  case staleContext = "stale-context"
  case foreignContext = "foreign-context"
  case unsolicitedContext = "unsolicited-context"
  case sampledFlagChanged = "sampled-flag-changed"
  case randomFlagChanged = "random-flag-changed"
  case unknownFlags = "unknown-flags"
  // What travels beside it
  case tracestateLost = "tracestate-lost"
  case tracestateTruncated = "tracestate-truncated"
  case tracestateReordered = "tracestate-reordered"
  case tracestateAltered = "tracestate-altered"
  case tracestateMalformed = "tracestate-malformed"
  case tracestateMisplaced = "tracestate-misplaced"
  case baggageLost = "baggage-lost"
  case baggageTruncated = "baggage-truncated"
  case baggageAltered = "baggage-altered"
  // The echo against the spans
  case echoNamesNoSpan = "echo-names-no-span"
  case echoNamesWrongSpan = "echo-names-wrong-span"
  case sharedParent = "shared-parent"
  // The spans
  case traceNotExported = "trace-not-exported"
  case unsampledExported = "unsampled-exported"
  case wrongEntrySpan = "wrong-entry-span"
  case duplicateEntrySpan = "duplicate-entry-span"
  case wrongParent = "wrong-parent"
  case orphanSpan = "orphan-span"
  case unexpectedSpan = "unexpected-span"
  case secondRoot = "second-root"
  case spanCycle = "span-cycle"
  case duplicateSpanID = "duplicate-span-id"
  case wrongSpanCount = "wrong-span-count"
  case missingSpan = "missing-span"
  case wrongKind = "wrong-kind"
  case wrongScope = "wrong-scope"
  case wrongStatus = "wrong-status"
  case wrongAttribute = "wrong-attribute"
  case crossedRoom = "crossed-room"
  case missingLink = "missing-link"
  case missingEvent = "missing-event"
  case wrongRemoteFlag = "wrong-remote-flag"
  case spanOutsideParent = "span-outside-parent"
  case spanOutsideMessage = "span-outside-message"
  case spanReversed = "span-reversed"
  case contextLeak = "context-leak"
  // The delivery
  case copyLost = "copy-lost"
  case copyDuplicated = "copy-duplicated"
  case copyMisdelivered = "copy-misdelivered"
  case copyOutOfOrder = "copy-out-of-order"
  case copyLate = "copy-late"
  // The transport
  case unreadableMessage = "unreadable-message"
  case protocolError = "protocol-error"
  // The telemetry
  case spanDropped = "span-dropped"

  /// The raw names of the kinds of findings that it raises, its own first; none where it only makes traces incomplete.
  package var findings: [String] {
    if self == .spanDropped { return [] }
    return Self.otherFindings[self] ?? [rawValue]
  }

  /// Of the faults that raise another finding than that of their name, or more than that one.
  private static let otherFindings: [Fault: [String]] = [
    .mistypedContext: ["malformed-context"], .crossedRoom: ["wrong-attribute"],
    .uncontextedJoined: ["unsolicited-context", "context-leak"],
    // The span is in the connection's trace instead.
    .ambientContext: ["ambient-context", "unexpected-span"], .wrongEntrySpan: ["wrong-entry-span", "unexpected-span"],
    // Nothing tells which message it answers.
    .foreignContext: ["foreign-context", "copy-lost"],
    // Whoever sees it ends the connection.
    .protocolError: ["protocol-error", "copy-lost"], .copyLate: ["copy-late", "copy-out-of-order"],
  ]
}
