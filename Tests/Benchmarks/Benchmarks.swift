import ArgumentParser

/// Figures, never verdicts: what a message, a connection and a handshake cost, beside what they cost at least.
@main
struct Benchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmarks",
    abstract: "Measures Spanstorm's engine beside a minimal client in C, on loopback; prints, and judges nothing.",
    discussion: """
      The C client and server are compiled from their sources (--limit) with the system's compiler. Client and server \
      are pinned to one processor each, programs that are compared run in turn, and medians are printed: on a busy \
      machine look at the ratios, and at the instruction counts, which do not depend on it.
      """,
    subcommands: [
      EngineBenchmark.self, InstructionBenchmark.self, LagBenchmark.self, ConnectBenchmark.self, HoldBenchmark.self,
      TLSBenchmark.self, ScanBenchmark.self,
      ClientRun.self,
    ])
}

/// Where the physical limit is compiled from, and how often things are measured.
struct BenchmarkOptions: ParsableArguments {
  @Option(help: "Folder with limit-client.c and limit-server.c.") var limit = "../shared/bench"
  @Option(help: "Pairs of runs, Spanstorm and the limit in turn.") var pairs = 5
  @Option(help: "Seconds that each run is measured, after a warm-up.") var seconds = 3
}

/// A benchmark that cannot be run.
struct BenchmarkFault: Error, CustomStringConvertible {
  var description: String
}

extension [Double] {
  /// The middle of the sorted values; 0 for none.
  var median: Double {
    guard !isEmpty else { return 0 }
    let sorted = self.sorted()
    return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
  }
}

/// A number with so many digits behind the point, right-aligned.
func column(_ value: Double, _ digits: Int, width: Int = 10) -> String {
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let rounded = (value * scale).rounded() / scale
  var text = digits == 0 ? String(Int(rounded)) : String(rounded)
  if digits > 0, let point = text.firstIndex(of: ".") {
    while text.distance(from: point, to: text.endIndex) <= digits { text.append("0") }
  }
  return String(repeating: " ", count: max(width - text.count, 0)) + text
}

/// A word, left-aligned or right-aligned.
func column(_ word: String, width: Int = 10, isLeft: Bool = false) -> String {
  let space = String(repeating: " ", count: max(width - word.count, 0))
  return isLeft ? word + space : space + word
}
