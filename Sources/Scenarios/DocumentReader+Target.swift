import TransportSecurity
import Yams

/// The server under test, and what is said to it when a connection opens. Values of headers, cookies and credentials are
/// secrets: no diagnostic repeats one.
extension DocumentReader {
  mutating func readTarget(_ node: Node) -> Target? {
    let keys = [
      "url", "headers", "subprotocols", "compression", "auth", "cookies", "addresses", "connect-to", "source-addresses",
      "proxy", "reconnect", "ping", "slow-reading", "time-limits", "tls",
    ]
    guard let fields = mapping(node, named: "target", keys: keys) else { return nil }
    let headers = fields["headers"].map { readHeaders($0) } ?? []
    let subprotocols = fields["subprotocols"].map { readSubprotocols($0) } ?? []
    let compression = fields["compression"].flatMap { readCompression($0) }
    let auth = fields["auth"].flatMap { readCredentials($0) }
    let cookies = fields["cookies"].map { readCookies($0) } ?? []
    var addresses: AddressPolicy? = .first
    if let node = fields["addresses"] { addresses = choice(node, named: "addresses") }
    let connectTo = fields["connect-to"].map { readWords($0, named: "connect-to", Self.hostAndPort) } ?? []
    let sources = fields["source-addresses"].map { readWords($0, named: "source-addresses", Self.addressRange) } ?? []
    let proxy = fields["proxy"].flatMap { readProxy($0) }
    if let node = fields["proxy"], fields["connect-to"] != nil {
      report("'proxy' and 'connect-to' exclude each other", at: node, hint: "keep one of them")
    }
    for (key, header) in [("auth", "authorization"), ("cookies", "cookie")] {
      if let place = fields[key], headers.contains(where: { $0.name.lowercased() == header }) {
        report("'\(key)' and the header '\(header)' exclude each other", at: place, hint: "keep one of them")
      }
    }
    let url = readURL(fields, of: node)
    let tls = fields["tls"].map { readTLS($0, for: url) } ?? TLSConfiguration()
    guard let url, let tls else { return nil }
    return Target(
      url: url, headers: headers, tls: tls, subprotocols: subprotocols, compression: compression, auth: auth,
      cookies: cookies,
      reconnect: fields["reconnect"].flatMap { readReconnect($0) },
      pingInterval: fields["ping"].flatMap { positiveDuration($0, named: "ping") },
      slowReading: fields["slow-reading"].flatMap { readSlowReading($0) },
      timeLimits: fields["time-limits"].map { readTimeLimits($0) } ?? TimeLimits(), addresses: addresses ?? .first,
      connectTo: connectTo, proxy: proxy, sourceAddresses: sources)
  }

  private mutating func readURL(_ fields: [String: Node], of node: Node) -> Template? {
    guard let urlNode = required("url", in: fields, of: node, named: "target"),
      let word = text(urlNode, named: "url"), let url = template(urlNode, named: "url", allowing: .connection)
    else { return nil }
    guard word.firstRange(of: "://") != nil else {
      // Not quoted: what stands there may be a secret.
      report("'url' has no scheme", at: urlNode, hint: "write it as in 'ws://127.0.0.1:8000/path'")
      return nil
    }
    return url
  }

  private mutating func readProxy(_ node: Node) -> ProxyURL? {
    guard let text = text(node, named: "proxy") else { return nil }
    do throws(ProxyURL.Fault) {
      return try ProxyURL(text)
    } catch {
      report("'proxy' \(error)", at: node, hint: "write it as in 'http://user:password@127.0.0.1:3128'")
      return nil
    }
  }

  private mutating func readReconnect(_ node: Node) -> Reconnect? {
    guard let fields = mapping(node, named: "reconnect", keys: ["backoff", "attempts"]) else { return nil }
    var waits: (shortest: Duration, longest: Duration)? = (.milliseconds(100), .seconds(10))
    if let node = fields["backoff"] { waits = durations(node, named: "backoff") }
    let attempts = fields["attempts"].map { integer($0, named: "attempts", in: 1...1_000_000) } ?? 10
    guard let waits, let attempts else { return nil }
    return Reconnect(shortest: waits.shortest, longest: waits.longest, attempts: attempts)
  }

