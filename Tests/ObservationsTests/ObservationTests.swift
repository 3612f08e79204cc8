import Testing

@testable import Observations

@Suite("An observation")
struct ObservationTests {
  @Test("has 64 bytes at most, because a run makes millions")
  func size() {
    #expect(MemoryLayout<Observation>.size <= 64)
    #expect(MemoryLayout<Observation>.stride == 64)
  }

  @Test("of a stage that was not says so, and knows every other, 0 included")
  func stageTimes() {
    var times = StageTimes()
    #expect(ConnectionStage.allCases.allSatisfy { times[$0] == nil })
    for (index, stage) in ConnectionStage.allCases.enumerated() { times[stage] = Int64(index) }
    #expect(ConnectionStage.allCases.map { times[$0] } == ConnectionStage.allCases.indices.map { Int64($0) })
    #expect(times.total == ConnectionStage.allCases.indices.reduce(0) { $0 + Int64($1) })
    times[.tcp] = nil
    #expect(times[.tcp] == nil)
    times[.tcp] = -5
    #expect(times[.tcp] == 0)
  }
}
