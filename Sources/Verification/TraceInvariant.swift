/// What holds for every trace of a right target, whatever it does; needs no scenario.
package enum TraceInvariant: String, CaseIterable, Hashable, Sendable {
  case orphanSpan = "orphan-span"
  case severalRoots = "several-roots"
  case cycle = "cycle"
  case duplicateSpanID = "duplicate-span-id"
  case outsideParent = "outside-parent"
  case endsBeforeStart = "ends-before-start"
  case noTime = "no-time"
  case unspecifiedKind = "unspecified-kind"
  case entryWithLocalParent = "entry-with-local-parent"

  /// The rule, in one sentence.
  package var requirement: String {
    switch self {
    case .orphanSpan: "A span whose parent is in the same process has a parent in its trace."
    case .severalRoots: "A trace has one span without a parent."
    case .cycle: "No span is among its own ancestors."
    case .duplicateSpanID: "A span ID names one span of its trace."
    case .outsideParent: "A span does not begin before its parent in the same process."
    case .endsBeforeStart: "A span does not end before it starts."
    case .noTime: "A span has a start and an end."
    case .unspecifiedKind: "A span has one of the five kinds."
    case .entryWithLocalParent: "A span of kind server does not have a parent in its own process."
    }
  }

  /// Where the rule comes from.
  package var source: String {
    switch self {
    case .orphanSpan, .severalRoots, .cycle: "OpenTelemetry specification, Overview, Traces"
    case .duplicateSpanID: "W3C Trace Context, parent-id"
    case .outsideParent: "OpenTelemetry specification, Trace API, Span"
    case .endsBeforeStart, .noTime: "OTLP, Span, start_time_unix_nano and end_time_unix_nano"
    case .unspecifiedKind: "OTLP, SpanKind: unspecified is not to be used"
    case .entryWithLocalParent: "OpenTelemetry specification, Trace API, SpanKind"
    }
  }

  var ordinal: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// A violated invariant: how many spans (for several roots, traces) show it, and the first few traces whole.
package struct InvariantFinding: Hashable, Sendable {
  package var invariant: TraceInvariant
  package var count: Int
  package var evidence: [InvariantEvidence]

  package init(invariant: TraceInvariant, count: Int, evidence: [InvariantEvidence]) {
    self.invariant = invariant
    self.count = count
    self.evidence = evidence
  }
}

/// A trace that violates an invariant.
package struct InvariantEvidence: Hashable, Sendable {
  package var traceID: String
  /// What is wrong with which span.
  package var detail: String
  package var tree: [String]

  package init(traceID: String, detail: String, tree: [String]) {
    self.traceID = traceID
    self.detail = detail
    self.tree = tree
  }
}
