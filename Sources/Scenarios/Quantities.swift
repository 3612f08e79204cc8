package import Timing

/// Quantities as they are written, with their units.
package enum Quantities {
  /// A rate like `500/s`, above 0 and at most 100 million a second; nil for anything else.
  package static func rate(_ word: String) -> Rate? {
    guard word.hasSuffix("/s"), let number = number(String(word.dropLast(2))), number <= 100_000_000 else { return nil }
    return Rate(perSecond: number)
  }

  /// A time like `10s`, `250ms` or `2m`; nil for anything else.
  package static func duration(_ word: String) -> Duration? {
    let units: [(suffix: String, seconds: Double)] = [
      ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
    ]
    for unit in units where word.hasSuffix(unit.suffix) {
      guard let value = number(String(word.dropLast(unit.suffix.count))) else { continue }
      let seconds = value * unit.seconds
      return seconds <= 1e9 ? .seconds(seconds) : nil
    }
    return nil
  }

  /// A number that is not negative, without blanks or signs.
  static func number(_ word: String) -> Double? {
    guard DocumentReader.isJSONNumber(word), let value = Double(word), value >= 0, value.isFinite else { return nil }
    return value
  }
}
