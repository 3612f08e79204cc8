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
  }

  /// Entry span's start − sent, by step of a millisecond: the distance of the clocks and the way there.
  private var afterSend: [Int64: Int] = [:]
  /// Entry span's start − first copy: the distance less the rest of the way.
  private var afterCopy: [Int64: Int] = [:]
  /// Entry span's start − its arrival, of messages without a copy: such a span has been there by then at least.
  private var afterArrival: [Int64: Int] = [:]
  /// The earliest begun before their send, and the latest begun after their copy.
  private(set) var earliest: [Case] = []
  private(set) var latest: [Case] = []
  /// Messages that found no room in the tables, because their times differ too much.
  private var overflow = 0

  private static let step: Int64 = 1_000_000
  private static let stepLimit = 1 << 16

  mutating func add(
    entryStart: UInt64, sent: Instant, firstCopy: Instant?, lastSpan: Instant, key: FindingLedger.Key,
    message: MessageIdentity,
    connection: UInt32
  ) {
    let start = Int64(clamping: entryStart)
    let afterSend = start &- sent.nanoseconds
    let afterEnd = start &- (firstCopy ?? lastSpan).nanoseconds
    count(afterSend / Self.step, in: \.afterSend)
    count(afterEnd / Self.step, in: firstCopy == nil ? \.afterArrival : \.afterCopy)
    let case_ = Case(nanoseconds: afterSend, key: key, message: message, connection: connection)
    Self.keep(case_, in: &earliest) { ($0.nanoseconds, $0.key) < ($1.nanoseconds, $1.key) }
    var other = case_
    other.nanoseconds = afterEnd
    Self.keep(other, in: &latest) { (-$0.nanoseconds, $0.key) < (-$1.nanoseconds, $1.key) }
  }

  private mutating func count(_ step: Int64, in steps: WritableKeyPath<Self, [Int64: Int]>) {
    if self[keyPath: steps][step] == nil, self[keyPath: steps].count >= Self.stepLimit {
      overflow += 1
    } else {
      self[keyPath: steps][step, default: 0] += 1
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
    guard let least = Self.median(afterCopy), let most = Self.median(afterSend) else { return nil }
    return (least * Self.step, (most + 1) * Self.step)
  }

  private static func median(_ steps: [Int64: Int]) -> Int64? {
    let total = steps.values.reduce(0, +)
    var sum = 0
    for (step, count) in steps.sorted(by: { $0.key < $1.key }) {
      sum += count
      if sum * 2 >= total { return step }
    }
    return nil
  }

  /// Messages whose entry span began before they were sent, and after they were answered.
  var outside: (before: Int, after: Int) {
    guard let bounds else { return (0, 0) }
    let (least, most) = (bounds.least / Self.step - Self.tolerance, bounds.most / Self.step + Self.tolerance)
    return (
      before: afterSend.reduce(0) { $1.key < least ? $0 + $1.value : $0 },
      after: [afterCopy, afterArrival].joined().reduce(0) { $1.key > most ? $0 + $1.value : $0 }
    )
  }

  /// Steps that clocks may drift apart meanwhile.
  static let tolerance: Int64 = 5

  /// How far apart the clocks are.
  ///
  /// - Parameter clocks: this machine's wall clock and the instant at which it was read.
  func skew(_ clocks: (wall: UInt64, at: Instant)?) -> ClockSkew? {
    guard let bounds, let clocks else { return nil }
    let own = Int64(clamping: clocks.wall) &- clocks.at.nanoseconds
    return ClockSkew(least: bounds.least &- own, most: bounds.most &- own)
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
    let traceID = identities.traceID(of: case_.message)
    findings.keep(
      .spanOutsideMessage, case_.key,
      Evidence(
        connection: case_.connection, message: identities.text(of: case_.message),
        sent: Traceparent(traceID: traceID, parentID: identities.spanID(in: traceID), flags: .sampled).description,
        expected: "an entry span between the send and the first copy, by the clocks' distance",
        actual: "its entry span \(actual)"))
  }
}
