import ArgumentParser
import Foundation
import Planning
import Reactor
import ReferenceServer
import Reporting
import Scenarios
import TransportSecurity
import Verification

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a scenario's load, verifies every message, and prints the report.",
    discussion: """
      The report goes to standard output, progress to standard error, and report.json into the run's folder. The \
      target must export its spans by OTLP, over HTTP (protobuf or JSON) or gRPC, to the collector that runs beside the \
      load: by default on the ports that the scenario names, or 4318 and 4317; with --collector-port on another one. Ctrl-C \
      ends the load early and still reports.

      A wss:// target must show a certificate of an authority that the system trusts, for its name, unless the \
      scenario or an option says otherwise. The variable SSLKEYLOGFILE names a file that TLS secrets are appended to.

      Faults for --reference --fault, which 'spanstorm serve --help' explains: \(Fault.allCases.map(\.rawValue).joined(separator: ", ")).
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Argument(help: "A scenario file.") var scenario: String
  @OptionGroup var load: LoadOptions
  @OptionGroup var engine: EngineOptions
  @Flag(
    help: "Tests Spanstorm's own reference server, in a process of its own; it agrees to what the scenario offers.")
  var reference = false
  @OptionGroup var faults: FaultOptions
  @Option(
    name: .customLong("export-queue"),
    help: ArgumentHelp("Spans that may wait in the reference server.", valueName: "N"))
  var exportQueue: Int?
  @OptionGroup var collector: CollectorOptions
  @OptionGroup var tls: TLSOptions
  @Option(help: ArgumentHelp("Folder of the run; by default a new one under results/.", valueName: "folder"))
  var out: String?
  @Option(help: ArgumentHelp("What is printed: text or json.", valueName: "format")) var format = Format.text

  func validate() throws {
    if reference, load.target != nil { throw ValidationError("--reference and --target exclude each other") }
    if reference, collector.token != nil || collector.tlsCertificate != nil || collector.host != "127.0.0.1" {
      throw ValidationError(
        "--reference exports on this machine, plainly: no --collector-host, -token or -tls goes with it")
    }
    if !reference, !faults.isEmpty { throw ValidationError("--fault and --as-written go with --reference") }
    if !reference, exportQueue != nil { throw ValidationError("--export-queue goes with --reference") }
    if let exportQueue, exportQueue <= 0 { throw ValidationError("--export-queue is above 0") }
  }

  func run() throws {
    let file = try ScenarioFile(self.scenario)
    var changes = load.changes
    changes.tls = tls.changes
    var scenario = try changes.apply(to: file.scenario)
    collector.apply(to: &scenario.collector)
    // Mistakes in the URL, and in the files that TLS needs, are told before anything is opened.
    let plan = try file.plan(scenario, seed: 0, target: load.target)
    try tls.check(plan, isReference: reference)
    let folder = try RunFolder(out, scenario: scenario.name)
    let session = RunSession(
      scenario: scenario, file: file, load: load, changes: changes, engine: engine,
      collectorOptions: collector)
    let (report, defects) = try session.run(reference: reference ? (faults, exportQueue) : nil)
    say(format == .text ? report.text : String(decoding: try report.json(), as: UTF8.self))
    try folder.write(report)
    complain("report: \(folder.path)/report.json")
    for defect in defects { complain("error: \(defect); this is a defect of Spanstorm") }
    throw (defects.isEmpty ? status(report) : .defect).code
  }

  private func status(_ report: Report) -> ExitStatus {
    if report.run.wasInterrupted { return .interrupted }
    if report.verdict.tallies.opened == 0 {
      complain("error: no connection to \(report.run.target) was opened; is the server there, and is the path right?")
      return .unreachable
    }
    switch report.verdict.outcome {
    case .pass: return .pass
    case .fail: return .fail
    case .inconclusive: return .inconclusive
    }
  }
}

/// Where the results of one run are kept.
struct RunFolder {
  let path: String

  /// - Parameter path: nil for a new folder under results/.
  init(_ path: String?, scenario: String) throws {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "UTC")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    let name = scenario.map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "-" }
    self.path = path ?? "results/\(String(name))-\(formatter.string(from: Date()))-\(getpid())"
    do {
      try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    } catch {
      complain("error: the folder '\(self.path)' cannot be made: \(error.localizedDescription)")
      throw ExitStatus.usage.code
    }
  }

  func write(_ report: Report) throws {
    do {
      try Data(try report.json()).write(to: URL(fileURLWithPath: "\(path)/report.json"))
    } catch {
      complain("error: the report cannot be written to '\(path)': \(error.localizedDescription)")
      throw ExitStatus.defect.code
    }
  }
}
