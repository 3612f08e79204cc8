import Timing
import TraceContext

/// Measures how far the target's clock is from ours by what cannot be otherwise: a message's entry span begins after
/// the message was sent, and before its first copy came.
///
/// The two differences are gathered for all messages in steps of a millisecond, so that at the end, when the distance is
/// known, the messages whose spans are outside can be counted.
struct ClockComparison {
  struct Case {
    var nanoseconds: Int64
    var key: FindingLedger.Key
    var message: MessageIdentity
    var connection: UInt32
    /// The context that it carried.
    var carried: SpanKey?
  }

  /// Entry span's start − sent, by step of a millisecond: the distance of the clocks and the way there.
  private var afterSend = StepCounts()
  /// Entry span's start − first copy: the distance less the rest of the way.
  private var afterCopy = StepCounts()
  /// Entry span's start − its arrival, of messages without a copy: such a span has been there by then at least.
  private var afterArrival = StepCounts()
  /// The earliest begun before their send, and the latest begun after their copy.
  private(set) var earliest: [Case] = []
  private(set) var latest: [Case] = []
  private var earliestBound = Int64.max
  private var latestBound = Int64.min
  private var firstSent = Instant.never
  private var lastSent = Instant.longAgo
  private static let step: Int64 = 1_000_000

  mutating func add(
    entryStart: UInt64, sent: Instant, firstCopy: Instant?, lastSpan: Instant, key: FindingLedger.Key,
    message: MessageIdentity, connection: UInt32, carried: SpanKey?
  ) {
    firstSent = min(firstSent, sent)
    lastSent = max(lastSent, sent)
    let start = Int64(clamping: entryStart)
    let afterSend = start &- sent.nanoseconds
    let afterEnd = start &- (firstCopy ?? lastSpan).nanoseconds
    self.afterSend.add(afterSend / Self.step)
    if firstCopy == nil { afterArrival.add(afterEnd / Self.step) } else { afterCopy.add(afterEnd / Self.step) }
    if earliest.count < Finding.evidenceLimit || afterSend <= earliestBound {
      let early = Case(nanoseconds: afterSend, key: key, message: message, connection: connection, carried: carried)
      Self.keep(early, in: &earliest) { ($0.nanoseconds, $0.key) < ($1.nanoseconds, $1.key) }
      earliestBound = earliest.last?.nanoseconds ?? .max
    }
    if latest.count < Finding.evidenceLimit || afterEnd >= latestBound {
      let late = Case(nanoseconds: afterEnd, key: key, message: message, connection: connection, carried: carried)
      Self.keep(late, in: &latest) { ($1.nanoseconds, $0.key) < ($0.nanoseconds, $1.key) }
      latestBound = latest.last?.nanoseconds ?? .min
    }
  }

  private static func keep(_ new: Case, in cases: inout [Case], _ isBefore: (Case, Case) -> Bool) {
    if cases.count == Finding.evidenceLimit, let last = cases.last, !isBefore(new, last) { return }
    cases.insert(new, at: cases.firstIndex { isBefore(new, $0) } ?? cases.count)
    if cases.count > Finding.evidenceLimit { cases.removeLast() }
  }

  /// The bounds of the distance, target's clock − ours, in nanoseconds: what half of the messages prove, so that a few
  /// whose spans are wrong do not move it; nil where nothing was compared.
  var bounds: (least: Int64, most: Int64)? {
    guard let least = afterCopy.median, let most = afterSend.median else { return nil }
    return (least * Self.step, most < Int64.max / Self.step ? (most + 1) * Self.step : .max)
  }

  /// Messages whose entry span began before they were sent, and after they were answered.
  var outside: (before: Int, after: Int) {
    guard let bounds else { return (0, 0) }
    let (least, most) = (bounds.least / Self.step - tolerance, bounds.most / Self.step + tolerance)
    return (
      before: afterSend.count { $0 < least },
      after: afterCopy.count { $0 > most } + afterArrival.count { $0 > most }
    )
  }

  /// Steps that clocks may drift apart meanwhile: a few, and 50 µs for each second between the first and last message,
  /// as a clock may run that nobody corrects.
  private var tolerance: Int64 {
    firstSent < lastSent ? 5 + min(lastSent - firstSent, .max / 2) / 20_000 / Self.step : 5
  }

  /// How far apart the clocks are.
  ///
  /// - Parameter clocks: this machine's wall clock and the instant at which it was read.
  func skew(_ clocks: (wall: UInt64, at: Instant)?) -> ClockSkew? {
    guard let bounds, let clocks else { return nil }
    let own = Int64(clamping: clocks.wall) &- clocks.at.nanoseconds
    return ClockSkew(least: bounds.least &- own, most: bounds.most &- own)
  }
}

/// How many values lie in each of many steps.
private struct StepCounts {
  private var counts: [Int64: Int] = [:]
  /// The step that was met last, counted apart: most are followed by themselves.
  private var last: (step: Int64, count: Int) = (0, 0)

  /// Steps that are told apart at most; others count as the last one's.
  private static let limit = 1 << 16

  mutating func add(_ step: Int64) {
    if step == last.step {
      last.count += 1
      return
    }
    counts[last.step, default: 0] += last.count
    last = counts.count < Self.limit || counts[step] != nil ? (step, 1) : (last.step, 1)
  }

  private var all: [Int64: Int] { counts.merging([last.step: last.count], uniquingKeysWith: +).filter { $0.value > 0 } }

  func count(where isWanted: (Int64) -> Bool) -> Int { all.reduce(0) { isWanted($1.key) ? $0 + $1.value : $0 } }

  var median: Int64? {
    let total = all.values.reduce(0, +)
    var sum = 0
    for (step, count) in all.sorted(by: { $0.key < $1.key }) {
      sum += count
      if sum * 2 >= total { return step }
    }
    return nil
  }
}

/// How far the target's clock is ahead of this machine's, in nanoseconds: between two bounds, which are as far apart as
/// half of the messages took to come back.
package struct ClockSkew: Hashable, Sendable {
  package var least: Int64
  package var most: Int64
}

extension Verifier {
  mutating func addClockFindings() {
    guard let bounds = clock.bounds else { return }
    let (before, after) = clock.outside
    findings.count(.spanOutsideMessage, before + after)
    for case_ in clock.earliest.prefix(before) {
      keep(case_, "begins \(milliseconds(UInt64(clamping: bounds.least &- case_.nanoseconds))) before it was sent")
    }
    for case_ in clock.latest.prefix(after) {
      keep(
        case_, "begins \(milliseconds(UInt64(clamping: case_.nanoseconds &- bounds.most))) after it was answered")
    }
  }

  private mutating func keep(_ case_: ClockComparison.Case, _ actual: String) {
    let sent = case_.carried.map { Traceparent(traceID: $0.traceID, parentID: SpanID($0.spanID), flags: .sampled) }
    findings.keep(
      .spanOutsideMessage, case_.key,
      Evidence(
        connection: case_.connection, message: identities.text(of: case_.message),
        sent: sent?.description,
        expected: "an entry span between the send and the first copy, by the clocks' distance",
        actual: "its entry span \(actual)"))
  }
}
