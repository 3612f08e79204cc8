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
  private static func phases(_ phases: String) throws -> [Phase] { try scenario(phases: phases).load.phases }

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

func arrivals(_ phases: [Phase], seed: UInt64) -> [ArrivalSchedule.Arrival] {
  var schedule = ArrivalSchedule(phases: phases, seed: seed)
  var all: [ArrivalSchedule.Arrival] = []
  while let arrival = schedule.next() { all.append(arrival) }
  return all
}

func types(_ messages: [MessageType], seed: UInt64, count: Int) -> [Int] {
  var mix = MessageMix(messages, seed: seed)
  return (0..<count).map { _ in mix.next() }
}
