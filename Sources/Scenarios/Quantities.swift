package import Timing

/// Quantities as they are written, with their units.
package enum Quantities {
  /// A rate like `500/s`, above 0 and at most 100 million a second; nil for anything else.
  package static func rate(_ word: String) -> Rate? {
    guard word.hasSuffix("/s"), let number = number(String(word.dropLast(2))), number <= 100_000_000 else { return nil }
    return Rate(perSecond: number)
  }

  /// A rate that stays (`500/s`), or one that changes evenly (`100/s..500/s`); nil for anything else.
  package static func ramp(_ word: String) -> (from: Rate, to: Rate)? {
    guard let dots = word.firstRange(of: "..") else { return rate(word).map { ($0, $0) } }
    guard let from = rate(String(word[..<dots.lowerBound])), let to = rate(String(word[dots.upperBound...])) else {
      return nil
    }
    return (from, to)
  }

  /// A time like `10s`, `250ms` or `2m`, at most 30 days, to the nearest nanosecond; nil for anything else.
  package static func duration(_ word: String) -> Duration? {
    let units: [(suffix: String, nanoseconds: Double)] = [
      ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]
    for unit in units where word.hasSuffix(unit.suffix) {
      guard let value = number(String(word.dropLast(unit.suffix.count))) else { continue }
      let nanoseconds = (value * unit.nanoseconds).rounded()
      guard nanoseconds <= Double(longestDuration.clampedNanoseconds) else { return nil }
      return .nanoseconds(Int64(nanoseconds))
    }
    return nil
  }

  /// A size like `512B`, `64KiB`, `1MiB` or `2GiB`, a whole number of bytes above 0; nil for anything else.
  package static func bytes(_ word: String, upTo largest: Int = largestSize) -> Int? {
    let units: [(suffix: String, bytes: Double)] = [
      ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("B", 1),
    ]
    for unit in units where word.hasSuffix(unit.suffix) {
      guard let value = number(String(word.dropLast(unit.suffix.count))) else { continue }
      let bytes = value * unit.bytes
      guard bytes > 0, bytes <= Double(largest), bytes == bytes.rounded() else { return nil }
      return Int(bytes)
    }
    return nil
  }

  /// A percentage like `99.9%`, at most 100; nil for anything else.
  package static func percentage(_ word: String) -> Double? {
    guard word.hasSuffix("%"), let value = number(String(word.dropLast())), value <= 100 else { return nil }
    return value
  }

  /// What `CollectorSettings.memory` may be, as in `512MiB`; nil for anything else.
  package static func memory(_ word: String) -> Int? {
    bytes(word, upTo: CollectorSettings.memoryRange.upperBound).flatMap {
      CollectorSettings.memoryRange.contains($0) ? $0 : nil
    }
  }

  /// The longest message, in bytes; longer ones are not received either.
  package static let largestSize = 16 << 20

  static let longestDuration = Duration.seconds(30 * 24 * 3600)

  /// A number that is not negative, without blanks or signs.
  static func number(_ word: String) -> Double? {
    guard DocumentReader.isJSONNumber(word), let value = Double(word), value >= 0, value.isFinite else { return nil }
    return value
  }
}
