/// The findings of a run: all counted, the first few of each kind whole.
///
/// Which ones are the first is told by their keys and not by the order in which they were found, so that the same
/// observations in another order leave the same evidence.
struct FindingLedger {
  /// Sorts evidence; the message's number for what a message shows.
  typealias Key = UInt64

  private struct Case {
    var key: Key
    var evidence: Evidence
  }

  private var counts = [Int](repeating: 0, count: FindingKind.allCases.count)
  private var cases = [[Case]](repeating: [], count: FindingKind.allCases.count)

  func wantsEvidence(_ kind: FindingKind, _ key: Key) -> Bool {
    guard let last = cases[kind.ordinal].last, cases[kind.ordinal].count >= Finding.evidenceLimit else { return true }
    return key < last.key
  }

  mutating func count(_ kind: FindingKind, _ number: Int = 1) { counts[kind.ordinal] += number }

  mutating func add(_ kind: FindingKind, _ key: Key, _ evidence: Evidence) {
    count(kind)
    keep(kind, key, evidence)
  }

  /// Keeps evidence of what is counted already.
  mutating func keep(_ kind: FindingKind, _ key: Key, _ evidence: Evidence) {
    guard wantsEvidence(kind, key) else { return }
    let place = cases[kind.ordinal].firstIndex { $0.key > key } ?? cases[kind.ordinal].count
    cases[kind.ordinal].insert(Case(key: key, evidence: evidence), at: place)
    if cases[kind.ordinal].count > Finding.evidenceLimit { cases[kind.ordinal].removeLast() }
  }

  /// Takes back what turned out to be otherwise.
  mutating func retract(_ kind: FindingKind, _ key: Key) {
    counts[kind.ordinal] -= 1
    if let place = cases[kind.ordinal].firstIndex(where: { $0.key == key }) { cases[kind.ordinal].remove(at: place) }
  }

  /// Whether something is kept of a message that has no tree yet.
  func wantsTree(_ key: Key) -> Bool {
    cases.contains { $0.contains { $0.key == key && $0.evidence.tree.isEmpty } }
  }

  /// Changes what is kept of a message.
  mutating func amend(_ key: Key, _ change: (inout Evidence) -> Void) {
    for kind in cases.indices {
      for index in cases[kind].indices where cases[kind][index].key == key { change(&cases[kind][index].evidence) }
    }
  }

  /// In the order of `FindingKind.allCases`.
  var all: [Finding] {
    FindingKind.allCases.filter { counts[$0.ordinal] > 0 }.map {
      Finding(kind: $0, count: counts[$0.ordinal], evidence: cases[$0.ordinal].map(\.evidence))
    }
  }

  /// Adds all of another's.
  mutating func add(_ other: FindingLedger) {
    for kind in FindingKind.allCases {
      counts[kind.ordinal] += other.counts[kind.ordinal]
      for other in other.cases[kind.ordinal] { keep(kind, other.key, other.evidence) }
    }
  }
}
