import ArgumentParser
import TransportSecurity

/// The certificate of what listens here.
struct ServerTLSOptions: ParsableArguments {
  @Option(
    name: .customLong("tls-certificate"),
    help: ArgumentHelp("Speaks TLS with this certificate and its chain, a PEM file.", valueName: "file"))
  var certificate: String?
  @Option(name: .customLong("tls-key"), help: ArgumentHelp("The certificate's key, a PEM file.", valueName: "file"))
  var key: String?

  func validate() throws {
    guard (certificate == nil) == (key == nil) else {
      throw ValidationError("--tls-certificate and --tls-key go together")
    }
  }

  /// Nil for no TLS.
  var identity: TLSIdentity? { TLSIdentity(certificate, key) }
}

extension TLSIdentity {
  /// Nil unless both files are named.
  init?(_ certificate: String?, _ key: String?) {
    guard let certificate, let key else { return nil }
    self.init(certificateFile: certificate, keyFile: key)
  }
}
