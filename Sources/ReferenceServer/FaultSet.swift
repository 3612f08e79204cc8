/// Faults as bits of one word: those that act on a message.
struct FaultSet: OptionSet, Hashable {
  var rawValue: UInt64

  init(rawValue: UInt64) { self.rawValue = rawValue }

  init(_ faults: [Fault]) { rawValue = faults.reduce(0) { $0 | Self.bit(of: $1) } }

  func has(_ fault: Fault) -> Bool { rawValue != 0 && rawValue & Self.bit(of: fault) != 0 }

  var count: Int { rawValue.nonzeroBitCount }

  private static func bit(of fault: Fault) -> UInt64 { bits[fault, default: 0] }

  /// One bit each, as long as there are no more than 64.
  private static let bits = Dictionary(
    uniqueKeysWithValues: zip(Fault.allCases, (0 as UInt64)...).map { fault, place in (fault, UInt64(1) << place) })
}
