import Glibc
package import Scenarios
import Timing

/// The due times of an open load, phase after phase, in nanoseconds after the load's start.
package struct ArrivalSchedule: Sendable {
  package struct Arrival: Hashable, Sendable {
    package var dueNanoseconds: Int64
    package var phase: Int
  }

  private let phases: [Phase]
  private var phase = 0
  private var phaseStart: Int64 = 0
  private var index: UInt64 = 0
  private var elapsed: Int64 = 0
  private var random: SeededRandom

  package init(phases: [Phase], seed: UInt64) {
    self.phases = phases
    random = SeededRandom(seed: seed ^ 0x6172_7269_7661_6c73)
  }

  /// The next message's due time, or nil past the last phase.
  package mutating func next() -> Arrival? {
    while phase < phases.count {
      let length = phases[phase].duration.clampedNanoseconds
      if case .open(let rate, let arrivals) = phases[phase].pace {
        switch arrivals {
        case .constant: elapsed = rate.nanoseconds(at: index)
        case .poisson:
          let gap = -log(random.unit()) / rate.perSecond * Double(nanosecondsPerSecond)
          elapsed = elapsed &+ Int64(min(gap, Double(Int64.max / 4)))
        }
        index += 1
        if elapsed < length { return Arrival(dueNanoseconds: phaseStart &+ elapsed, phase: phase) }
      }
      phaseStart = phaseStart &+ length
      phase += 1
      index = 0
      elapsed = 0
    }
    return nil
  }
}

/// Which message type comes next, by weight.
package struct MessageMix: Sendable {
  private let cumulative: [Int]
  private var random: SeededRandom

  package init(_ messages: [MessageType], seed: UInt64) {
    var sum = 0
    cumulative = messages.map { message in
      sum += message.weight
      return sum
    }
    random = SeededRandom(seed: seed ^ 0x6d69_7874_7572_6500)
  }

  /// The index of the next message's type.
  package mutating func next() -> Int {
    guard cumulative.count > 1, let total = cumulative.last, total > 0 else { return 0 }
    let ticket = Int.random(in: 0..<total, using: &random)
    return cumulative.firstIndex { ticket < $0 } ?? 0
  }
}
