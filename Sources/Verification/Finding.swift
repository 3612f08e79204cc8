/// What the verifier can find wrong.
///
/// Every kind can be provoked by a fault of the reference server.
package enum FindingKind: String, CaseIterable, Hashable, Sendable {
  // The echo
  case traceRestarted = "trace-restarted"
  case parentNotUpdated = "parent-not-updated"
  case crossedContext = "crossed-context"
  case staleContext = "stale-context"
  case foreignContext = "foreign-context"
  case malformedContext = "malformed-context"
  case absentContext = "absent-context"
  case duplicateContext = "duplicate-context"
  case wrongVersion = "wrong-version"
  case sampledFlagChanged = "sampled-flag-changed"
  case randomFlagChanged = "random-flag-changed"
  case unknownFlags = "unknown-flags"
  case tracestateLost = "tracestate-lost"
  case tracestateTruncated = "tracestate-truncated"
  case tracestateReordered = "tracestate-reordered"
  case tracestateAltered = "tracestate-altered"
  case tracestateMisplaced = "tracestate-misplaced"
  case tracestateMalformed = "tracestate-malformed"
  case baggageLost = "baggage-lost"
  case baggageTruncated = "baggage-truncated"
  case baggageAltered = "baggage-altered"
  case unsolicitedContext = "unsolicited-context"
  case ambientContext = "ambient-context"
  case invalidContextContinued = "invalid-context-continued"
  // The echo against the spans
  case echoNamesNoSpan = "echo-names-no-span"
  case echoNamesWrongSpan = "echo-names-wrong-span"
  case sharedParent = "shared-parent"
  // The spans
  case wrongEntrySpan = "wrong-entry-span"
  case duplicateEntrySpan = "duplicate-entry-span"
  case wrongParent = "wrong-parent"
  case orphanSpan = "orphan-span"
  case secondRoot = "second-root"
  case spanCycle = "span-cycle"
  case duplicateSpanID = "duplicate-span-id"
  case unexpectedSpan = "unexpected-span"
  case wrongSpanCount = "wrong-span-count"
  case missingSpan = "missing-span"
  case traceNotExported = "trace-not-exported"
  case unsampledExported = "unsampled-exported"
  case contextLeak = "context-leak"
  case wrongKind = "wrong-kind"
  case wrongScope = "wrong-scope"
  case wrongStatus = "wrong-status"
  case wrongAttribute = "wrong-attribute"
  case missingLink = "missing-link"
  case missingEvent = "missing-event"
  case wrongRemoteFlag = "wrong-remote-flag"
  case spanReversed = "span-reversed"
  case spanOutsideParent = "span-outside-parent"
  case spanOutsideMessage = "span-outside-message"
  // Delivery
  case copyLost = "copy-lost"
  case copyLate = "copy-late"
  case copyDuplicated = "copy-duplicated"
  case copyMisdelivered = "copy-misdelivered"
  case copyOutOfOrder = "copy-out-of-order"
  // The transport
  case unreadableMessage = "unreadable-message"
  case protocolError = "protocol-error"

  /// What a finding is about; delivery is no propagation.
  package enum Category: String, CaseIterable, Hashable, Sendable {
    case echo, agreement, spans, delivery, transport
  }

  package var category: Category {
    switch self {
    case .traceRestarted, .parentNotUpdated, .crossedContext, .staleContext, .foreignContext, .malformedContext,
      .absentContext, .duplicateContext, .wrongVersion, .sampledFlagChanged, .randomFlagChanged, .unknownFlags,
      .tracestateLost, .tracestateTruncated, .tracestateReordered, .tracestateAltered, .tracestateMisplaced,
      .tracestateMalformed, .baggageLost, .baggageTruncated, .baggageAltered, .unsolicitedContext, .ambientContext,
      .invalidContextContinued:
      .echo
    case .echoNamesNoSpan, .echoNamesWrongSpan, .sharedParent: .agreement
    case .wrongEntrySpan, .duplicateEntrySpan, .wrongParent, .orphanSpan, .secondRoot, .spanCycle, .duplicateSpanID,
      .unexpectedSpan, .wrongSpanCount, .missingSpan, .traceNotExported, .unsampledExported, .contextLeak, .wrongKind,
      .wrongScope, .wrongStatus, .wrongAttribute, .missingLink, .missingEvent, .wrongRemoteFlag, .spanReversed,
      .spanOutsideParent, .spanOutsideMessage:
      .spans
    case .copyLost, .copyLate, .copyDuplicated, .copyMisdelivered, .copyOutOfOrder: .delivery
    case .unreadableMessage, .protocolError: .transport
    }
  }

  private static let ordinals = Dictionary(uniqueKeysWithValues: zip(allCases, 0...))

  /// Its place among all kinds; below 64.
  var ordinal: Int { Self.ordinals[self] ?? 0 }
  var bit: UInt64 { 1 << UInt64(ordinal) }
}

/// One judged fact: what breaks a rule, how often, and the first few cases whole.
package struct Finding: Hashable, Sendable {
  package var kind: FindingKind
  /// Messages (for the upgrade's trace connections, for the transport's kinds arrivals) that show it.
  package var count: Int
  /// The first few, by the order in which their messages were sent.
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
  /// What came back, a line an echo, with its instant after the send.
  package var echoes: [String] = []
  /// The message's spans as a tree, where it is small and known; what differs is marked.
  package var tree: [String] = []
  /// The tree that the scenario expects.
  package var expectedTree: [String] = []
  /// The beginning of what arrived, where it could not be read.
  package var excerpt: String?
}
