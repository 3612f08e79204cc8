import Planning
import Scenarios
import Testing
import Timing
import TraceContext

@Suite struct PlanTests {
  @Test func theSameSeedGivesTheSamePlan() throws {
    let phases = "[{ for: 1s, rate: 300/s, arrivals: poisson }, { for: 1s, rate: 100/s }]"
    let messages = "a: { body: { id: \"{{ message.id }}\" }, weight: 2 }, b: { body: {} }"
    let plans = try [5, 5, 6].map { try Plan(scenario: scenario(phases: phases, messages: messages), seed: $0) }
    #expect(plans[0].identities == plans[1].identities)
    #expect(plans[0].identities != plans[2].identities)
    #expect(plans[0].templates.map(\.payload) == plans[1].templates.map(\.payload))
    let dues = plans.map { plan in arrivals(plan.scenario.load.phases, seed: plan.seed) }
    #expect(dues[0] == dues[1])
    #expect(dues[0] != dues[2])
    let mixes = plans.map { plan in types(plan.scenario.messages, seed: plan.seed, count: 100) }
    #expect(mixes[0] == mixes[1])
    #expect(mixes[0] != mixes[2])
  }

  @Test func connectionsFillTheirGroupsInOrder() throws {
    let plan = try Plan(scenario: scenario(), seed: 1)
    #expect((0..<10).map { plan.group(ofConnection: $0) } == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    #expect(plan.path(ofConnection: 7) == "/room-1/7")
    #expect(plan.headers(ofConnection: 4).map(\.value) == ["4-room-0"])
    #expect(plan.headers(ofConnection: 4).map(\.name) == ["X-Id"])
  }

  @Test func connectionsWithoutAGroupStandAlone() throws {
    let alone = try Scenario(
      yaml: """
        name: alone
        target: { url: "ws://h/{{ connection.index }}" }
        load: { connections: 3, phases: [{ for: 1s, rate: 1/s }] }
        messages: { m: { body: {} } }
        """, file: "alone.yaml")
    let plan = try Plan(scenario: alone, seed: 1)
    #expect((0..<3).map { plan.group(ofConnection: $0) } == [0, 1, 2])
    #expect((0..<3).map { plan.path(ofConnection: $0) } == ["/0", "/1", "/2"])
  }

  @Test func connectionsOpenAtTheirRate() throws {
    let plan = try Plan(scenario: scenario(), seed: 1)
    #expect(
      (0..<5).map { plan.connectDue(ofConnection: $0) } == [0, 250_000_000, 500_000_000, 750_000_000, 1_000_000_000])
  }

  @Test func theLongestWaitIsThatOfAnyEcho() throws {
    let messages =
      "a: { body: {}, echo: { match: { x: 1 }, within: 3s } }, b: { body: {}, echo: { match: { x: 2 }, within: 7s } }"
    #expect(try Plan(scenario: scenario(messages: messages), seed: 1).longestWait == .seconds(7))
    #expect(try Plan(scenario: scenario(), seed: 1).longestWait == .zero)
  }
}

@Suite struct ArrivalScheduleTests {
  static func phases(_ phases: String) throws -> [Phase] { try scenario(phases: phases).load.phases }

  @Test func constantArrivalsAreEvenAndEndBeforeTheirPhase() throws {
    let all = arrivals(try Self.phases("[{ for: 10s, rate: 100/s }]"), seed: 1)
    #expect(all.map(\.dueNanoseconds) == (0..<1000).map { Int64($0) * 10_000_000 })
    #expect(Set(all.map(\.phase)) == [0])
  }

  @Test func phasesFollowEachOtherWithoutAGap() throws {
    let all = arrivals(
      try Self.phases("[{ for: 1s, rate: 2/s }, { for: 500ms, rate: 1/s }, { for: 1s, rate: 4/s }]"), seed: 1)
    #expect(all.map(\.phase) == [0, 0, 1, 2, 2, 2, 2])
    #expect(all.map(\.dueNanoseconds) == [0, 500, 1000, 1500, 1750, 2000, 2250].map { $0 * 1_000_000 })
  }

