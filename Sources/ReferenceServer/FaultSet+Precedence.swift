extension FaultSet {
  /// Without those that others of the set would hide, so that each of the rest is to be seen.
  var settled: FaultSet {
    Self.precedence.reduce(self) { rest, rule in
      rest.isDisjoint(with: rule.fault) ? rest : rest.subtracting(rule.hidden)
    }
  }

  private typealias Rule = (fault: FaultSet, hidden: FaultSet)

  private static let precedence: [Rule] =
    eclipses + contests.flatMap { contest in contest.indices.map { rule(contest[$0], contest[($0 + 1)...]) } }

  private static func rule(_ fault: Fault, _ hidden: some Sequence<Fault>) -> Rule {
    (FaultSet([fault]), FaultSet(Array(hidden)))
  }

  /// Faults that take away what others change.
  private static let eclipses: [Rule] = [
    rule(.traceRestarted, traceparent + besides + spans + [.traceNotExported]), rule(.traceNotExported, spans),
    rule(.uncontextedJoined, [.unsolicitedContext]), rule(.absentContext, besides), rule(.mistypedContext, besides),
    rule(.malformedContext, besides), rule(.crossedContext, besides), rule(.staleContext, besides),
    rule(.foreignContext, besides), rule(.spanOutsideMessage, [.spanOutsideParent, .contextLeak]),
  ]

  /// Faults that change the same thing: of each list the first that is drawn acts.
  private static let contests: [[Fault]] = [
    traceparent, tracestate, baggage,
    [.ambientContext, .uncontextedJoined, .invalidContextContinued, .unsolicitedContext],
    [.wrongEntrySpan, .duplicateEntrySpan, .wrongStatus, .missingLink, .missingEvent, .wrongRemoteFlag],
    [.spanDropped, .wrongParent, .orphanSpan, .wrongKind],
    [.missingSpan, .wrongSpanCount, .spanCycle, .duplicateSpanID, .spanOutsideParent, .spanReversed],
    [.wrongAttribute, .crossedRoom], [.copyLost, .copyLate, .copyOutOfOrder, .copyDuplicated, .protocolError],
  ]

  private static let traceparent: [Fault] = [
    .absentContext, .mistypedContext, .malformedContext, .duplicateContext, .wrongVersion, .parentNotUpdated,
    .crossedContext, .staleContext, .foreignContext, .sharedParent, .echoNamesNoSpan, .echoNamesWrongSpan,
    .sampledFlagChanged, .randomFlagChanged, .unknownFlags,
  ]
  private static let tracestate: [Fault] = [
    .tracestateLost, .tracestateTruncated, .tracestateReordered, .tracestateAltered, .tracestateMalformed,
    .tracestateMisplaced,
  ]
  private static let baggage: [Fault] = [.baggageLost, .baggageTruncated, .baggageAltered]
  private static let besides = tracestate + baggage
  private static let spans: [Fault] = [
    .wrongEntrySpan, .duplicateEntrySpan, .wrongParent, .orphanSpan, .unexpectedSpan, .secondRoot,
    .spanCycle, .duplicateSpanID, .wrongSpanCount, .missingSpan, .wrongKind, .wrongScope, .wrongStatus,
    .wrongAttribute, .crossedRoom, .missingLink, .missingEvent, .wrongRemoteFlag, .spanOutsideParent,
    .spanOutsideMessage, .spanReversed, .contextLeak, .spanDropped, .echoNamesNoSpan, .echoNamesWrongSpan,
  ]
}
