import ArgumentParser
import Foundation
import OTLPCollector
import Reporting
import Scenarios
import TransportSecurity
import Verification

struct CollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect",
    abstract: "Receives OTLP from any exporter, and tells what of the traces no target should show.",
    discussion: """
      Traces, metrics and logs are taken over HTTP (protobuf or JSON) and gRPC, on every port. A line a second goes to \
      standard error; the report goes to standard output at the end, after --for or when Ctrl-C ends it (with \
      '--format json' nothing else does). A trace is judged once it was quiet for the settle time, by what holds for \
      every trace and needs no scenario: orphans, several roots, cycles, double span IDs, spans that begin before \
      their parent, nonsense of times and kinds. What was not quiet yet at the end is not judged by what it lacks. \
      SDKs export every 5 s by default: a shorter settle time takes for missing what is under way.

      Exit status: 0 where nothing is violated, 1 where something is, 2 where traces were cut for want of memory. \
      Spans with invalid IDs are rejected and counted, and change nothing of it.

      The bearer token may come from the variable SPANSTORM_COLLECTOR_TOKEN instead of --token, which others can see.

      Faults, so that exporters can be tested (the first so many requests, or a share: unavailable=2, slow=2s/10%):
      \(CollectorFault.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n"))
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Option(help: ArgumentHelp("Address to listen on; loopback unless told otherwise.", valueName: "address"))
  var host = "127.0.0.1"
  @Option(help: ArgumentHelp("Port to listen on; 0 lets the kernel choose.", valueName: "port")) var port: UInt16 = 4318
  @Option(
    name: .customLong("grpc-port"),
    help: ArgumentHelp("Second port, where exporters look for gRPC.", valueName: "port"))
  var grpcPort: UInt16?
  @Option(help: ArgumentHelp("Ends after this time, as in '30s'.", valueName: "time")) var `for`: String?
  @Option(help: ArgumentHelp("How long a trace must be quiet before it is judged.", valueName: "time")) var settle =
    "10s"
  @Option(help: ArgumentHelp("Draws the first so many traces that settle.", valueName: "N")) var trees = 0
  @Option(help: ArgumentHelp("Spans of this service.name alone are looked at (repeatable).", valueName: "name"))
  var service: [String] = []
  @Option(help: ArgumentHelp("What waiting spans may take, as in '512MiB'.", valueName: "size")) var memory = "512MiB"
  @Option(
    name: .customLong("spans-to"),
    help: ArgumentHelp("Writes every span to this file, a line of JSON each.", valueName: "file"))
  var spansTo: String?
  @Option(help: ArgumentHelp("What every request must show as 'authorization: Bearer …'.", valueName: "token"))
  var token: String?
  @OptionGroup var tls: ServerTLSOptions
  @Option(
    help: ArgumentHelp("A fault to answer with (repeatable); see above.", valueName: "fault"), transform: Self.fault)
  var faults: [FaultInjection] = []
  @Option(
    help: ArgumentHelp(
      "Passes everything that is taken on, unchanged, to an OTLP/HTTP endpoint like 'http://127.0.0.1:4320'.",
      valueName: "URL"))
  var forward: String?
  @Option(help: ArgumentHelp("What is printed at the end: text or json.", valueName: "format")) var format = Format.text

  func validate() throws {
    for (option, value) in [("--settle", settle), ("--for", self.for ?? "1s")] where Quantities.duration(value) == nil {
      throw ValidationError("\(option) '\(value)' is no time; write it as in '5s'")
    }
    if Quantities.memory(memory) == nil {
      throw ValidationError("--memory '\(memory)' is no amount of memory; write it as in '512MiB', from 1MiB")
    }
    if let forward, ForwardDestination(forward) == nil {
      throw ValidationError("--forward '\(forward)' is no endpoint; write it as in 'http://127.0.0.1:4320'")
    }
    guard trees >= 0 else { throw ValidationError("--trees is not negative") }
  }

  func run() throws {
    Interruption.watch()
    let duration = self.for.flatMap(Quantities.duration)
    let output = format == .text ? STDOUT_FILENO : STDERR_FILENO
    var session = try CollectSession(
      configuration, settle: Quantities.duration(settle) ?? .seconds(10),
      memory: Quantities.memory(memory) ?? 512 << 20,
      trees: trees, journal: spansTo, show: { write($0, to: output) })
    let report = session.run(for: duration)
    say(format == .text ? report.text : String(decoding: try report.json(), as: UTF8.self))
    let status: ExitStatus =
      !report.findings.isEmpty ? .fail : report.traces.cutTraces > 0 ? .inconclusive : .pass
    throw status.code
  }

  private static func fault(_ text: String) throws -> FaultInjection {
    do throws(FaultInjection.SyntaxError) {
      return try FaultInjection(parsing: text)
    } catch {
      throw ValidationError("\(error)")
    }
  }

  private var configuration: Collector.Configuration {
    var configuration = Collector.Configuration()
    configuration.host = host
    configuration.port = Int(port)
    configuration.grpcPort = CollectorOptions.grpcPort(grpcPort.map(Int.init), beside: Int(port))
    configuration.services = service
    configuration.token = CollectorOptions.token(token)
    configuration.tls = tls.identity
    configuration.faults = faults
    configuration.forward = forward.flatMap { ForwardDestination($0) }
    return configuration
  }
}

extension ForwardDestination {
  /// Reads `http://host:port/prefix`; the port is 4318 where none is named.
  init?(_ url: String) {
    guard url.hasPrefix("http://") else { return nil }
    let rest = url.dropFirst("http://".count)
    let authority = rest.prefix { $0 != "/" }
    var path = String(rest.dropFirst(authority.count))
    while path.hasSuffix("/") { path.removeLast() }
    let address = HostAndPort(authority.contains(":") ? String(authority) : "\(authority):4318")
    guard let address, path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "?") }) else { return nil }
    self.init(host: address.host, port: Int(address.port), pathPrefix: path)
  }
}
