import Observations
package import Scenarios
import Timing

/// What a run means.
package struct Verdict: Sendable {
  package enum Outcome: String, Sendable {
    case pass, fail, inconclusive
  }

  package var outcome: Outcome
  /// Why it is no pass, in a sentence each.
  package var reasons: [String]
  package var findings: [Finding]
  package var expectations: [JudgedExpectation]
  package var tallies: Tallies
  package var measurements: Measurements
  /// Whether missing spans were held against the server, and if not, why.
  package var proof: LossProof
  /// How far the target's clock is ahead of ours; nil where no span told.
  package var skew: ClockSkew?
  package var timeSplits: [TimeSplitSummary]
}

/// An expectation with what was seen.
package struct JudgedExpectation: Hashable, Sendable {
  package enum Outcome: String, Hashable, Sendable {
    case met, unmet
    /// Nothing, or not enough, was seen to tell.
    case open
  }

  package var expectation: Expectation
  /// In the unit of the bound; nil where nothing was seen.
  package var actual: Double?
  package var outcome: Outcome
}

extension Verdict {
  init(
    findings: [Finding], load: Load, expectations: [Expectation], tallies: Tallies, measurements: Measurements,
    droppedDeliveries: UInt64, collector books: CollectorBooks, proof: LossProof, skew: ClockSkew?,
    timeSplits: [TimeSplitSummary], shortestWait: Int64
  ) {
    let collector = books.counts
    self.findings = findings
    self.tallies = tallies
    self.measurements = measurements
    self.proof = proof
    self.skew = skew
    self.timeSplits = timeSplits
    self.expectations = expectations.map { JudgedExpectation($0, tallies, measurements) }

    let latePhases = Self.latePhases(load, measurements)
    let wasLate = !latePhases.isEmpty || tallies.longestStall > 0
    let excuse = CopyExcuse(tallies, shortestWait: shortestWait)
    func isJudged(_ counters: Expectation.Counter...) -> Bool {
      expectations.contains { expectation in counters.contains { expectation.metric == .count($0) } }
    }
    var failures: [String] = []
    var doubts: [String] = []
    // One distance of clocks is measured, and several processes may have several.
    let hasSeveralClocks = books.exporters.count { $0.spans > 0 } > 1
    for finding in findings {
      let reason = "\(finding.kind.rawValue): \(finding.count)"
      if finding.kind == .spanOutsideMessage, hasSeveralClocks {
        doubts.append("\(reason), but several processes export spans, whose clocks may differ")
        continue
      }
      switch finding.kind.weight(isJudged: isJudged) {
      case .judgedByAuthor: break
      case .lost where excuse.forLost, .late where excuse.forLate:
        doubts.append("\(reason), but this tool was late itself")
      case .lost where droppedDeliveries > 0:
        doubts.append("\(reason), but this tool dropped observations of its own")
      case .lost, .late, .always: failures.append(reason)
      }
    }
    for judged in self.expectations where judged.isFailure(tallies) {
      if judged.expectation.metric.isExcused(wasLate: wasLate, excuse) {
        doubts.append("expected \(judged.expectation.text), but this tool was late itself")
      } else if droppedDeliveries > 0, judged.expectation.metric.isOfAbsence {
        doubts.append("expected \(judged.expectation.text), but this tool dropped observations of its own")
      } else {
        failures.append("expected \(judged.expectation.text)")
      }
    }
    // Connections are expected to open and to stay, and messages to be echoed, unless the author says otherwise.
    if tallies.failed > tallies.failedByUs, !isJudged(.failedConnections) {
      failures.append("\(tallies.failed - tallies.failedByUs) connections did not open")
    }
    if tallies.failedByUs > 0 {
      doubts.append("\(tallies.failedByUs) connections did not open for want of something on this machine, or of time")
    }
    if tallies.lost > 0, !isJudged(.lostConnections) {
      failures.append("\(tallies.lost) sessions ended before the run did")
    }

    if tallies.messagesSent == 0 { doubts.append("no message was sent") }
    if tallies.tracesIncomplete > 0, !Self.allowsIncomplete(self.expectations) {
      doubts.append(
        "\(tallies.tracesIncomplete) of \(tallies.tracesExpected) traces are incomplete: \(tallies.tracesPartial) with some of their spans, \(tallies.tracesUnseen) with none; lost telemetry is no proof of broken propagation"
          + Self.mostMissing(tallies))
    }
    if tallies.connectionTracesIncomplete > 0 {
      doubts.append(
        "\(tallies.connectionTracesIncomplete) of \(tallies.connectionTracesExpected) traces of upgrades are incomplete"
      )
    }
    if tallies.tracesIncomplete > 0, collector.slowAnswers > 0 {
      doubts.append(
        "this tool's collector answered \(collector.slowAnswers) of \(collector.requests) requests more than a second late, which makes exporters drop spans"
      )
    }
    if tallies.tracesExpected + tallies.connectionTracesExpected > 0, !Self.allowsIncomplete(self.expectations) {
      doubts += Self.lostTelemetry(books, tallies)
    }
    if tallies.tracesIncomplete > 0, collector.longestStallNanoseconds > nanosecondsPerSecond {
      doubts.append(
        "this tool's collector stood still for"
          + " \(milliseconds(UInt64(clamping: collector.longestStallNanoseconds))), which makes exporters drop spans")
    }
    if droppedDeliveries > 0 { doubts.append("\(droppedDeliveries) batches of observations were dropped by this tool") }
    if tallies.spansDropped > 0 { doubts.append("\(tallies.spansDropped) spans were dropped by this tool") }
    if tallies.spansUnnamed > 0 {
      doubts.append("\(tallies.spansUnnamed) spans had names beyond the collector's table")
    }
    if tallies.droppedArrivals > 0 {
      doubts.append("\(tallies.droppedArrivals) messages were due and found no session to carry them")
    }
    doubts += latePhases
    if !doubts.isEmpty, tallies.longestStall > 0 {
      doubts.append("this tool stood still for \(milliseconds(UInt64(clamping: tallies.longestStall))) at the longest")
    }
    for judged in self.expectations where judged.outcome == .open {
      doubts.append("nothing was seen to judge '\(judged.expectation.text)' by")
    }

    outcome = !failures.isEmpty ? .fail : !doubts.isEmpty ? .inconclusive : .pass
    reasons = failures + doubts
  }

