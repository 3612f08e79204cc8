import Planning
import Reactor
import Scenarios
import Timing

/// Says what is to be sent when; all times are nanoseconds after the load's start, all numbers plain.
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
    case arrival(number: UInt64, due: Int64, phase: Int)
    /// This user's next message is due.
    case user(Int, due: Int64, phase: Int)
    case over
  }

  /// A user of the closed model.
  private struct User {
    /// The sequence of the message whose echo it waits for.
    var awaited: UInt32?
    /// When it has waited long enough.
    var giveUp: Int64 = 0
    /// Whether it stands in `waiting`.
    var isListed = false
    /// Whether its connection was lost when it wanted to send.
    var isAway = false
  }

  let model: Model
  private let phases: [Phase]
  private let end: Int64
  /// The phase that the closed model is in, and when it ends.
  private var phase = 0
  private var phaseEnd: Int64

  private var schedule: ArrivalSchedule
  private var arrival: ArrivalSchedule.Arrival?

  private var users: [User] = []
  /// Users that think, by when they are done; think time is the same for all in a phase, so a queue stays almost in
  /// order, and a phase with a shorter one only waits for the users of the phase before.
  private var thinking = FIFO<(user: Int, due: Int64)>()
  /// Users that wait for an echo, each once, by when they may give up at the earliest.
  private var waiting = TimerHeap()

  /// One stretch of the closed model.
  private struct Phase {
    var end: Int64
    var thinkTime: Int64
  }

  /// - Parameters:
  ///   - users: how many virtual users there are.
  init(_ plan: Plan, share: Share, users count: Int) {
    var end: Int64 = 0
    let phases = plan.scenario.load.phases
    self.phases = phases.map { phase in
      end = end &+ phase.duration.clampedNanoseconds
      if case .closed(let thinkTime) = phase.pace { return Phase(end: end, thinkTime: thinkTime.clampedNanoseconds) }
      return Phase(end: end, thinkTime: 0)
    }
    self.end = end
    phaseEnd = self.phases.first?.end ?? 0
    schedule = ArrivalSchedule(phases: phases, seed: plan.seed, share: share, groups: plan.groups)
    if case .closed? = phases.first?.pace { model = .closed } else { model = .open }
    switch model {
    case .open: arrival = schedule.next()
    case .closed: users = Array(repeating: User(), count: count)
    }
  }

  /// The load begins with these users.
  mutating func begin(_ open: [Int]) {
    guard model == .closed else { return }
    for user in users.indices { users[user].isAway = true }
    for user in open { users[user].isAway = false }
    // Spread over one think time, or they would send in step for ever.
    let think = phases.first?.thinkTime ?? 0
    for (place, user) in open.enumerated() {
      thinking.append((user, Int64(Double(think) * Double(place) / Double(max(open.count, 1)))))
    }
  }

  mutating func next(at now: Int64) -> Step {
    switch model {
    case .open:
      guard let next = arrival else { return now >= end ? .over : .wait(until: end) }
      guard next.dueNanoseconds <= now else { return .wait(until: next.dueNanoseconds) }
      arrival = schedule.next()
      return .arrival(number: next.number, due: next.dueNanoseconds, phase: next.phase)
    case .closed:
      guard now < end else { return .over }
      giveUp(at: now)
      if let first = thinking.first, first.due <= now {
        thinking.removeFirst()
        enterPhase(at: now)
        return .user(first.user, due: first.due, phase: phase)
      }
      return .wait(until: min(thinking.first?.due ?? end, waiting.next.nanoseconds, end))
    }
  }

  /// How many of the open model's arrivals are still to come; none is from now on.
  mutating func skipRemainingArrivals() -> UInt64 {
    guard let next = arrival else { return 0 }
    arrival = nil
    return schedule.remaining(from: next)
  }

  /// A user of the closed model has sent a message.
  mutating func sent(by user: Int, _ sequence: UInt32, giveUpAt giveUp: Int64) {
    users[user].awaited = sequence
    users[user].giveUp = giveUp
    guard !users[user].isListed else { return }
    users[user].isListed = true
    waiting.add(user, due: Instant(nanoseconds: giveUp))
  }

  /// A user of the closed model has an echo; if it is the one that it waits for, it begins to think.
  ///
  /// Returns the next message where it is due at once; `next` then says nothing of it.
  mutating func heard(_ sequence: UInt32, by user: Int, at now: Int64) -> Step? {
    guard users[user].awaited == sequence else { return nil }
    users[user].awaited = nil
    enterPhase(at: now)
    if phases[phase].thinkTime == 0, now < end { return .user(user, due: now, phase: phase) }
    thinking.append((user, now &+ phases[phase].thinkTime))
    return nil
  }

  /// A user of the closed model wanted to send and had no connection.
  mutating func left(_ user: Int) {
    if model == .closed { users[user].isAway = true }
  }

  /// A user of the closed model could not send, because too much waits on its connection: it thinks once more.
  mutating func postponed(_ user: Int, at now: Int64) {
    guard model == .closed else { return }
    enterPhase(at: now)
    thinking.append((user, now &+ max(phases[phase].thinkTime, LoadLoop.tick)))
  }

  /// A user has a connection again.
  mutating func returned(_ user: Int, at now: Int64) {
    guard model == .closed, users[user].isAway else { return }
    users[user].isAway = false
    thinking.append((user, now))
  }

  /// Users that have waited long enough think, too. Who has sent again since is looked at later.
  private mutating func giveUp(at now: Int64) {
    while let number = waiting.removeDue(at: Instant(nanoseconds: now)) {
      let user = users[number]
      if user.awaited != nil, user.giveUp > now {
        waiting.add(number, due: Instant(nanoseconds: user.giveUp))
        continue
      }
      users[number].isListed = false
      guard user.awaited != nil else { continue }
      users[number].awaited = nil
      enterPhase(at: now)
      thinking.append((number, now &+ phases[phase].thinkTime))
    }
  }

  private mutating func enterPhase(at now: Int64) {
    while now >= phaseEnd, phase &+ 1 < phases.count {
      phase &+= 1
      phaseEnd = phases[phase].end
    }
  }
}
