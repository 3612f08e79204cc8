/// What a connection goes through before it is a session, in this order; not every connection has a proxy and TLS.
package enum ConnectionStage: CaseIterable, Hashable, Sendable, BitwiseCopyable {
  /// From the first SYN to the end of the TCP handshake.
  case tcp
  /// From our CONNECT to the end of the proxy's answer.
  case proxy
  /// From our first record to the end of the TLS handshake.
  case tls
  /// From our request to the end of the server's answer.
  case upgrade
}

/// How long the stages of one connection lasted, in nanoseconds.
package struct StageTimes: Hashable, Sendable, BitwiseCopyable {
  // Nanoseconds below zero stand for a stage that was not: an optional of each would take twice the room.
  private var tcp: Int64 = -1
  private var proxy: Int64 = -1
  private var tls: Int64 = -1
  private var upgrade: Int64 = -1

  package init() {}

  /// All of them together.
  package var total: Int64 { ConnectionStage.allCases.reduce(0) { $0 &+ (self[$1] ?? 0) } }

  /// Nil for a stage that the connection did not go through, or not to its end.
  package subscript(stage: ConnectionStage) -> Int64? {
    get {
      let nanoseconds =
        switch stage {
        case .tcp: tcp
        case .proxy: proxy
        case .tls: tls
        case .upgrade: upgrade
        }
      return nanoseconds < 0 ? nil : nanoseconds
    }
    set {
      let nanoseconds = newValue.map { max($0, 0) } ?? -1
      switch stage {
      case .tcp: tcp = nanoseconds
      case .proxy: proxy = nanoseconds
      case .tls: tls = nanoseconds
      case .upgrade: upgrade = nanoseconds
      }
    }
  }
}
