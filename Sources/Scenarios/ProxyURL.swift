/// An HTTP proxy that connections go through: `http://user:password@host:port`.
package struct ProxyURL: Hashable, Sendable {
  /// A name or an address, without the brackets of IPv6.
  package let host: String
  package let port: UInt16
  /// `user:password`, decoded; a secret.
  package let credentials: String?

  /// What is wrong with a text that is no proxy's URL; it quotes nothing, for any part may be a secret.
  package enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
    case notHTTP
    case malformedAddress
    case malformedCredentials

    package var description: String {
      switch self {
      case .notHTTP: "is no 'http://' URL"
      case .malformedAddress: "has no 'host:port' behind 'http://'"
      case .malformedCredentials: "has no 'user:password' before the '@'"
      }
    }
  }

  /// Reads a URL of RFC 3986; the port is 80 where none is named, and nothing but a slash may follow it.
  package init(_ text: String) throws(Fault) {
    guard text.prefix(7).lowercased() == "http://" else { throw .notHTTP }
    var authority = text.dropFirst(7)
    if authority.last == "/" { authority.removeLast() }
    if let at = authority.lastIndex(of: "@") {
      credentials = try Self.credentials(authority[..<at])
      authority = authority[authority.index(after: at)...]
    } else {
      credentials = nil
    }
    guard let (host, port) = Self.hostAndPort(authority) else { throw .malformedAddress }
    self.host = host
    self.port = port
  }

  /// RFC 7617 §2: the first colon ends the user's name, and no control characters; here percent-encoded (RFC 3986 §2.1).
  private static func credentials(_ text: Substring) throws(Fault) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    var hasColon = false
    while let byte = rest.popFirst() {
      var value = byte
      if byte == UInt8(ascii: "%") {
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
          throw .malformedCredentials
        }
        value = high << 4 | low
      } else if byte == UInt8(ascii: ":") {
        hasColon = true
      }
      guard value >= 0x20, value != 0x7f else { throw .malformedCredentials }
      bytes.append(value)
    }
    guard hasColon, let credentials = String(validating: bytes, as: UTF8.self) else { throw .malformedCredentials }
    return credentials
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func hostAndPort(_ authority: Substring) -> (host: String, port: UInt16)? {
    var host = authority
    var port: UInt16 = 80
    let afterBrackets = authority.lastIndex(of: "]").map { authority.index(after: $0) } ?? authority.startIndex
    if let colon = authority[afterBrackets...].lastIndex(of: ":") {
      let digits = authority[authority.index(after: colon)...]
      // Digits only: a sign is no part of a port.
      guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let number = UInt16(digits), number > 0
      else { return nil }
      port = number
      host = authority[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard host.utf8.allSatisfy({ digit($0) != nil || ":.".utf8.contains($0) }) else { return nil }
    } else {
      guard host.utf8.allSatisfy({ DocumentReader.isWordByte($0) || $0 == UInt8(ascii: ".") }) else { return nil }
    }
    return host.isEmpty ? nil : (String(host), port)
  }
}
