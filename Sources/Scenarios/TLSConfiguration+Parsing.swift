import TransportSecurity
import Yams

extension DocumentReader {
  /// - Parameter url: what the settings are for; nil where it could not be read.
  mutating func readTLS(_ node: Node, for url: Template?) -> TLSConfiguration? {
    guard
      let fields = mapping(
        node, named: "tls",
        keys: [
          "ca", "ca-directory", "certificate", "key", "verify", "server-name", "minimum-version", "resumption",
        ])
    else { return nil }
    if case .literal(let text)? = url?.parts.first, text.lowercased().hasPrefix("ws://") {
      report(
        "'tls' goes with a 'wss://' URL only", at: node, hint: "write 'wss://', or leave 'tls' out")
    }
    var configuration = TLSConfiguration()
    configuration.authorityFile = line("ca", in: fields)
    configuration.authorityFolder = line("ca-directory", in: fields)
    configuration.serverName = line("server-name", in: fields)
    configuration.identity = readIdentity(fields)
    if let verify = fields["verify"] {
      configuration.verifiesServer = bool(verify, named: "verify") ?? true
      if !configuration.verifiesServer {
        for key in ["ca", "ca-directory"] {
          guard let place = fields[key] else { continue }
          report(
            "'\(key)' says whom to trust, but 'verify: false' trusts everybody", at: place,
            hint: "keep one of them")
        }
      }
    }
    if let version = fields["minimum-version"] {
      configuration.minimumVersion = choice(version, named: "minimum-version") ?? .tls12
    }
    if let resumption = fields["resumption"] {
      configuration.resumesSessions = bool(resumption, named: "resumption") ?? false
    }
    return configuration
  }

  private mutating func readIdentity(_ fields: [String: Node]) -> TLSIdentity? {
    let certificate = line("certificate", in: fields)
    let key = line("key", in: fields)
    for (given, missing) in [("certificate", "key"), ("key", "certificate")] {
      guard let place = fields[given], fields[missing] == nil else { continue }
      report(
        "'\(given)' stands without '\(missing)' in 'tls'", at: place,
        hint: "name the PEM files of both; they may be in one file")
    }
    guard let certificate, let key else { return nil }
    return TLSIdentity(certificateFile: certificate, keyFile: key)
  }

  /// Text without control characters: the name of a file or of a server.
  private mutating func line(_ key: String, in fields: [String: Node]) -> String? {
    guard let node = fields[key], let text = text(node, named: key) else { return nil }
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
      report("'\(key)' has a control character", at: node, hint: "write one line of text")
      return nil
    }
    return text
  }
}
