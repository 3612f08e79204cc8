import ArgumentParser
import Scenarios

/// What the command line may change of a scenario's load.
struct LoadOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Opens N connections instead of the scenario's.", valueName: "N"))
  var connections: Int?

  @Option(
    help: ArgumentHelp(
      "Sends at this rate in every phase that has one, as in '2000/s' or '100/s..2000/s'.", valueName: "rate"))
  var rate: String?

  @Option(name: .customLong("for"), help: ArgumentHelp("Length of the last phase, as in '20s'.", valueName: "time"))
  var duration: String?

  @Option(help: ArgumentHelp("Number that decides ids, due times and the mix; random by default.", valueName: "N"))
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      "Server to test instead of the scenario's: an origin like 'ws://127.0.0.1:8000', or a whole URL.",
      valueName: "URL"))
  var target: String?

  @Option(
    name: .customLong("connect-to"),
    help: ArgumentHelp(
      "Server address that connections go to instead of the URL's host (repeatable: in turn).", valueName: "host:port"))
  var connectTo: [String] = []

  @Option(
    help: ArgumentHelp(
      "HTTP proxy that connections go through, as in 'http://user:password@127.0.0.1:3128'; it is asked for a tunnel.",
      valueName: "URL"))
  var proxy: String?

  @Option(
    name: .customLong("source-addresses"),
    help: ArgumentHelp(
      "Address of this machine, or a range like '10.0.0.0/28', that connections come from (repeatable).",
      valueName: "address"))
  var sourceAddresses: [String] = []

  var changes: LoadChanges {
    LoadChanges(
      connections: connections, rate: rate, duration: duration, connectTo: connectTo, sourceAddresses: sourceAddresses,
      proxy: proxy)
  }
}

/// What is changed of a scenario's load, as the command line has it.
struct LoadChanges: Codable {
  var connections: Int?
  var rate: String?
  var duration: String?
  var connectTo: [String] = []
  var sourceAddresses: [String] = []
  /// May hold a secret.
  var proxy: String?
  var tls = TLSChanges()

  func apply(to scenario: Scenario) throws -> Scenario {
    var scenario = scenario
    if let connections {
      let size = scenario.group?.size ?? 1
      guard (1...1_000_000).contains(connections), connections % size == 0 else {
        throw ValidationError("--connections lies between 1 and 1000000 and fills groups of \(size)")
      }
      scenario.load.connections = connections
    }
    if let rate {
      guard let ramp = Quantities.ramp(rate) else {
        throw ValidationError("--rate '\(rate)' is no rate; write it as in '2000/s' or '100/s..2000/s'")
      }
      for index in scenario.load.phases.indices {
        if case .open(let load) = scenario.load.phases[index].pace {
          scenario.load.phases[index].pace = .open(
            OpenLoad(from: ramp.from, to: ramp.to, arrivals: load.arrivals, burst: load.burst))
        }
      }
    }
    if let duration {
      guard let time = Quantities.duration(duration), time > .zero else {
        throw ValidationError("--for '\(duration)' is no time; write it as in '20s'")
      }
      scenario.load.phases[scenario.load.phases.count - 1].duration = time
    }
    for word in connectTo where HostAndPort(word) == nil {
      throw ValidationError("--connect-to '\(word)' is no 'host:port'; write it as in '127.0.0.1:8000'")
    }
    for word in sourceAddresses where AddressRange(word) == nil {
      throw ValidationError(
        "--source-addresses '\(word)' is no address or range; write it as in '127.0.0.2' or '10.0.0.0/28'")
    }
    if !connectTo.isEmpty { scenario.target.connectTo = connectTo }
    if let proxy {
      do throws(ProxyURL.Fault) {
        scenario.target.proxy = try ProxyURL(proxy)
      } catch {
        throw ValidationError("--proxy \(error); write it as in 'http://user:password@127.0.0.1:3128'")
      }
    }
    if scenario.target.proxy != nil, !scenario.target.connectTo.isEmpty {
      throw ValidationError("a proxy and --connect-to ('connect-to' of the scenario) exclude each other")
    }
    if !sourceAddresses.isEmpty { scenario.target.sourceAddresses = sourceAddresses }
    tls.apply(to: &scenario.target.tls)
    return scenario
  }
}
