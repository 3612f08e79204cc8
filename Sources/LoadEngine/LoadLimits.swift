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
}
