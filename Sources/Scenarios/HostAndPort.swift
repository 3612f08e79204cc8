/// A server's address as it is written: `host:port`, an IPv6 address in brackets.
package struct HostAndPort: Hashable, Sendable {
  /// A name or an address, without the brackets of IPv6.
  package let host: String
  /// Above 0.
  package let port: UInt16

  /// Nil for anything else.
  package init?(_ word: String) {
    guard let colon = word.lastIndex(of: ":"), colon > word.startIndex,
      let port = UInt16(word[word.index(after: colon)...]), port > 0
    else { return nil }
    let host = word[..<colon]
    self.host = String(host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host)
    self.port = port
  }
}