  @Test func aPhaseThatIsShorterThanItsGapHasOneMessage() throws {
    #expect(
      arrivals(try Self.phases("[{ for: 1ns, rate: 1/s }, { for: 1ns, rate: 1/s }]"), seed: 1).map(\.dueNanoseconds)
        == [0, 1])
  }

  @Test func aClosedLoadHasNoDueTimes() throws {
    #expect(arrivals(try Self.phases("[{ for: 10s, think-time: 1s }]"), seed: 1).isEmpty)
  }

  @Test func theSlowestRateEndsToo() throws {
    #expect(arrivals(try Self.phases("[{ for: 720h, rate: 1e-300/s }]"), seed: 1).count == 1)
    #expect(arrivals(try Self.phases("[{ for: 720h, rate: 1e-300/s, arrivals: poisson }]"), seed: 1).isEmpty)
  }

  /// The count of a Poisson process of 20,000 has the standard deviation 141, and the share of gaps above the mean is
  /// 1/e; the seeds are fixed, and the bounds are four deviations wide.
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func poissonArrivalsHaveTheirRateAndTheirSpread(seed: UInt64) throws {
    let all = arrivals(try Self.phases("[{ for: 10s, rate: 2000/s, arrivals: poisson }]"), seed: seed).map(
      \.dueNanoseconds)
    #expect(abs(all.count - 20_000) < 566, "seed \(seed)")
    let gaps = zip(all.dropFirst(), all).map { $0 - $1 }
    #expect(gaps.allSatisfy { $0 >= 0 }, "seed \(seed)")
    let share = Double(gaps.count { $0 > 500_000 }) / Double(gaps.count)
    #expect(abs(share - 0.3679) < 0.0137, "seed \(seed)")
    #expect(all.allSatisfy { (0..<10_000_000_000).contains($0) }, "seed \(seed)")
  }

  @Test func twoPoissonPhasesHaveTheirOwnRates() throws {
    let all = arrivals(
      try Self.phases("[{ for: 10s, rate: 100/s, arrivals: poisson }, { for: 10s, rate: 1000/s, arrivals: poisson }]"),
      seed: 9)
    let counts = (0...1).map { phase in all.count { $0.phase == phase } }
    #expect(abs(counts[0] - 1000) < 127)
    #expect(abs(counts[1] - 10_000) < 400)
    #expect(all.allSatisfy { ($0.dueNanoseconds < 10_000_000_000) == ($0.phase == 0) })
  }
}

@Suite struct RampTests {
  private func dueNanoseconds(_ phases: String, seed: UInt64 = 1) throws -> [Int64] {
    arrivals(try ArrivalScheduleTests.phases(phases), seed: seed).map(\.dueNanoseconds)
  }

  /// From a/s to b/s in T seconds, u messages are due after t where a·t + (b − a)·t²/2T = u.
  @Test(arguments: [("up", 100.0, 300.0), ("down", 300.0, 100.0), ("steeply", 1.0, 1000.0)])
  func aRampChangesItsRateEvenly(label: String, from: Double, to: Double) throws {
    let all = try dueNanoseconds("[{ for: 10s, rate: \(from)/s..\(to)/s }]")
    #expect(abs(Double(all.count) - (from + to) / 2 * 10) <= 1)
    for (index, due) in all.enumerated() {
      let time = Double(due) / 1e9
      #expect(abs(from * time + (to - from) * time * time / 20 - Double(index)) < 1e-3, "\(index)")
    }
  }

  @Test func aRampWithPoissonArrivalsHasItsCount() throws {
    let all = try dueNanoseconds("[{ for: 10s, rate: 100/s..3900/s, arrivals: poisson }]", seed: 3)
    #expect(abs(all.count - 20_000) < 566)
    // A quarter of the time has 100 + 950/4 a second: 1,437.5 messages, standard deviation 38.
    #expect(abs(all.count { $0 < 2_500_000_000 } - 1437) < 152)
  }

  @Test func burstsAreDueTogether() throws {
    let all = try dueNanoseconds("[{ for: 1s, rate: 100/s, burst: 10 }]")
    #expect(all == (0..<10).flatMap { burst in Array(repeating: Int64(burst) * 100_000_000, count: 10) })
  }

  @Test func burstsMayComeAtRandom() throws {
    let all = try dueNanoseconds("[{ for: 100s, rate: 100/s, burst: 10, arrivals: poisson }]", seed: 4)
    #expect(all.count % 10 == 0)
    // 1,000 bursts, standard deviation 32.
    #expect(abs(all.count / 10 - 1000) < 128)
    #expect(Set(all).count == all.count / 10)
  }
}

@Suite struct ShareTests {
  private static let schedules = [
    ("constant", "[{ for: 1s, rate: 1000/s }]"), ("Poisson", "[{ for: 1s, rate: 1000/s, arrivals: poisson }]"),
    ("a ramp and bursts", "[{ for: 1s, rate: 10/s..500/s }, { for: 1s, rate: 300/s, burst: 7 }]"),
  ]

