import LoadEngine
import Observations
import Planning
import Reactor
import Scenarios
import Timing

/// Where a load's connections go to and come from.
struct Route {
  /// In turn by the connection's number; at least one.
  var addresses: [SocketAddress]
  /// By the connection's number, so many from each; empty leaves it to the kernel.
  var sources: [SocketAddress]
  /// What the resolver took for each name; nothing for addresses in digits.
  private(set) var lookups: [Observation.Resolved] = []
  private let lookup: NameLookup

  /// Looks the target's names up. Blocks while the resolver does, but not beyond the target's time limit.
  init(_ plan: Plan) throws(ResolutionFault) {
    let target = plan.scenario.target
    lookup = NameLookup(limit: target.timeLimits.dns)
    (addresses, sources) = ([], [])
    if target.connectTo.isEmpty {
      // A proxy looks the server's name up itself.
      let all = try lookUp(target.proxy?.host ?? plan.target.host, port: target.proxy?.port ?? plan.target.port)
      switch target.addresses {
      case .first: addresses = Array(all.prefix(1))
      case .all: addresses = all
      }
    } else {
      for server in target.connectTo.compactMap(HostAndPort.init) {
        addresses += try lookUp(server.host, port: server.port).prefix(1)
      }
    }
    for word in target.sourceAddresses {
      for host in AddressRange(word)?.hosts ?? [] { sources.append(try SocketAddress(host: host, port: 0)) }
    }
    if sources.isEmpty { try addLoopbackSources(connections: plan.scenario.load.connections) }
  }

  private mutating func lookUp(_ host: String, port: UInt16) throws(ResolutionFault) -> [SocketAddress] {
    if let address = SocketAddress(digits: host, port: port) { return [address] }
    let begin = Instant.now
    let all = try lookup.addresses(of: host, port: port)
    let end = Instant.now
    lookups.append(Observation.Resolved(at: end, nanoseconds: end - begin))
    return all
  }

  /// On this machine's own loopback network, any number of source addresses is there to be used.
  private mutating func addLoopbackSources(connections: Int) throws(ResolutionFault) {
    guard addresses.allSatisfy({ $0.isLoopback && $0.isIPv4 }) else { return }
    let perSource = LoadReactor.connectionsPerSource * addresses.count
    let needed = (connections + perSource - 1) / perSource
    guard needed > 1 else { return }
    for index in 0..<min(needed, 250) { sources.append(try SocketAddress(host: "127.0.0.\(2 + index)", port: 0)) }
  }

  /// Source addresses times target addresses.
  var pairs: Int { max(sources.count, 1) * addresses.count }
}
