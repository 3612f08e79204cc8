import Foundation
import TestInputs

/// How many inputs the oracle and our scanners are given: few in the normal run; `SPANSTORM_FUZZ_INPUTS=10000000 swift
/// test -c release -Xswiftc -enable-testing --filter OTLPOracleTests` feeds so many in all. `SPANSTORM_FUZZ_SEED` begins
/// elsewhere.
///
/// Ten million take 13 minutes of processor time. Their differences are mended, or among the known ones.
struct Workload {
  static let standardCount = 6000

  static var count: Int { number("SPANSTORM_FUZZ_INPUTS") ?? standardCount }
  static var seed: UInt64 { UInt64(number("SPANSTORM_FUZZ_SEED") ?? 1) }

  private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

  /// A share of all inputs, each with dice of its own, so that the number that a failure prints repeats it alone.
  static func each(percent: Int, _ body: (_ number: UInt64, _ dice: inout Dice) throws -> Void) rethrows {
    for number in 0..<UInt64(count / 100 * percent) {
      var dice = Dice(seed: seed &* 0x9e37_79b9_7f4a_7c15 &+ number)
      try body(number, &dice)
    }
  }
}
