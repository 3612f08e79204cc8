import ArgumentParser
import Foundation

/// Round trips beside the limit client's, which does the same work in C.
struct EngineBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine",
    abstract: "CPU time of a verified round trip beside the limit client's with full work, by number of connections.")

  @OptionGroup var options: BenchmarkOptions
  @Option(help: "Numbers of connections.") var connections = "1,100,1000,10000"

  func run() throws {
    let programs = try LimitPrograms(sources: options.limit)
    print("CPU microseconds a round trip (medians of \(options.pairs) pairs in turn) and round trips a second")
    print(
      column("connections", width: 12) + column("ours") + column("user") + column("system") + column("limit")
        + column("user") + column("system") + column("ratio") + column("ours/s", width: 12)
        + column("limit/s", width: 12))
    for count in connections.split(separator: ",").compactMap({ Int($0) }) {
      let server = try LimitServer(programs)
      defer { server.stop() }
      var ours: [Figures] = []
      var limits: [Figures] = []
      for _ in 0..<max(options.pairs, 1) {
        ours.append(
          try ourFigures(port: server.port, connections: count, ["--seconds", String(options.seconds)]))
        limits.append(try limitFigures(programs, port: server.port, connections: count))
      }
      func median(_ figures: [Figures], _ key: String) -> Double { figures.map { $0[key] }.median }
      let ratio = zip(ours, limits).map { $0["cpu_us"] / $1["cpu_us"] }.median
      print(
        column(Double(count), 0, width: 12) + column(median(ours, "cpu_us"), 2) + column(median(ours, "user_us"), 2)
          + column(median(ours, "sys_us"), 2) + column(median(limits, "cpu_us"), 2)
          + column(median(limits, "user_us"), 2) + column(median(limits, "sys_us"), 2) + column(ratio, 3)
          + column(median(ours, "rps"), 0, width: 12) + column(median(limits, "rps"), 0, width: 12))
    }
  }

  private func limitFigures(_ programs: LimitPrograms, port: UInt16, connections: Int) throws -> Figures {
    let result = try Subprocess.output(
      programs.client,
      ["-n", String(connections), "-t", String(options.seconds), "-w", "0.7", "-m", "1", "-p", String(port)])
    return Figures(result.output, kind: "engine=Pfull")
  }
}

/// One run of ours in a process of its own.
func ourFigures(port: UInt16, connections: Int, _ arguments: [String]) throws -> Figures {
  let result = try Subprocess.output(
    CommandLine.arguments[0], ["client", "--port", String(port), "--connections", String(connections)] + arguments)
  guard result.status == 0 else { throw BenchmarkFault(description: "our client failed: \(result.errors)") }
  return Figures(result.output, kind: "engine=spanstorm")
}

/// User instructions of a round trip, which do not depend on what else the machine does.
struct InstructionBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "instructions",
    abstract: "User instructions of a verified round trip, counted by valgrind: the slope between two lengths of run.")

  @OptionGroup var options: BenchmarkOptions
  @Option(help: "Connections.") var connections = 100

  func run() throws {
    let programs = try LimitPrograms(sources: options.limit)
    let callgrind = try Callgrind(in: programs.folder)
    let server = try LimitServer(programs)
    defer { server.stop() }
    let short = try count(callgrind, port: server.port, seconds: 1)
    let long = try count(callgrind, port: server.port, seconds: Double(options.seconds) + 3)
    let roundTrips = (long.observations - short.observations) / 2
    print(
      "user instructions a round trip: \(column((long.instructions - short.instructions) / roundTrips, 0, width: 1))")
    print("over \(Int(roundTrips)) round trips on \(connections) connections, observations handed over")
  }

  private func count(
    _ callgrind: Callgrind, port: UInt16, seconds: Double
  ) throws -> (instructions: Double, observations: Double) {
    let (total, output) = try callgrind.count([
      "client", "--port", String(port), "--connections", String(connections), "--seconds", String(seconds),
      "--warm-up", "0.1",
    ])
    return (total, Figures(output, kind: "engine=spanstorm")["observations"])
  }
}
