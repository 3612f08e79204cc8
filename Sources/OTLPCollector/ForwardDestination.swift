import NIOCore

/// Another OTLP/HTTP endpoint that gets every body that was taken, unchanged.
package struct ForwardDestination: Hashable, Sendable {
  package var host: String
  package var port: Int
  /// What stands before /v1/traces in its paths, without a slash at its end.
  package var pathPrefix: String

  package init(host: String, port: Int, pathPrefix: String = "") {
    self.host = host
    self.port = port
    self.pathPrefix = pathPrefix
  }
}

extension ForwardDestination {
  /// - Throws: `CollectorUnavailable` where one of the listeners is what it names. Ways round through others show only
  ///   when a body comes back, by its Via field.
  func checkIsElsewhere(_ listeners: [any Channel]) throws {
    guard let target = try? SocketAddress.makeAddressResolvingHost(host, port: port) else { return }
    for case let address? in listeners.map(\.localAddress) where address.port == port {
      let isEverywhere = ["0.0.0.0", "::"].contains(address.ipAddress)
      guard address.ipAddress == target.ipAddress || isEverywhere && target.isOfThisMachine else { continue }
      throw CollectorUnavailable(host: host, port: port, reason: "it would forward to itself")
    }
  }
}

extension SocketAddress {
  /// Whether it is an address of one of this machine's interfaces.
  fileprivate var isOfThisMachine: Bool {
    guard let ipAddress else { return false }
    let own = (try? System.enumerateDevices())?.compactMap { $0.address?.ipAddress } ?? []
    return own.contains(ipAddress) || ipAddress.hasPrefix("127.") || ipAddress == "0.0.0.0" || ipAddress == "::"
  }
}
