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

/// Who we say that we are, in the Authorization field; a secret.
package enum Credentials: Hashable, Sendable {
  /// `user:password` (RFC 7617).
  case basic(Template)
  /// RFC 6750.
  case bearer(Template)
}