  /// The expected spans that are missing most often.
  private static func mostMissing(_ tallies: Tallies) -> String {
    let most = tallies.missingSpans.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3)
    guard !most.isEmpty else { return "" }
    return "; most often missing: " + most.map { "'\($0.key)' (\($0.value))" }.joined(separator: ", ")
  }

  /// What is known of spans that were lost on their way, in a sentence each. A lost span may be one that would have
  /// been a finding.
  private static func lostTelemetry(_ books: CollectorBooks, _ tallies: Tallies) -> [String] {
    var doubts = books.balances.filter { $0.lost > 0 }.map { balance in
      "'\(balance.exporter)' started \(balance.started) spans, and \(balance.lost) of them are lost:"
        + " \(balance.dropped) dropped by its SDK, \(balance.unexplained) unexplained"
    }
    if tallies.tracesIncomplete > 0 {
      doubts += books.exporters.filter(\.queue.showOverflow).map { exporter in
        "the export queue of '\(exporter.name)' was probably full: \(exporter.queue.longestRun) full batches of"
          + " \(exporter.queue.largestBatch) spans came back to back, ever later"
      }
      if books.counts.pushedBack > 0 {
        doubts.append(
          "this tool had no room for \(books.counts.pushedBack) requests and asked their exporters to come back")
      }
    }
    return doubts
  }

  /// The phases whose send lag is beyond its bound at p99, in a sentence each.
  private static func latePhases(_ load: Load, _ measurements: Measurements) -> [String] {
    let bound = UInt64(clamping: load.sendLagBound.clampedNanoseconds)
    return zip(load.phases, measurements.sendLagByPhase).compactMap { phase, histogram in
      guard let lag = histogram?.nanoseconds(atPercentile: 99), lag > bound else { return nil }
      return "this tool sent late in '\(phase.name)': send lag p99 \(milliseconds(lag)), bound \(milliseconds(bound))"
    }
  }

  /// Whether the author has said how many traces may be incomplete, and no more are.
  private static func allowsIncomplete(_ expectations: [JudgedExpectation]) -> Bool {
    let judged = expectations.filter { $0.expectation.metric == .completeTraces }
    return !judged.isEmpty && judged.allSatisfy { $0.outcome == .met }
  }
}

