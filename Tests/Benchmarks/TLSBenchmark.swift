import ArgumentParser
import Foundation

/// What TLS adds to a round trip and to a connection.
struct TLSBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tls",
    abstract: "CPU time of a round trip over TLS beside a plain one's, and handshakes beside 'openssl s_time'.",
    discussion: "The server is the limit server both times; its certificate is made for the run and not verified.")

  @OptionGroup var options: BenchmarkOptions
  @Option(help: "Connections.") var connections = 1000

  func run() throws {
    let programs = try LimitPrograms(sources: options.limit)
    let certificate = programs.folder.appendingPathComponent("certificate.pem").path
    let key = programs.folder.appendingPathComponent("key.pem").path
    let made = try Subprocess.output(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=127.0.0.1",
        "-days", "2", "-keyout", key, "-out", certificate,
      ])
    guard made.status == 0 else { throw BenchmarkFault(description: "openssl req: \(made.errors)") }
    let plain = try LimitServer(programs)
    defer { plain.stop() }
    let secured = try LimitServer(programs, arguments: ["-t", certificate, key])
    defer { secured.stop() }

    var (overTLS, overTCP, opened, openssl): ([Figures], [Figures], [Figures], [Double]) = ([], [], [], [])
    for _ in 0..<max(options.pairs, 1) {
      let seconds = ["--seconds", String(options.seconds)]
      overTLS.append(try ourFigures(port: secured.port, connections: connections, seconds + ["--tls"]))
      overTCP.append(try ourFigures(port: plain.port, connections: connections, seconds))
      opened.append(try ourFigures(port: secured.port, connections: connections, ["--tls", "--idle"]))
      openssl.append(try handshakesOfOpenSSL(port: secured.port))
    }
    func median(_ figures: [Figures], _ key: String) -> Double { figures.map { $0[key] }.median }
    print("\(connections) connections, medians of \(options.pairs) runs in turn")
    print(column("", width: 12) + column("CPU us") + column("user") + column("system") + column("trips/s", width: 12))
    for (name, figures) in [("TLS", overTLS), ("plain", overTCP)] {
      print(
        column(name, width: 12, isLeft: true) + column(median(figures, "cpu_us"), 2)
          + column(median(figures, "user_us"), 2) + column(median(figures, "sys_us"), 2)
          + column(median(figures, "rps"), 0, width: 12))
    }
    print("ratio \(column(zip(overTLS, overTCP).map { $0["cpu_us"] / $1["cpu_us"] }.median, 2, width: 1))")
    print(
      "handshakes: ours \(column(median(opened, "hs_per_s"), 0, width: 1))/s and"
        + " \(column(median(opened, "hs_cpu_us"), 0, width: 1)) us CPU each, with the upgrade;"
        + " openssl s_time \(column(openssl.median, 0, width: 1))/s, one after the other")
    print("memory of an idle one: \(column(median(opened, "bytes_per_connection"), 0, width: 1)) bytes")
  }

  /// Handshakes a second of a client that opens one connection after the other.
  private func handshakesOfOpenSSL(port: UInt16) throws -> Double {
    let result = try Subprocess.output(
      "openssl", ["s_time", "-connect", "127.0.0.1:\(port)", "-new", "-time", String(options.seconds)])
    // "1234 connections in 3.45s; 357.68 connections/user sec, …", then "1234 connections in 4 real seconds, …".
    for line in result.output.split(separator: "\n") where line.contains("real seconds") {
      let words = line.split(separator: " ")
      if let count = words.first.flatMap({ Double($0) }), words.count > 3, let seconds = Double(words[3]) {
        return count / seconds
      }
    }
    return .nan
  }
}
