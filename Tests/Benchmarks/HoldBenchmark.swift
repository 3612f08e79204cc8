import ArgumentParser
import Foundation

/// Very many connections at once, each with its echo every second: the tool itself, whole.
struct HoldBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hold",
    abstract: "Runs 'spanstorm run' with very many connections, each echoing about once a second, all verified.",
    discussion:
      "Limit servers of so many connections each are started on ports of their own; worker processes as needed.")

  @OptionGroup var options: BenchmarkOptions
  @Option(help: "Connections.") var connections = 100_000
  @Option(help: "Connections of each server.") var perServer = 18_000

  func run() throws {
    let programs = try LimitPrograms(sources: options.limit)
    let servers = try (0..<(connections + perServer - 1) / perServer).map { _ in
      // On any processor: all of them share the machine with the workers.
      try LimitServer(programs, processor: -1)
    }
    defer { for server in servers { server.stop() } }
    let scenario = programs.folder.appendingPathComponent("hold.yaml")
    try yaml(servers).write(to: scenario, atomically: true, encoding: .utf8)
    let tool = Process()
    tool.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("spanstorm")
    tool.arguments = [
      "run", scenario.path, "--collector-port", "0", "--out", programs.folder.appendingPathComponent("run").path,
    ]
    try tool.run()
    var highest = 0
    while tool.isRunning {
      highest = max(highest, residentKilobytes(of: tool.processIdentifier))
      Thread.sleep(forTimeInterval: 0.5)
    }
    tool.waitUntilExit()
    print("resident at most, the tool and its workers: \(highest >> 10) MiB; exit status \(tool.terminationStatus)")
  }

  private func yaml(_ servers: [LimitServer]) -> String {
    """
    name: hold
    target:
      url: "ws://127.0.0.1:\(servers[0].port)/ws"
      connect-to: [\(servers.map { "\"127.0.0.1:\($0.port)\"" }.joined(separator: ", "))]
    load:
      connections: \(connections)
      connect-rate: 25000/s
      # The machine carries client and servers at its limit here; what is asked is whether all is kept and verified.
      send-lag: 1s
      phases: [{ name: hold, for: \(max(options.seconds, 30))s, think-time: 1s }]
    messages:
      echo:
        body: { type: echo, seq: "{{ message.id }}", data: "\(String(repeating: "abcdefgh", count: 9))" }
        trace: fresh
        echo:
          match: { type: echo, seq: "{{ message.id }}" }
          within: 5s
          trace-context: unchanged
    expect:
      - propagation == 100%
      - lost-messages == 0
      - failed-connections == 0
    """
  }

  /// Of a process and its children.
  private func residentKilobytes(of parent: Int32) -> Int {
    let children =
      (try? String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8))?
      .split(separator: " ").compactMap { Int32($0) } ?? []
    return ([parent] + children).reduce(0) { sum, process in
      let pages =
        (try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8))?.split(separator: " ").dropFirst()
        .first.flatMap { Int($0) } ?? 0
      return sum + pages * 4
    }
  }
}
