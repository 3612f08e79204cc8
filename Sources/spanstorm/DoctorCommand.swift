import ArgumentParser
import LoadEngine
import Planning
import Reactor
import Scenarios

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Tells what this machine has of what a load needs, and how to mend what falls short.",
    discussion: """
      The same is checked before every run. With a scenario it is judged by what that asks for, otherwise by the \
      connections of --connections. Exit status: 0 if a run would be right, 2 if it would not.
      """)

  @Argument(help: "A scenario file.") var scenario: String?
  @OptionGroup var load: LoadOptions
  @OptionGroup var engine: EngineOptions

  func run() throws {
    let limits = MachineLimits.read()
    say("open files of a process   \(limits.openFiles)\n")
    say("ports for connections     \(limits.ephemeralPorts.lowerBound)-\(limits.ephemeralPorts.upperBound)\n")
    say("processors                \(limits.processors)\n")
    say("step of the clock         \(limits.clockNanoseconds) ns\n")
    say("longest accept queue      \(limits.acceptQueue)\n")
    say("congestion control        \(limits.congestionControl)\n")
    let (needs, workers) = try needs(limits)
    let processes = workers.map { "\($0) processes" } ?? "one process"
    say("\(needs.connections) connections: \(processes), \(needs.connectionsPerProcess) in each, ")
    say("\(needs.connectionsPerPair) from one address to one other\n")
    let shortfalls = limits.shortfalls(for: needs)
    for shortfall in shortfalls { say("\(shortfall.line)\n") }
    if shortfalls.isEmpty { say("nothing falls short\n") }
    if shortfalls.contains(where: { $0.weight == .forbids }) { throw ExitStatus.inconclusive.code }
  }

  private func needs(_ limits: MachineLimits) throws -> (needs: LoadNeeds, workers: Int?) {
    guard let scenario else {
      let connections = load.connections ?? 1000
      let spread = Spread(engine, connections: connections, groupSize: 1, limits: limits)
      return (
        spread.needs(connections: connections, groupSize: 1, pairs: 1, isLocal: false, spins: engine.spin),
        spread.workers
      )
    }
    let file = try ScenarioFile(scenario)
    let plan = try file.plan(try load.changes.apply(to: file.scenario), seed: 0, target: load.target)
    let connections = plan.scenario.load.connections
    let groupSize = plan.scenario.group?.size ?? 1
    do {
      let route = try Route(plan)
      let spread = Spread(engine, connections: connections, groupSize: groupSize, limits: limits)
      return (
        spread.needs(connections: connections, groupSize: groupSize, route: route, spins: engine.spin),
        spread.workers
      )
    } catch {
      complain("error: \(error)")
      throw ExitStatus.unreachable.code
    }
  }
}
