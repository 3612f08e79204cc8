/// How a client secures its connections and whom it trusts; files are named, not read.
package struct TLSConfiguration: Hashable, Sendable {
  /// Whether the server's certificate and its name are verified; otherwise the connection is only encrypted.
  package var verifiesServer = true
  /// PEM file of the authorities that are trusted; with this or a folder the system's are not.
  package var authorityFile: String?
  /// Folder of authorities, each in a file that is named by the hash of its subject (`openssl rehash`).
  package var authorityFolder: String?
  /// A name or an IP address that the certificate must be valid for; a name is also sent (SNI, RFC 6066 §3, which
  /// forbids addresses). Nil stands for the host of the target.
  package var serverName: String?
  /// What the client shows to a server that asks for a certificate.
  package var identity: TLSIdentity?
  package var minimumVersion = TLSVersion.tls12
  /// Whether a connection resumes the session of an earlier one (RFC 8446 §2.2), which is cheaper for both.
  package var resumesSessions = false
  /// File that the secrets of all connections are appended to, for those who want to read a recording of them.
  package var keyLogFile: String?

  package init() {}
}

/// A certificate with its chain, and its key: PEM files.
package struct TLSIdentity: Hashable, Sendable {
  package var certificateFile: String
  package var keyFile: String

  package init(certificateFile: String, keyFile: String) {
    self.certificateFile = certificateFile
    self.keyFile = keyFile
  }
}

/// A version of TLS that may be demanded; older ones are not spoken (RFC 8996).
package enum TLSVersion: String, CaseIterable, Sendable {
  case tls12 = "1.2"
  case tls13 = "1.3"
}
