/// What is asked of the server with permessage-deflate (RFC 7692 §7.1).
package struct CompressionWish: Hashable, Sendable {
  /// The server shall begin each message with an empty window.
  package var serverNoContextTakeover = false
  /// We begin each message with an empty window.
  package var clientNoContextTakeover = false
  /// The largest window, in bits from 8 to 15; nil leaves it to the server.
  package var serverMaxWindowBits: Int?
  package var clientMaxWindowBits: Int?

  package init() {}
}

/// How a connection that failed or ended is opened again.
package struct Reconnect: Hashable, Sendable {
  /// The first wait is at most this, each further one twice as long at most.
  package var shortest: Duration
  package var longest: Duration
  /// How often it is tried before the connection is given up; a connection that opened begins to count anew.
  package var attempts: Int

  package init(shortest: Duration, longest: Duration, attempts: Int) {
    self.shortest = shortest
    self.longest = longest
    self.attempts = attempts
  }
}

/// How slowly what the server sends is read.
package struct SlowReading: Hashable, Sendable {
  /// At most so many bytes at a time, on each connection.
  package var bytes: Int
  package var every: Duration
}

/// Who we say that we are, in the Authorization field; a secret.
package enum Credentials: Hashable, Sendable {
  /// `user:password` (RFC 7617).
  case basic(Template)
  /// RFC 6750.
  case bearer(Template)
}
