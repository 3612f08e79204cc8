import ArgumentParser
import Foundation
import OTLPCollector
import Observations
import Scenarios
import TransportSecurity

/// Where the collector of a run listens, and whom it lets in.
struct CollectorOptions: ParsableArguments {
  @Option(
    name: .customLong("collector-host"),
    help: ArgumentHelp(
      "Address that the collector listens on; a target on another machine needs one.", valueName: "address"))
  var host = "127.0.0.1"
  @Option(
    name: .customLong("collector-port"),
    help: ArgumentHelp("Port of the collector; 0 lets the kernel choose.", valueName: "port"))
  var port: UInt16?
  @Option(
    name: .customLong("collector-grpc-port"),
    help: ArgumentHelp(
      "Second port of the collector, where exporters look for gRPC; every port serves both.", valueName: "port"))
  var grpcPort: UInt16?
  @Option(
    name: .customLong("collector-token"),
    help: ArgumentHelp(
      "What exporters must show as 'authorization: Bearer …'; or the variable SPANSTORM_COLLECTOR_TOKEN.",
      valueName: "token"))
  var token: String?
  @Option(
    name: .customLong("collector-tls-certificate"),
    help: ArgumentHelp("The collector speaks TLS with this certificate, a PEM file.", valueName: "file"))
  var tlsCertificate: String?
  @Option(
    name: .customLong("collector-tls-key"), help: ArgumentHelp("The certificate's key, a PEM file.", valueName: "file"))
  var tlsKey: String?
  @Option(
    name: .customLong("collector-memory"),
    help: ArgumentHelp(
      "What spans may take while they wait for their verdict, as in '512MiB'; beyond, the run is inconclusive.",
      valueName: "size"))
  var memory: String?
  @Option(
    name: .customLong("collector-delay"),
    help: ArgumentHelp(
      "Makes the collector answer so much later, as in '1s', to see what exporters do.", valueName: "time"))
  var delay: String?

  func validate() throws {
    if let memory, Quantities.memory(memory) == nil {
      throw ValidationError("--collector-memory '\(memory)' is no amount of memory; write it as in '512MiB'")
    }
    if let delay, Quantities.duration(delay) == nil {
      throw ValidationError("--collector-delay '\(delay)' is no time; write it as in '1s'")
    }
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--collector-tls-certificate and --collector-tls-key go together")
    }
  }

  /// Changes what the scenario says of its collector.
  func apply(to settings: inout CollectorSettings) {
    if let port { settings.httpPort = Int(port) }
    if let grpcPort { settings.grpcPort = Int(grpcPort) }
    if let memory = memory.flatMap(Quantities.memory) { settings.memory = memory }
    if let delay = delay.flatMap(Quantities.duration) { settings.answerDelay = delay }
  }

  /// The collector of a run with these settings.
  ///
  /// - Parameters:
  ///   - watch: what the verifier looks at in spans.
  ///   - isForReference: our own server exports to it, which is told the port and knows neither tokens nor TLS.
  func configuration(
    _ settings: CollectorSettings, watch: SpanWatch, isForReference: Bool
  ) -> Collector.Configuration {
    var configuration = Collector.Configuration()
    configuration.host = host
    configuration.port = settings.httpPort ?? (isForReference ? 0 : 4318)
    configuration.grpcPort = Self.grpcPort(settings.grpcPort, beside: configuration.port)
    configuration.services = settings.services
    configuration.watch = watch
    configuration.answerDelay = settings.answerDelay
    if !isForReference {
      configuration.token = Self.token(token)
      configuration.tls = TLSIdentity(tlsCertificate, tlsKey)
    }
    return configuration
  }

  /// The usual second port stands beside the usual first one, unless another is asked for.
  static func grpcPort(_ asked: Int?, beside port: Int) -> Int? { asked ?? (port == 4318 ? 4317 : nil) }

  /// A bearer token from the command line, or from where fewer can see it.
  static func token(_ option: String?) -> String? {
    let variable = ProcessInfo.processInfo.environment["SPANSTORM_COLLECTOR_TOKEN"] ?? ""
    return option ?? (variable.isEmpty ? nil : variable)
  }
}