  private mutating func readSlowReading(_ node: Node) -> SlowReading? {
    guard let fields = mapping(node, named: "slow-reading", keys: ["bytes", "every"]) else { return nil }
    let bytes = required("bytes", in: fields, of: node, named: "slow-reading")
      .flatMap { readChunk($0) }
    let every = required("every", in: fields, of: node, named: "slow-reading")
      .flatMap { positiveDuration($0, named: "every") }
    guard let bytes, let every else { return nil }
    return SlowReading(bytes: bytes, every: every)
  }

  private mutating func readChunk(_ node: Node) -> Int? {
    guard let bytes = bytes(node, named: "bytes") else { return nil }
    guard (1...65536).contains(bytes) else {
      report("bytes", must: "lie between 1B and 64KiB", at: node)
      return nil
    }
    return bytes
  }

  /// What a word must look like.
  private typealias Form = (needed: String, hint: String, matches: @Sendable (String) -> Bool)

  private static let hostAndPort: Form = (
    "'host:port'", "write it as in '127.0.0.1:8000' or '[::1]:8000'", { HostAndPort($0) != nil }
  )

  private static let addressRange: Form = (
    "an address or a range of them", "write it as in '127.0.0.2' or '10.0.0.0/28'", { AddressRange($0) != nil }
  )

  /// A list of words of one form, or a single one.
  private mutating func readWords(_ node: Node, named name: String, _ form: Form) -> [String] {
    let nodes = node.sequence.map { Array($0) } ?? [node]
    return nodes.compactMap { node in
      guard let word = text(node, named: name) else { return nil }
      guard form.matches(word) else {
        report(name, isNo: form.needed, at: node, hint: form.hint)
        return nil
      }
      return word
    }
  }

