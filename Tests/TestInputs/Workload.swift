import Foundation

/// How many seeded inputs the tests of a target feed: few in the normal run; `SPANSTORM_FUZZ_INPUTS=10000000 swift test
/// -c release -Xswiftc -enable-testing --filter TARGET` feeds so many in all. `SPANSTORM_FUZZ_SEED` begins elsewhere.
package struct Workload {
  private let standardCount: Int

  /// - Parameter standardCount: inputs in all, in the normal run.
  package init(standardCount: Int) { self.standardCount = standardCount }

  package static var seed: UInt64 { UInt64(number("SPANSTORM_FUZZ_SEED") ?? 1) }
  private var count: Int { Self.number("SPANSTORM_FUZZ_INPUTS") ?? standardCount }

  private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

  /// A share of all inputs, each with dice of its own, so that the number that a failure prints repeats it alone.
  package func each(percent: Int, _ body: (_ number: UInt64, _ dice: inout Dice) throws -> Void) rethrows {
    for number in 0..<UInt64(count / 100 * percent) {
      var dice = Dice(seed: Self.seed &* 0x9e37_79b9_7f4a_7c15 &+ number)
      try body(number, &dice)
    }
  }
}
