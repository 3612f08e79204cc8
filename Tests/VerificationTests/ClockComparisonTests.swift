import Observations
import TestInputs
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("The target's clock")
struct ClockComparisonTests {
  static let millisecond: Int64 = 1_000_000

  /// Adds a message whose entry span begins so long after its send by a clock so far ahead.
  private static func add(
    _ clock: inout ClockComparison, _ number: Int, ahead: Int64, start: Int64 = 2_000_000, answer: Int64? = 10_000_000
  ) {
    let sent = Instant(nanoseconds: 1_000_000_000 + Int64(number) * 7_000_003)
    clock.add(
      entryStart: UInt64(clamping: sent.nanoseconds + ahead + start), sent: sent,
      firstCopy: answer.map { sent.advanced(byNanoseconds: $0) }, lastSpan: sent.advanced(byNanoseconds: 50_000_000),
      key: UInt64(number), message: MessageIdentity(shard: 0, sequence: UInt32(number)), connection: 0, carried: nil)
  }

  @Test(
    "may be far from ours, and drift a little",
    arguments: [
      ("the same", 0, 0), ("an hour ahead", 3_600_000, 0), ("an hour behind", -3_600_000, 0),
      ("3 ms of drift", 500, 3), ("3 ms of drift the other way", -500, -3),
    ] as [(String, Int64, Int64)])
  func skewed(_ label: String, milliseconds: Int64, drift: Int64) throws {
    var clock = ClockComparison()
    for number in 0..<1000 {
      let ahead = milliseconds * Self.millisecond + drift * Self.millisecond * Int64(number) / 1000
      Self.add(&clock, number, ahead: ahead + 7200 * 1_000_000_000)
    }
    #expect(clock.outside == (0, 0))
    let bounds = try #require(clock.bounds)
    let middle = milliseconds * Self.millisecond + 7200 * 1_000_000_000 + drift * Self.millisecond / 2
    #expect(bounds.least <= middle && middle <= bounds.most)
    #expect(bounds.most - bounds.least <= 14 * Self.millisecond)
  }

  @Test(
    "shows the one message of many whose entry span is outside",
    arguments: [
      ("before its send", -100, 10, (1, 0)), ("after its answer", 100, 10, (0, 1)),
      ("after it came itself", 100, nil, (0, 1)), ("just after its send", 0, 10, (0, 0)),
      ("without an answer", 2, nil, (0, 0)),
    ] as [(String, Int64, Int64?, (Int, Int))])
  func outsider(_ label: String, start: Int64, answer: Int64?, expected: (Int, Int)) {
    var clock = ClockComparison()
    for number in 0..<500 { Self.add(&clock, number, ahead: 3_600_000_000_000) }
    Self.add(
      &clock, 500, ahead: 3_600_000_000_000, start: start * Self.millisecond,
      answer: answer.map { $0 * Self.millisecond }
    )
    #expect(clock.outside == expected)
    if expected.0 > 0 { #expect(clock.earliest.first?.key == 500) }
    if expected.1 > 0 { #expect(clock.latest.first?.key == 500) }
  }

  @Test("keeps the same evidence in whatever order messages are settled", arguments: 0..<10)
  func orders(seed: Int) {
    func keys(_ order: [Int]) -> [[UInt64]] {
      var clock = ClockComparison()
      for number in order {
        let start = number.isMultiple(of: 50) ? -100 - Int64(number % 3) : number % 50 == 1 ? 100 : Int64(2)
        Self.add(&clock, number, ahead: 3_600_000_000_000, start: start * Self.millisecond)
      }
      #expect(clock.outside == (10, 10))
      return [clock.earliest.map(\.key), clock.latest.map(\.key)]
    }
    var dice = Dice(seed: UInt64(seed))
    #expect(keys(Array(0..<500).shuffled(using: &dice)) == keys(Array(0..<500)))
  }

  @Test("says nothing where nothing was answered")
  func unanswered() {
    var clock = ClockComparison()
    for number in 0..<10 { Self.add(&clock, number, ahead: 0, answer: nil) }
    #expect(clock.bounds == nil)
    #expect(clock.outside == (0, 0))
    #expect(clock.skew((wall: 1, at: Instant(nanoseconds: 1))) == nil)
  }

  @Test("holds times at the ends of time")
  func extremes() {
    var clock = ClockComparison()
    for start in [0, 1, UInt64(Int64.max), .max] {
      for instant in [Int64.min, 0, .max] {
        let at = Instant(nanoseconds: instant)
        clock.add(
          entryStart: start, sent: at, firstCopy: at, lastSpan: at, key: 0,
          message: MessageIdentity(shard: 0, sequence: 0), connection: 0, carried: nil)
      }
    }
    _ = clock.bounds
    _ = clock.outside
    _ = clock.skew((wall: .max, at: .longAgo))
  }

  @Test("is told beside the verdict, as the distance of the wall clocks")
  func skew() throws {
    var run = try MadeUpRun()
    for _ in 0..<20 { run.add(run.exchange()) }
    run.deliver()
    run.pass(seconds: 60)
    // Spans begin a millisecond after their send at `wall` + now.
    let verdict = run.verifier.finish(
      droppedDeliveries: 0, collector: .lossless,
      clocks: (wall: UInt64(run.now.nanoseconds) + MadeUpRun.wall - 60_000_000_000, at: run.now))
    let skew = try #require(verdict.skew)
    #expect(skew.least <= 60_000_000_000 && 60_000_000_000 <= skew.most)
    #expect(skew.most - skew.least <= 13_000_000)
  }
}
