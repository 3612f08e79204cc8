import ArgumentParser

/// The version of the reports and of `--version`.
let spanstormVersion = "0.1.0"

@main
struct Spanstorm: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spanstorm",
    abstract: "Load-tests a WebSocket server and proves that W3C trace context survives it, message by message.",
    discussion: """
      Spanstorm opens WebSocket connections, sends messages with traceparents that it knows, checks the trace context \
      that comes back, receives the server's own spans in an in-memory OTLP collector, and checks that they form one \
      tree under each message.

      Try it against its own reference server, first right, then with a fault:
        spanstorm run scenarios/chat-broadcast.yaml --reference
        spanstorm run scenarios/chat-broadcast.yaml --reference --fault context-leak

      Exit status: 0 pass, 1 fail, 2 inconclusive, 64 bad command line or scenario, 69 target unreachable, 70 a defect \
      of Spanstorm, 130 interrupted (the report of what was done is still written).
      """,
    version: spanstormVersion,
    subcommands: [
      RunCommand.self, ValidateCommand.self, PlanCommand.self, ServeCommand.self, CollectCommand.self,
      DoctorCommand.self, ExplainCommand.self,
      WorkerCommand.self,
    ])
}
