package import Planning
package import Reactor

extension LoadReactor {
  /// How much of a server's slowness a load bears.
  package struct Limits: Sendable {
    /// From the first SYN to the end of the upgrade.
    package var handshake: Duration = .seconds(30)
    /// From our close frame to the end of the stream.
    package var close: Duration = .seconds(3)
    /// Bytes that may wait to be sent on one connection; a message that is due then is a dropped arrival.
    package var backlogBytes = 1 << 20

    package init() {}
  }

  /// What one reactor does of a load, and how.
  package struct Settings: Sendable {
    /// The part of the load.
    package var share = Share.whole
    /// The reactor's number among those that report to the same control, from 0.
    package var part = 0
    /// Where connections go to, in turn by their index.
    package var addresses: [SocketAddress]
    /// Where connections come from: by their index, `connectionsPerSource` from each; empty leaves it to the kernel.
    package var sources: [SocketAddress] = []
    /// Whether the last microseconds before a message is due are spent looking at the clock, which takes a whole core.
    package var spins = false
    package var limits = Limits()

    package init(addresses: [SocketAddress]) { self.addresses = addresses }
  }

  /// Connections that one source address carries to one target address. Of the 28,232 ephemeral ports that Linux has by
  /// default more could be had, but a search for a free one then takes 230 µs instead of 39.
  package static let connectionsPerSource = 8000
}

/// Why a load cannot be run.
package enum LoadFault: Error, Hashable, Sendable, CustomStringConvertible {
  case system(SystemFault)
  case tls(TLSContextFault)
  /// The message types match more than 64 members together.
  case tooManyMatches

  package var description: String {
    switch self {
    case .system(let fault): fault.description
    case .tls(let fault): fault.description
    case .tooManyMatches: "the message types' echoes match more than 64 members together"
    }
  }
}
