import ArgumentParser
import Planning
import Scenarios
import Timing
import TraceContext

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Prints what would be sent, when, with which traceparents; opens nothing.")

  @Argument(help: "A scenario file.") var scenario: String
  @OptionGroup var load: LoadOptions
  @Option(help: ArgumentHelp("Messages to print.", valueName: "N")) var messages = 10

  func run() throws {
    let file = try ScenarioFile(scenario)
    let plan = try file.plan(
      try load.changes.apply(to: file.scenario), seed: load.seed, target: load.target)
    say("scenario \(plan.scenario.name), seed \(plan.seed)\n")
    say("target   \(plan.target.authority), \(plan.scenario.load.connections) connections\n")
    for index in [0, plan.scenario.load.connections - 1] where index == 0 || plan.scenario.load.connections > 1 {
      let path = RedactedURL.text(plan.path(ofConnection: index))
      say("  connection \(index) opens at \(seconds(plan.connectDue(ofConnection: index))): \(path)\n")
      for header in plan.traceHeaders(ofConnection: index) { say("    \(header.name): \(header.value)\n") }
    }
    say("then, from the moment when all are open:\n")
    sayMessages(of: plan)
  }

  /// The first messages, by one sender whose connections have opened in their order.
  private func sayMessages(of plan: Plan) {
    var arrivals = ArrivalSchedule(phases: plan.scenario.load.phases, seed: plan.seed)
    let mix = MessageMix(plan.scenario.messages, seed: plan.seed)
    for sequence in 0..<UInt32(clamping: max(messages, 0)) {
      guard let arrival = arrivals.next() else {
        if sequence == 0 { say("  each user sends, waits for its echo, thinks, and sends again\n") }
        break
      }
      let type = mix.type(ofArrival: arrival.number)
      let identity = MessageIdentity(shard: 0, sequence: sequence)
      say("  \(seconds(arrival.dueNanoseconds)) \(plan.scenario.messages[type].name)")
      let (text, bytesLeftOut) = plan.templates[type].beginning(
        of: identity, connection: sequence % UInt32(clamping: plan.scenario.load.connections), in: plan.identities,
        limit: Self.longestText)
      say(" \(text)\(bytesLeftOut > 0 ? "… and \(bytesLeftOut) bytes more" : "")\n")
    }
  }

  /// Bytes of a message that are printed: a screen is filled by some messages, not by one.
  private static let longestText = 1024

  private func seconds(_ nanoseconds: Int64) -> String {
    let microseconds = nanoseconds / 1000
    let fraction = String(microseconds % 1_000_000)
    return "\(microseconds / 1_000_000).\(String(repeating: "0", count: 6 - fraction.utf8.count))\(fraction) s"
  }
}