extension FindingKind {
  fileprivate enum Weight {
    case always
    /// Our own standing still can make it look so; lost, an observation of ours that was dropped as well.
    case lost, late
    /// An expectation of the author's decides.
    case judgedByAuthor
  }

  /// How a finding weighs: of delivery the author may say what is expected.
  fileprivate func weight(isJudged: (Expectation.Counter...) -> Bool) -> Weight {
    let isOfLoss = self == .copyLost || self == .copyLate
    if isOfLoss, isJudged(.lostMessages, .lostCopies) { return .judgedByAuthor }
    if self == .copyDuplicated, isJudged(.duplicateCopies) { return .judgedByAuthor }
    return self == .copyLost ? .lost : self == .copyLate ? .late : .always
  }
}

extension JudgedExpectation {
  init(_ expectation: Expectation, _ tallies: Tallies, _ measurements: Measurements) {
    self.expectation = expectation
    switch expectation.metric {
    case .latency(let latency, let percentile):
      let histogram = measurements[latency]
      actual = histogram.count == 0 ? nil : Double(histogram.nanoseconds(atPercentile: percentile))
    case .propagation:
      let seen = tallies.classes.values.reduce(0, +)
      actual = seen == 0 ? nil : Double(seen - tallies.wrongContexts) / Double(seen) * 100
    case .completeTraces:
      // A broken trace is a finding, and not one that is incomplete.
      let known = tallies.tracesComplete + tallies.tracesBroken
      actual = tallies.tracesExpected == 0 ? nil : Double(known) / Double(tallies.tracesExpected) * 100
    case .count(let counter):
      actual =
        switch counter {
        case .lostMessages: Double(tallies.messagesLost)
        case .lostCopies: Double(tallies.copiesLost)
        case .duplicateCopies: Double(tallies.copiesDuplicate)
        case .failedConnections: Double(tallies.failed)
        case .lostConnections: Double(tallies.lost)
        case .unansweredCloses: Double(tallies.unansweredCloses)
        case .droppedArrivals: Double(tallies.droppedArrivals)
        }
    }
    outcome = actual.map { expectation.comparison.holds($0, expectation.bound) ? .met : .unmet } ?? .open
  }

  /// Whether not meeting it is a failure; lost telemetry alone never is.
  func isFailure(_ tallies: Tallies) -> Bool {
    outcome == .unmet && (expectation.metric != .completeTraces || tallies.tracesIncomplete == 0)
  }
}

/// Whether this tool's own standing still can be why copies did not come in time.
private struct CopyExcuse {
  /// It stood still for as long as any copy is waited for.
  let forLost: Bool
  /// It stood still for as long as the latest copy was late.
  let forLate: Bool
  /// Every copy that did not come in time came late, and that is excused.
  let forAll: Bool

  init(_ tallies: Tallies, shortestWait: Int64) {
    forLost = tallies.longestStall >= shortestWait
    forLate = forLost || tallies.longestStall >= tallies.greatestLateness
    forAll = forLost || forLate && tallies.copiesLost <= tallies.copiesLate
  }
}

extension Expectation.Metric {
  /// Whether our own lateness can be why it is not met: what came late to us may have left the server in time.
  fileprivate func isExcused(wasLate: Bool, _ excuse: CopyExcuse) -> Bool {
    switch self {
    case .latency: wasLate
    case .count(.lostMessages), .count(.lostCopies): excuse.forAll
    case .propagation, .completeTraces, .count(.duplicateCopies), .count(.failedConnections),
      .count(.lostConnections), .count(.unansweredCloses), .count(.droppedArrivals):
      false
    }
  }

  /// Whether observations of ours that were dropped can spoil it.
  var isOfAbsence: Bool { self == .count(.lostMessages) || self == .count(.lostCopies) }
}
