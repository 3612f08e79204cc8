import Glibc
package import Scenarios
import Timing

/// Which part of a load one reactor carries: as even a part of the connections as whole groups allow, and for each of
/// its groups as many arrivals as for any other. All parts together are the whole plan, whatever their number.
package struct Share: Hashable, Sendable {
  /// From 0.
  package let index: Int
  package let count: Int

  /// Everything.
  package static let whole = Share(index: 0, count: 1)

  /// The most parts that a load can have: two digits of a message's text id name the part.
  package static let limit = 256

  package init(index: Int, count: Int) {
    self.index = index
    self.count = max(count, 1)
  }

  /// The parts of this part.
  package func split(into parts: Int) -> [Share] {
    (0..<max(parts, 1)).map { Share(index: index * parts + $0, count: count * parts) }
  }

  /// Its connections, of `connections` in groups of `groupSize`.
  package func connections(of connections: Int, groupSize: Int) -> Range<Int> {
    let size = max(groupSize, 1)
    let groups = Self.groups(of: connections, groupSize: groupSize)
    let (quotient, remainder) = groups.quotientAndRemainder(dividingBy: count)
    let first = index * quotient + min(index, remainder)
    return min(first * size, connections)..<min((first + ownGroups(of: groups)) * size, connections)
  }

  /// How many groups so many connections are.
  package static func groups(of connections: Int, groupSize: Int) -> Int {
    (connections + max(groupSize, 1) - 1) / max(groupSize, 1)
  }

  func ownGroups(of groups: Int) -> Int { groups / count + (index < groups % count ? 1 : 0) }

  /// Whether an arrival is this part's. They go around the groups, and neighbours to different parts.
  func carries(_ number: UInt64, groups: Int) -> Bool {
    number % UInt64(max(groups, 1)) % UInt64(count) == UInt64(index)
  }
}

/// The due times of an open load, phase after phase, in nanoseconds after the load's start.
///
/// Arrival number u of a phase is due when the rate has integrated to u: u itself counts up evenly (constant arrivals),
/// by exponential steps (Poisson), or stands still for a whole burst. So a ramp, which is a rate that changes evenly,
/// needs no other arithmetic.
package struct ArrivalSchedule: Sendable {
  package struct Arrival: Hashable, Sendable {
    package var dueNanoseconds: Int64
    package var phase: Int
    /// Its number in its phase, from 0.
    package var place: UInt64
    /// Its number in the whole load, from 0.
    package var number: UInt64
  }

  /// A phase in plain numbers, so that an arrival counts no references.
  private struct Stretch {
    var start: Int64
    var length: Int64
    /// Nil in the closed model.
    var load: OpenLoad?
  }

  private let stretches: [Stretch]
  private let share: Share
  private let groups: Int
  private var phase = 0
  /// Arrivals of the phase so far.
  private var index: UInt64 = 0
  /// Where the integrated rate stands.
  private var position = 0.0
  private var number: UInt64 = 0
  private var random: SeededRandom

  /// - Parameter groups: how many groups the connections of the whole load are.
  package init(phases: [Phase], seed: UInt64, share: Share = .whole, groups: Int = 1) {
    var start: Int64 = 0
    stretches = phases.map { phase in
      let length = phase.duration.clampedNanoseconds
      defer { start = start &+ length }
      if case .open(let load) = phase.pace { return Stretch(start: start, length: length, load: load) }
      return Stretch(start: start, length: length, load: nil)
    }
    self.share = share
    self.groups = groups
    random = SeededRandom(seed: seed ^ 0x6172_7269_7661_6c73)
  }

  /// The share's next message, or nil past the last phase.
  package mutating func next() -> Arrival? {
    while let arrival = nextOfAll() {
      if share.carries(arrival.number, groups: groups) { return arrival }
    }
    return nil
  }

  private mutating func nextOfAll() -> Arrival? {
    while phase < stretches.count {
      let stretch = stretches[phase]
      if let load = stretch.load {
        let burst = UInt64(load.burst)
        if index % burst == 0 {
          switch load.arrivals {
          case .constant: position = Double(index)
          case .poisson: position -= log(random.unit()) * Double(burst)
          }
        }
        index += 1
        let elapsed = load.nanoseconds(at: position, lengthNanoseconds: stretch.length)
        if elapsed < stretch.length {
          defer { number += 1 }
          return Arrival(dueNanoseconds: stretch.start &+ elapsed, phase: phase, place: index - 1, number: number)
        }
      }
      phase += 1
      index = 0
      position = 0
    }
    return nil
  }

  /// How many of the share's arrivals come after this one, itself included: the integrated rate, which is exact for
  /// constant arrivals and the expected number for Poisson ones.
  package func remaining(from arrival: Arrival) -> UInt64 {
    var rest = 0.0
    for (index, stretch) in stretches.enumerated() where index >= arrival.phase {
      guard let load = stretch.load else { continue }
      let burst = Double(load.burst)
      // The half in a million keeps a rounding error from becoming a burst.
      func whole(_ count: Double) -> Double { (count / burst - 0.5e-6).rounded(.up) * burst }
      let total = load.count(before: stretch.length, lengthNanoseconds: stretch.length)
      if index > arrival.phase {
        rest += whole(total)
      } else {
        // What its burst has left, and the bursts after it.
        let gone = load.count(before: arrival.dueNanoseconds &- stretch.start, lengthNanoseconds: stretch.length)
        rest += whole(total - gone) - Double(arrival.place % UInt64(load.burst))
      }
    }
    guard let all = UInt64(exactly: max(rest, 1)) else { return .max }
    // Whole rounds of all groups, and what is left of one.
    let (rounds, left) = all.quotientAndRemainder(dividingBy: UInt64(max(groups, 1)))
    let own = UInt64(share.ownGroups(of: groups))
    let last = (0..<left).reduce(UInt64(0)) { $0 + (share.carries(arrival.number &+ $1, groups: groups) ? 1 : 0) }
    return rounds.multipliedReportingOverflow(by: own).overflow ? .max : rounds * own + last
  }
}

extension OpenLoad {
  /// When the rate has integrated to `position`, in nanoseconds after the phase's start; `Int64.max` for never.
  func nanoseconds(at position: Double, lengthNanoseconds length: Int64) -> Int64 {
    let scale = Double(nanosecondsPerSecond)
    let elapsed: Double
    if from == to {
      // Multiplied first, so that whole rates give whole nanoseconds: the third of 10⁸/s is due at 30, not at 29.
      elapsed = position * scale / from.perSecond
    } else {
      let slope = slope(lengthNanoseconds: length)
      let root = from.perSecond * from.perSecond + 2 * slope * position
      guard root >= 0 else { return .max }
      elapsed = 2 * position / (from.perSecond + root.squareRoot()) * scale
    }
    return elapsed < Double(Int64.max / 4) ? Int64(elapsed) : .max
  }

  /// The rate integrated up to a time.
  func count(before nanoseconds: Int64, lengthNanoseconds length: Int64) -> Double {
    let seconds = Double(nanoseconds) / Double(nanosecondsPerSecond)
    return from.perSecond * seconds + slope(lengthNanoseconds: length) / 2 * seconds * seconds
  }

  /// By how much the rate rises, per second and second.
  private func slope(lengthNanoseconds length: Int64) -> Double {
    (to.perSecond - from.perSecond) / (Double(max(length, 1)) / Double(nanosecondsPerSecond))
  }
}
