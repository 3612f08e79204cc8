import ArgumentParser

/// How fast connections open, and what each holds while nothing happens.
struct ConnectBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connect",
    abstract: "Connections opened a second and the memory that an idle one takes, beside the limit client's.")

  @OptionGroup var options: BenchmarkOptions
  @Option(help: "Connections.") var connections = 8000

  func run() throws {
    let programs = try LimitPrograms(sources: options.limit)
    var ours: [Figures] = []
    var limits: [Figures] = []
    for _ in 0..<max(options.pairs, 1) {
      let server = try LimitServer(programs)
      defer { server.stop() }
      ours.append(try ourFigures(port: server.port, connections: connections, ["--idle"]))
      let result = try Subprocess.output(
        programs.client, ["-n", String(connections), "-t", "0.1", "-w", "0.1", "-m", "1", "-p", String(server.port)])
      limits.append(Figures(result.output, kind: "kind=connect"))
    }
    func median(_ figures: [Figures], _ key: String) -> Double { figures.map { $0[key] }.median }
    print("\(connections) connections, medians of \(options.pairs) pairs in turn")
    print(column("", width: 8) + column("opened/s", width: 12) + column("CPU us") + column("bytes each", width: 12))
    print(
      column("ours", width: 8, isLeft: true) + column(median(ours, "hs_per_s"), 0, width: 12)
        + column(median(ours, "hs_cpu_us"), 1) + column(median(ours, "bytes_per_connection"), 0, width: 12)
        + "   beyond a base of \(column(median(ours, "base_mib"), 1, width: 1)) MiB")
    print(
      column("limit", width: 8, isLeft: true) + column(median(limits, "hs_per_s"), 0, width: 12)
        + column(median(limits, "hs_cpu_us"), 1) + column(median(limits, "rss_B_conn"), 0, width: 12))
  }
}

/// How late messages are sent that were due.
struct LagBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lag",
    abstract: "Send lag of an open load, by default and spinning, beside the limit client's two ways to wait.")

  @OptionGroup var options: BenchmarkOptions
  @Option(help: "Connections.") var connections = 1000
  @Option(help: "Messages a second.") var rate = 20_000

  func run() throws {
    let programs = try LimitPrograms(sources: options.limit)
    let server = try LimitServer(programs)
    defer { server.stop() }
    print(
      "send lag in microseconds at \(rate)/s over \(connections) connections, medians of \(options.pairs) runs in turn")
    print(column("", width: 24) + column("p50") + column("p99") + column("p99.9"))
    let kinds: [(name: String, run: () throws -> (Double, Double, Double))] = [
      ("ours", { try ours(server, []) }), ("limit, -P 3", { try limit(programs, server, pace: 3) }),
      ("ours, --spin", { try ours(server, ["--spin"]) }), ("limit, -P 4", { try limit(programs, server, pace: 4) }),
    ]
    var lags = kinds.map { _ in [(Double, Double, Double)]() }
    for _ in 0..<max(options.pairs, 1) {
      for (index, kind) in kinds.enumerated() { lags[index].append(try kind.run()) }
    }
    for (index, kind) in kinds.enumerated() {
      print(
        column(kind.name, width: 24, isLeft: true) + column(lags[index].map(\.0).median, 1)
          + column(lags[index].map(\.1).median, 1) + column(lags[index].map(\.2).median, 1))
    }
  }

  private func ours(_ server: LimitServer, _ arguments: [String]) throws -> (Double, Double, Double) {
    let figures = try ourFigures(
      port: server.port, connections: connections,
      ["--rate", String(rate), "--seconds", String(options.seconds)] + arguments)
    return (figures["lag_p50_us"], figures["lag_p99_us"], figures["lag_p999_us"])
  }

  private func limit(
    _ programs: LimitPrograms, _ server: LimitServer, pace: Int
  ) throws -> (Double, Double, Double) {
    let result = try Subprocess.output(
      programs.client,
      [
        "-n", String(connections), "-t", String(options.seconds), "-o", String(rate), "-P", String(pace), "-m", "1",
        "-p", String(server.port),
      ])
    let figures = Figures(result.output, kind: "engine=Pol")
    return (figures["err_p50_us"], figures["p99"], figures["p999"])
  }
}