  private mutating func readHeaders(_ node: Node) -> [(name: String, value: Template)] {
    guard let pairs = secretPairs(node, named: "headers", example: "{ X-Name: value }") else { return [] }
    return pairs.compactMap { key, value in
      guard Self.isToken(key.text) else {
        // Behind a colon or a blank the value may stand.
        let name = key.text.prefix { $0 != ":" && $0 != "=" }
        report("\(quoted(name)) is no header name", at: key.node, hint: "use letters, digits and '-'")
        return nil
      }
      guard !Self.handshakeHeaders.contains(key.text.lowercased()) else {
        report("the header '\(key.text)' is written by the handshake itself", at: key.node, hint: "leave it out")
        return nil
      }
      guard let text = template(value, named: key.text, allowing: .connection) else { return nil }
      guard value.scalar?.string.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) == true else {
        report(
          "the header '\(key.text)' has a control character in its value", at: value, hint: "write one line of text")
        return nil
      }
      return (key.text, text)
    }
  }

  /// Fields of RFC 6455 §4.1 that may stand once only, and what an answer to them would have to be checked for.
  private static let handshakeHeaders: Set = [
    "host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "sec-websocket-accept",
    "sec-websocket-protocol", "sec-websocket-extensions",
  ]

  /// Different tokens (RFC 6455 §4.1).
  private mutating func readSubprotocols(_ node: Node) -> [String] {
    guard let nodes = list(node, named: "subprotocols") else { return [] }
    if nodes.isEmpty {
      report("'subprotocols' is empty", at: node, hint: "name at least one, as in '[chat]', or leave it out")
    }
    var names: [String] = []
    for node in nodes {
      guard let name = text(node, named: "subprotocols") else { continue }
      guard Self.isToken(name) else {
        report("\(quoted(name)) is no subprotocol", at: node, hint: "use letters, digits, '.' and '-'")
        continue
      }
      guard !names.contains(name) else {
        report("the subprotocol '\(name)' stands more than once", at: node, hint: "keep one of them")
        continue
      }
      names.append(name)
    }
    return names
  }

  /// `true`, `false`, or a mapping of RFC 7692's parameters.
  private mutating func readCompression(_ node: Node) -> CompressionWish? {
    if case .bool(let isWanted) = scalar(node) { return isWanted ? CompressionWish() : nil }
    guard node.mapping != nil else {
      report("compression", isNo: "true, false or a mapping", at: node)
      return nil
    }
    let keys = [
      "client-no-context-takeover", "server-no-context-takeover", "client-max-window-bits", "server-max-window-bits",
    ]
    guard let fields = mapping(node, named: "compression", keys: keys) else { return nil }
    var wish = CompressionWish()
    if let node = fields["client-no-context-takeover"] {
      wish.clientNoContextTakeover = bool(node, named: "client-no-context-takeover") ?? false
    }
    if let node = fields["server-no-context-takeover"] {
      wish.serverNoContextTakeover = bool(node, named: "server-no-context-takeover") ?? false
    }
    if let node = fields["client-max-window-bits"] {
      wish.clientMaxWindowBits = integer(node, named: "client-max-window-bits", in: 8...15)
    }
    if let node = fields["server-max-window-bits"] {
      wish.serverMaxWindowBits = integer(node, named: "server-max-window-bits", in: 8...15)
    }
    return wish
  }

  private mutating func readCredentials(_ node: Node) -> Credentials? {
    let example = "{ bearer: TOKEN }' or '{ basic: \"user:password\" }"
    guard let pairs = secretPairs(node, named: "auth", example: example) else { return nil }
    guard pairs.count == 1, let (key, value) = pairs.first else {
      report("'auth' has \(pairs.count) keys, but one is needed", at: node, hint: "write '\(example)'")
      return nil
    }
    switch key.text {
    case "basic":
      guard let credentials = template(value, named: "basic", allowing: .connection) else { return nil }
      let text = credentials.sample
      // RFC 7617 §2: the first colon ends the user's name, and no control characters.
      guard text.utf8.contains(UInt8(ascii: ":")), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
        report("'basic' is no user and password", at: value, hint: "write them as in '\"user:password\"'")
        return nil
      }
      return .basic(credentials)
    case "bearer":
      guard let token = template(value, named: "bearer", allowing: .connection) else { return nil }
      guard Self.isBearerToken(token.sample) else {
        report("'bearer' is no token", at: value, hint: "write it without 'Bearer', blanks and control characters")
        return nil
      }
      return .bearer(token)
    default:
      // Not quoted: 'bearer:TOKEN' without its blank is a key.
      report("unknown key in 'auth'", at: key.node, hint: "known: basic, bearer")
      return nil
    }
  }

  private mutating func readCookies(_ node: Node) -> [(name: String, value: Template)] {
    guard let pairs = secretPairs(node, named: "cookies", example: "{ name: value }") else { return [] }
    return pairs.compactMap { key, value in
      guard Self.isToken(key.text) else {
        report(
          "a key in 'cookies' is no cookie name", at: key.node,
          hint: "use letters, digits, '-' and '_', and a blank behind the colon")
        return nil
      }
      guard let text = template(value, named: key.text, allowing: .connection) else { return nil }
      guard text.sample.utf8.allSatisfy(Self.isCookieByte) else {
        report(
          "the cookie '\(key.text)' has a character in its value that no cookie may have", at: value,
          hint: "write it without blanks, quotes, commas, semicolons and backslashes")
        return nil
      }
      return (key.text, text)
    }
  }

  /// The pairs of a mapping whose values are secrets, and what stands there instead may be one.
  private mutating func secretPairs(
    _ node: Node, named name: String, example: String
  ) -> [(key: (text: String, node: Node), value: Node)]? {
    guard node.mapping != nil else {
      report("'\(name)' is no mapping", at: node, hint: "write it as in '\(example)'")
      return nil
    }
    return mappingPairs(node, named: name)
  }

  /// RFC 9110 §5.6.2.
  private static func isToken(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { isWordByte($0) || "!#$%&'*+.^`|~".utf8.contains($0) }
  }

  /// RFC 6750 §2.1.
  private static func isBearerToken(_ text: String) -> Bool {
    let digits = text.utf8.prefix { isWordByte($0) || ".~+/".utf8.contains($0) }
    return !digits.isEmpty && text.utf8.dropFirst(digits.count).allSatisfy { $0 == UInt8(ascii: "=") }
  }

  /// RFC 6265 §4.1.1.
  private static func isCookieByte(_ byte: UInt8) -> Bool {
    (0x21...0x7e).contains(byte) && !"\",;\\".utf8.contains(byte)
  }
}

extension Template {
  /// The text with a digit in each place: whether that is well-formed tells whether every connection's text is.
  fileprivate var sample: String { filled { _ in "0" } }
}
