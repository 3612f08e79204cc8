import TraceContext

/// Looks for what no trace should show; its arrays serve one trace after another.
struct InvariantJudge {
  struct Violation {
    var invariant: TraceInvariant
    /// The span's place in the trace.
    var place: Int
  }

  /// By span: its parent's place; nil at the top, and where following parents would go round in a circle.
  private(set) var parents: [Int?] = []
  private var isChecked: [Bool] = []

  /// - Parameter isWhole: whether all that arrived of the trace is there; else nothing is said of what is missing.
  mutating func judge(_ trace: borrowing GatheredTrace<BookSpan>, isWhole: Bool) -> [Violation] {
    var violations: [Violation] = []
    link(trace)
    breakCircles(&violations)
    var root: Int?
    for place in 0..<trace.count {
      let span = trace[place].pointee
      if span.parentID == 0 {
        if root != nil { violations.append(Violation(invariant: .severalRoots, place: place)) }
        root = root ?? place
      } else if isWhole, parents[place] == nil, span.hasLocalParent, trace.place(of: span.parentID) == nil {
        violations.append(Violation(invariant: .orphanSpan, place: place))
      }
      if let parent = parents[place], !isInside(span, trace[parent].pointee) {
        violations.append(Violation(invariant: .outsideParent, place: place))
      }
      for invariant in Self.alone(span) { violations.append(Violation(invariant: invariant, place: place)) }
    }
    return violations
  }

  private mutating func link(_ trace: borrowing GatheredTrace<BookSpan>) {
    parents.removeAll(keepingCapacity: true)
    for place in 0..<trace.count {
      let parentID = trace[place].pointee.parentID
      parents.append(parentID == 0 ? nil : trace.place(of: parentID))
    }
  }

  /// Finds each circle once, and opens it at the span where it is found.
  private mutating func breakCircles(_ violations: inout [Violation]) {
    isChecked = Array(repeating: false, count: parents.count)
    var isOnPath = isChecked
    var path: [Int] = []
    for start in parents.indices where !isChecked[start] {
      path.removeAll(keepingCapacity: true)
      var place = start
      while !isChecked[place] {
        isChecked[place] = true
        isOnPath[place] = true
        path.append(place)
        guard let parent = parents[place] else { break }
        if isOnPath[parent] {
          violations.append(Violation(invariant: .cycle, place: parent))
          parents[place] = nil
          break
        }
        place = parent
      }
      for place in path { isOnPath[place] = false }
    }
  }

  /// Some SDKs know the start of a span to the millisecond only.
  private static let clockStep: UInt64 = 1_000_000

  /// Whether a span began no earlier than its parent in the same process. It may well begin after its parent's end.
  private func isInside(_ span: BookSpan, _ parent: BookSpan) -> Bool {
    let isOneClock = span.parentPlace == .sameProcess && span.service == parent.service
    guard isOneClock, span.start < parent.start else { return true }
    return parent.start - span.start < Self.clockStep
  }

  /// What a span breaks, whatever is around it.
  private static func alone(_ span: BookSpan) -> [TraceInvariant] {
    var broken: [TraceInvariant] = []
    if span.start == 0 || span.end == 0 {
      broken.append(.noTime)
    } else if span.end < span.start {
      broken.append(.endsBeforeStart)
    }
    if span.kind == .unspecified { broken.append(.unspecifiedKind) }
    if span.parentPlace == .sameProcess, span.parentID != 0, span.kind == .server {
      broken.append(.entryWithLocalParent)
    }
    return broken
  }
}
