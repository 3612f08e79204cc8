import Testing
import Timing

@Suite struct RateTests {
  @Test(
    arguments: [
      ("zero", 0), ("minus zero", -0.0), ("negative", -1), ("infinite", .infinity), ("no number", .nan),
    ] as [(String, Double)])
  func theRateIsRefused(label: String, perSecond: Double) {
    #expect(Rate(perSecond: perSecond) == nil)
  }

  @Test(
    arguments: [
      ("the first", 1000, 0, 0), ("the second", 1000, 1, 1_000_000), ("a whole second", 1000, 1000, 1_000_000_000),
      ("thirds of a second are cut to nanoseconds", 3, 1, 333_333_333), ("slow", 0.001, 1, 1_000_000_000_000),
      ("fast", 1e8, 3, 30), ("beyond the clock's range", 1e-12, 1, .max), ("the last that there is", 1, .max, .max),
      ("the smallest rate", .leastNonzeroMagnitude, 1, .max), ("the greatest rate", .greatestFiniteMagnitude, .max, 0),
    ] as [(String, Double, UInt64, Int64)])
  func anOccurrenceIsDue(label: String, perSecond: Double, index: UInt64, nanoseconds: Int64) throws {
    let rate = try #require(Rate(perSecond: perSecond))
    #expect(rate.nanoseconds(at: index) == nanoseconds)
  }

  @Test func dueTimesNeverGoBack() throws {
    let rate = try #require(Rate(perSecond: 700_001.3))
    var before: Int64 = -1
    for index in 0..<10_000 as Range<UInt64> {
      let due = rate.nanoseconds(at: index)
      #expect(due > before)
      before = due
    }
  }

  @Test func ratesAreOrdered() throws {
    #expect(try #require(Rate(perSecond: 1)) < #require(Rate(perSecond: 2)))
  }
}

@Suite struct InstantTests {
  @Test(
    arguments: [
      ("zero", .zero, 0), ("a nanosecond", .nanoseconds(1), 1),
      ("less than a nanosecond", Duration(secondsComponent: 0, attosecondsComponent: 999_999_999), 0),
      ("a negative part", .nanoseconds(-1), -1), ("seconds and more", .milliseconds(1500), 1_500_000_000),
      ("negative seconds and more", .milliseconds(-1500), -1_500_000_000),
      (
        "the greatest that fits",
        Duration(secondsComponent: 9_223_372_036, attosecondsComponent: 854_775_807_000_000_000), .max
      ),
      (
        "one more than that", Duration(secondsComponent: 9_223_372_036, attosecondsComponent: 854_775_808_000_000_000),
        .max
      ),
      (
        "the least that fits",
        Duration(secondsComponent: -9_223_372_036, attosecondsComponent: -854_775_808_000_000_000), .min
      ),
      (
        "one less than that",
        Duration(secondsComponent: -9_223_372_036, attosecondsComponent: -854_775_809_000_000_000), .min
      ),
      ("the longest duration of whole seconds", .seconds(Int64.max), .max),
      ("the same, backwards", .seconds(-Int64.max), .min),
    ] as [(String, Duration, Int64)])
  func aDurationIsClampedToNanoseconds(label: String, duration: Duration, nanoseconds: Int64) {
    #expect(duration.clampedNanoseconds == nanoseconds)
  }

  @Test func instantsAreOrderedAndSubtracted() {
    let early = Instant(nanoseconds: 10)
    let late = early.advanced(byNanoseconds: 32)
    #expect(early < late)
    #expect(late - early == 32)
    #expect(early - late == -32)
    #expect(late.advanced(byNanoseconds: -32) == early)
  }

  @Test func theClockNeverGoesBack() {
    var before = Instant.now
    for _ in 0..<10_000 {
      let now = Instant.now
      #expect(!(now < before))
      before = now
    }
  }
}
