import Planning
import Reactor
import Scenarios
import Timing

/// Says what is to be sent when; all times are nanoseconds after the load's start.
struct Pacer {
  enum Model {
    /// Messages are due whatever the server does.
    case open
    /// Each user sends, waits for its echo, thinks, and sends again.
    case closed
  }

  enum Step: Equatable {
    /// Nothing is due before this time.
    case wait(until: Int64)
    /// A message is due, on any connection.
    case arrival(due: Int64, isWarmUp: Bool)
    /// This user's next message is due.
    case user(Int, due: Int64, isWarmUp: Bool)
    /// This user has waited for the echo of this message long enough.
    case giveUp(Int, sequence: UInt32)
    case over
  }

  let model: Model
  private let phases: [Phase]
  private let end: Int64

  private var schedule: ArrivalSchedule
  private var arrival: ArrivalSchedule.Arrival?

  /// Users that think, by when they are done; think time is the same for all in a phase, so a queue stays almost in
  /// order, and a phase with a shorter one only waits for the users of the phase before.
  private var thinking = FIFO<(user: Int, due: Int64)>()
  private var waiting = FIFO<(user: Int, sequence: UInt32, giveUp: Int64)>()

  init(_ plan: Plan) {
    phases = plan.scenario.load.phases
    end = phases.reduce(0) { $0 &+ $1.duration.clampedNanoseconds }
    schedule = ArrivalSchedule(phases: phases, seed: plan.seed)
    arrival = schedule.next()
    if case .closed? = phases.first?.pace { model = .closed } else { model = .open }
  }

  /// The load begins with these users.
  mutating func begin(_ users: [Int]) {
    guard model == .closed else { return }
    // Spread over one think time, or they would send in step for ever.
    let think = thinkTime(at: 0)
    for (place, user) in users.enumerated() {
      thinking.append((user, Int64(Double(think) * Double(place) / Double(max(users.count, 1)))))
    }
  }

  mutating func next(at now: Int64) -> Step {
    switch model {
    case .open:
      guard let next = arrival else { return now >= end ? .over : .wait(until: end) }
      guard next.dueNanoseconds <= now else { return .wait(until: next.dueNanoseconds) }
      arrival = schedule.next()
      return .arrival(due: next.dueNanoseconds, isWarmUp: phases[next.phase].isWarmUp)
    case .closed:
      guard now < end else { return .over }
      if let first = waiting.first, first.giveUp <= now {
        waiting.removeFirst()
        return .giveUp(first.user, sequence: first.sequence)
      }
      if let first = thinking.first, first.due <= now {
        thinking.removeFirst()
        return .user(first.user, due: first.due, isWarmUp: phases[phase(at: now)].isWarmUp)
      }
      return .wait(until: min(thinking.first?.due ?? end, waiting.first?.giveUp ?? end, end))
    }
  }

  /// Gives up the open model's arrivals that are still to come, and tells how many there are: rate times time, which
  /// is exact for constant arrivals and the expected number for Poisson ones.
  mutating func skipRemainingArrivals() -> UInt64 {
    guard let next = arrival else { return 0 }
    arrival = nil
    var start: Int64 = 0
    var count = 0.0
    for (index, phase) in phases.enumerated() {
      let end = start &+ phase.duration.clampedNanoseconds
      if case .open(let rate, _) = phase.pace, index >= next.phase {
        let from = index == next.phase ? next.dueNanoseconds : start
        count += (Double(end - from) / Double(nanosecondsPerSecond) * rate.perSecond).rounded(.up)
      }
      start = end
    }
    return UInt64(exactly: count) ?? .max
  }

  /// A user of the closed model has sent a message.
  mutating func sent(by user: Int, _ sequence: UInt32, giveUpAt giveUp: Int64) {
    waiting.append((user, sequence, giveUp))
  }

  /// A user of the closed model has its echo and begins to think.
  mutating func isFree(_ user: Int, at now: Int64) {
    thinking.append((user, now &+ thinkTime(at: now)))
  }

  private func phase(at time: Int64) -> Int {
    var start: Int64 = 0
    for (index, phase) in phases.enumerated() {
      start = start &+ phase.duration.clampedNanoseconds
      if time < start { return index }
    }
    return phases.count - 1
  }

  private func thinkTime(at time: Int64) -> Int64 {
    if case .closed(let thinkTime) = phases[phase(at: time)].pace { thinkTime.clampedNanoseconds } else { 0 }
  }
}
