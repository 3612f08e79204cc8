import Foundation

/// Counts the instructions that this program takes in user mode, which do not depend on what else the machine does.
struct Callgrind {
  private let folder: URL
  private var program: String { folder.appendingPathComponent("benchmarks").path }

  /// - Parameter folder: for a copy of the program, and valgrind's own output.
  init(in folder: URL) throws {
    self.folder = folder
    // Valgrind cannot read this compiler's debug information.
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
    let strip = try Subprocess.output("objcopy", ["--strip-debug", own, program])
    guard strip.status == 0 else { throw BenchmarkFault(description: "objcopy: \(strip.errors)") }
  }

  /// Runs a subcommand.
  func count(_ arguments: [String]) throws -> (instructions: Double, output: String) {
    let file = folder.appendingPathComponent("callgrind").path
    let result = try Subprocess.output(
      "valgrind", ["--tool=callgrind", "--callgrind-out-file=\(file)", program] + arguments)
    guard let line = result.errors.split(separator: "\n").first(where: { $0.contains("Collected : ") }),
      let total = Double(line.split(separator: " ").last ?? "")
    else { throw BenchmarkFault(description: "valgrind: \(result.errors)") }
    return (total, result.output)
  }
}
