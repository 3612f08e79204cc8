/// The findings of a run: all counted, the first few of each kind whole.
struct FindingLedger {
  private var counts = [Int](repeating: 0, count: FindingKind.allCases.count)
  private var evidence = [[Evidence]](repeating: [], count: FindingKind.allCases.count)

  func wantsEvidence(_ kind: FindingKind) -> Bool { evidence[kind.ordinal].count < Finding.evidenceLimit }

  mutating func count(_ kind: FindingKind) { counts[kind.ordinal] += 1 }

  mutating func add(_ kind: FindingKind, _ case: Evidence) {
    count(kind)
    if wantsEvidence(kind) { evidence[kind.ordinal].append(`case`) }
  }

  /// Whether something is kept of a message that has no tree yet.
  func wantsTree(ofMessage message: String) -> Bool {
    evidence.contains { $0.contains { $0.message == message && $0.tree.isEmpty } }
  }

  /// Adds a message's span tree to what is kept of it.
  mutating func attach(_ tree: [String], toMessage message: String) {
    for kind in evidence.indices {
      for index in evidence[kind].indices
      where evidence[kind][index].message == message && evidence[kind][index].tree.isEmpty {
        evidence[kind][index].tree = tree
      }
    }
  }

  /// In the order of `FindingKind.allCases`.
  var all: [Finding] {
    FindingKind.allCases.filter { counts[$0.ordinal] > 0 }.map {
      Finding(kind: $0, count: counts[$0.ordinal], evidence: evidence[$0.ordinal])
    }
  }
}

extension FindingKind {
  private static let ordinals = Dictionary(uniqueKeysWithValues: zip(allCases, 0...))

  /// Its place among all kinds; below 32.
  var ordinal: Int { Self.ordinals[self] ?? 0 }
}