  @Test(arguments: schedules, [2, 3, 16])
  func sharesTogetherAreTheWhole(schedule: (label: String, phases: String), count: Int) throws {
    let phases = try ArrivalScheduleTests.phases(schedule.phases)
    let whole = arrivals(phases, seed: 7)
    for groups in [1, 2, 7, 48] {
      let parts = (0..<count).map { arrivals(phases, seed: 7, share: Share(index: $0, count: count), groups: groups) }
      #expect(parts.flatMap { $0 }.sorted { $0.number < $1.number } == whole)
      #expect(whole.map(\.number) == Array(0..<UInt64(whole.count)))
      // Each part sends in proportion to its connections; one without connections sends nothing.
      for (index, part) in parts.enumerated() {
        let own = Share(index: index, count: count).connections(of: groups * 3, groupSize: 3).count / 3
        let expected = Double(whole.count) * Double(own) / Double(groups)
        #expect(abs(Double(part.count) - expected) <= Double(own), "\(groups) groups, part \(index)")
      }
    }
  }

  @Test(arguments: [(12, 1, 5), (100, 10, 4), (9990, 10, 7), (5, 5, 3), (1, 1, 2), (100_000, 1, 256)])
  func connectionsAreSharedByWholeGroups(connections: Int, groupSize: Int, count: Int) {
    let ranges = (0..<count).map { Share(index: $0, count: count).connections(of: connections, groupSize: groupSize) }
    #expect(ranges.flatMap { Array($0) } == Array(0..<connections))
    #expect(ranges.allSatisfy { $0.isEmpty || $0.lowerBound % groupSize == 0 })
    let sizes = ranges.map(\.count)
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= groupSize)
  }

  @Test(arguments: [1, 7, 30, 100, 1000])
  func theRestOfABurstIsCounted(burst: Int) throws {
    let phases = try ArrivalScheduleTests.phases("[{ for: 1s, rate: 100/s, burst: \(burst) }, { for: 1s, rate: 10/s }]")
    let all = arrivals(phases, seed: 7)
    let schedule = ArrivalSchedule(phases: phases, seed: 7)
    for (index, arrival) in all.enumerated() {
      #expect(schedule.remaining(from: arrival) == UInt64(all.count - index), "\(index)")
    }
  }

  @Test func aShareCanBeSharedOn() {
    let parts = Share.whole.split(into: 3).flatMap { $0.split(into: 2) }
    #expect(parts.map(\.index) == Array(0..<6))
    #expect(parts.allSatisfy { $0.count == 6 })
  }

  @Test(arguments: schedules)
  func whatRemainsIsCounted(label: String, phases: String) throws {
    let phases = try ArrivalScheduleTests.phases(phases)
    for share in Share.whole.split(into: 3) {
      let schedule = ArrivalSchedule(phases: phases, seed: 7, share: share, groups: 10)
      let all = arrivals(phases, seed: 7, share: share, groups: 10)
      for (index, arrival) in all.enumerated() where index % 50 == 0 {
        let remaining = schedule.remaining(from: arrival)
        // Poisson arrivals, and a burst at the end, are counted by what is expected of them.
        let slack = label == "constant" ? 0.0 : 4 * Double(all.count - index).squareRoot() + 8
        #expect(abs(Double(remaining) - Double(all.count - index)) <= slack, "\(index)")
      }
    }
  }
}

@Suite struct MessageMixTests {
  /// The share of each type of 30,000 messages lies within four standard deviations of its weight.
  @Test(arguments: [
    ("one type", [3]), ("equal weights", [1, 1]), ("nine to one", [9, 1]), ("three types", [5, 3, 2]),
    ("a type that is never sent", [0, 4, 0, 1]),
    ("great weights", [1_000_000, 1_000_000]),
  ])
  func typesFollowTheirWeights(label: String, weights: [Int]) throws {
    let messages = weights.enumerated().map { "m\($0.offset): { weight: \($0.element), body: {} }" }.joined(
      separator: ", ")
    let drawn = types(try scenario(messages: messages).messages, seed: 17, count: 30_000)
    let total = Double(weights.reduce(0, +))
    for (index, weight) in weights.enumerated() {
      let share = Double(weight) / total
      let deviation = (share * (1 - share) / 30_000).squareRoot()
      let found = Double(drawn.count { $0 == index }) / 30_000
      #expect(abs(found - share) <= 4 * deviation, "type \(index)")
    }
  }
}

func arrivals(_ phases: [Phase], seed: UInt64, share: Share = .whole, groups: Int = 1) -> [ArrivalSchedule.Arrival] {
  var schedule = ArrivalSchedule(phases: phases, seed: seed, share: share, groups: groups)
  var all: [ArrivalSchedule.Arrival] = []
  while let arrival = schedule.next() { all.append(arrival) }
  return all
}

func types(_ messages: [MessageType], seed: UInt64, count: Int) -> [Int] {
  let mix = MessageMix(messages, seed: seed)
  return (0..<count).map { mix.type(ofArrival: UInt64($0)) }
}
