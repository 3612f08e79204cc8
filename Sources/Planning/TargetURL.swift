package import Scenarios

/// A `ws` or `wss` URL (RFC 6455 §3): one host and port, and a path that may differ by connection.
package struct TargetURL: Hashable, Sendable, CustomStringConvertible {
  /// Whether it asks for TLS.
  package let isSecure: Bool
  /// A name or an address, without the brackets of IPv6.
  package let host: String
  package let port: UInt16
  /// With the query; begins with a slash.
  package let path: Template

  /// The value of the Host field: the port only where it is not the scheme's own.
  package let authority: String

  /// The URL for people: places by their kind, and no query, which may hold secrets.
  package var description: String {
    let text = path.filled { value in
      switch value {
      case .groupName: "{group}"
      case .connectionIndex: "{connection}"
      case .groupSize: "{size}"
      case .messageID, .traceID, .spanID: "{message}"
      }
    }
    return RedactedURL.text("\(isSecure ? "wss" : "ws")://\(authority)\(text)")
  }

  /// - Parameter replacement: replaces the URL whole, or its origin only where it has no path.
  init(_ url: Template, replacedBy replacement: String?) throws(PlanFault) {
    var (origin, path) = try Self.split(replacement.map { Template(literal: $0) } ?? url)
    if replacement != nil, path.parts.isEmpty { path = try Self.split(url).path }
    self = try Self(origin: origin, path: path)
  }

  private init(origin: String, path: Template) throws(PlanFault) {
    guard let colon = origin.firstRange(of: "://") else { throw .malformedURL(origin) }
    let scheme = origin[..<colon.lowerBound].lowercased()
    switch scheme {
    case "ws": isSecure = false
    case "wss": isSecure = true
    default: throw .unknownScheme(scheme)
    }
    let authority = origin[colon.upperBound...]
    // No user information (RFC 6455 §3), no blanks and no fragments.
    guard !authority.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f || "@#\\{}".utf8.contains($0) }),
      let (host, port) = Self.hostAndPort(authority, port: Self.port(isSecure: isSecure)), !host.isEmpty
    else { throw .malformedURL(origin) }
    for case .literal(let text) in path.parts
    where text.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f || "#{}".utf8.contains($0) }) {
      throw .malformedURL(origin + text)
    }
    let name = host.contains(":") ? "[\(host)]" : host
    self.authority = port == Self.port(isSecure: isSecure) ? name : "\(name):\(port)"
    self.host = host
    self.port = port
    self.path = path.parts.isEmpty ? Template(literal: "/") : path
  }

  /// The origin (`ws://host:port`) and the rest of a URL; places may stand in the rest only.
  private static func split(_ url: Template) throws(PlanFault) -> (origin: String, path: Template) {
    guard case .literal(let text)? = url.parts.first, let scheme = text.firstRange(of: "://") else {
      throw .malformedURL(url.filled { _ in "{{ … }}" })
    }
    let rest = Array(url.parts.dropFirst())
    guard let slash = text[scheme.upperBound...].firstIndex(where: { $0 == "/" || $0 == "?" }) else {
      guard rest.isEmpty else { throw .malformedURL(url.filled { _ in "{{ … }}" }) }
      return (text, Template([]))
    }
    let path = text[slash] == "/" ? String(text[slash...]) : "/" + text[slash...]
    // "ws://host/" has no path of its own.
    if rest.isEmpty, path == "/" { return (String(text[..<slash]), Template([])) }
    return (String(text[..<slash]), Template([.literal(path)] + rest))
  }

  /// The port of a URL that names none (RFC 6455 §3).
  private static func port(isSecure: Bool) -> UInt16 { isSecure ? 443 : 80 }

  private static func hostAndPort(_ authority: Substring, port standard: UInt16) -> (String, UInt16)? {
    if authority.first == "[" {
      guard let close = authority.firstIndex(of: "]") else { return nil }
      let host = String(authority[authority.index(after: authority.startIndex)..<close])
      let rest = authority[authority.index(after: close)...]
      if rest.isEmpty { return (host, standard) }
      guard rest.first == ":", let port = port(rest.dropFirst()) else { return nil }
      return (host, port)
    }
    let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
    switch parts.count {
    case 1: return (String(parts[0]), standard)
    case 2:
      guard let port = port(parts[1]) else { return nil }
      return (String(parts[0]), port)
    default: return nil
    }
  }

  /// Digits only: a sign is no part of a port.
  private static func port(_ digits: Substring) -> UInt16? {
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let port = UInt16(digits),
      port > 0
    else { return nil }
    return port
  }
}
