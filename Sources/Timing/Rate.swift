/// How many of something happen in a second; positive and finite.
package struct Rate: Hashable, Comparable, Sendable {
  package let perSecond: Double

  /// Nil unless `perSecond` is positive and finite.
  package init?(perSecond: Double) {
    guard perSecond > 0, perSecond.isFinite else { return nil }
    self.perSecond = perSecond
  }

  package static func < (left: Rate, right: Rate) -> Bool { left.perSecond < right.perSecond }

  /// When occurrence number `index` (from 0) is due, in nanoseconds after the first.
  package func nanoseconds(at index: UInt64) -> Int64 {
    // Multiplied first, so that whole rates give whole nanoseconds: the third of 10⁸/s is due at 30, not at 29.
    let offset = Double(index) * Double(nanosecondsPerSecond) / perSecond
    return offset < Double(Int64.max) ? Int64(offset) : .max
  }
}
