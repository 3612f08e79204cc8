import COpenSSL
import Glibc
package import TransportSecurity

/// What the TLS connections of one thread have in common: whom they trust, what they show, and a scratch for ciphertext.
///
/// Streams that it secures stay on its thread, and keep it alive. Nothing in it is locked.
package final class TLSContext {
  enum Role {
    case client(serverName: ServerName)
    case server
  }

  /// Ciphertext that is received at once, in bytes.
  static let scratchSize = 65536

  let context: OpaquePointer
  let role: Role
  let resumesSessions: Bool
  /// What OpenSSL reads from and writes to while it works on a connection.
  let wire: UnsafeMutablePointer<copenssl_wire>
  let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: TLSContext.scratchSize, alignment: 64)
  private let method: OpaquePointer
  let bio: OpaquePointer

  /// Offers HTTP/1.1 by ALPN (RFC 7301), which a WebSocket needs where the server knows HTTP/2 too.
  ///
  /// - Parameter host: the name or address of the server, where the configuration has no other.
  package convenience init(client configuration: TLSConfiguration, host: String) throws(TLSContextFault) {
    let name = try ServerName(configuration.serverName ?? host)
    try self.init(.client(serverName: name), resumesSessions: configuration.resumesSessions)
    try demand(configuration.minimumVersion)
    if configuration.verifiesServer {
      try trust(file: configuration.authorityFile, folder: configuration.authorityFolder)
      try name.demand(by: context)
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    } else {
      SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
    }
    if let identity = configuration.identity { try show(identity) }
    if let file = configuration.keyLogFile { try logKeys(to: file) }
    let protocols = [8] + Array("http/1.1".utf8)
    SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count))
    if resumesSessions { keepSessions() }
  }

  /// - Parameters:
  ///   - clientAuthorityFile: PEM file of the authorities of which every client must show a certificate.
  ///   - offersHTTP2: whether a client that knows HTTP/2 gets that, and not HTTP/1.1.
  package convenience init(
    server identity: TLSIdentity, clientAuthorityFile: String? = nil, minimumVersion: TLSVersion = .tls12,
    offersHTTP2: Bool = false
  ) throws(TLSContextFault) {
    try self.init(.server, resumesSessions: true)
    try demand(minimumVersion)
    try show(identity)
    chooseProtocol(offersHTTP2: offersHTTP2)
    // Without a name for them, sessions of clients with certificates are refused when they come again.
    let label = Array("spanstorm".utf8)
    SSL_CTX_set_session_id_context(context, label, UInt32(label.count))
    if let clientAuthorityFile {
      try trust(file: clientAuthorityFile, folder: nil)
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    }
  }

  private init(_ role: Role, resumesSessions: Bool) throws(TLSContextFault) {
    let isServer: Bool
    switch role {
    case .client: isServer = false
    case .server: isServer = true
    }
    wire = .allocate(capacity: 1)
    wire.initialize(to: copenssl_wire())
    wire.pointee.key_log = -1
    self.role = role
    self.resumesSessions = resumesSessions
    guard let context = SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()),
      let method = copenssl_wire_method(), let bio = copenssl_wire_bio(method, wire)
    else {
      // Nothing is left to free by: without memory the program is at its end.
      throw .openSSL(code: TLSFault.takeError())
    }
    self.context = context
    self.method = method
    self.bio = bio
    copenssl_configure(context, isServer ? 1 : 0)
    SSL_CTX_set_ex_data(context, 0, wire)
    // Never ask on the terminal for the password of a key.
    SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in -1 }
  }

  deinit {
    if wire.pointee.key_log >= 0 { Glibc.close(wire.pointee.key_log) }
    SSL_SESSION_free(wire.pointee.session)
    SSL_CTX_free(context)
    BIO_free(bio)
    BIO_meth_free(method)
    copenssl_wire_free(wire)
    wire.deallocate()
    scratch.deallocate()
  }
}

extension TLSContext {
  private func demand(_ version: TLSVersion) throws(TLSContextFault) {
    let number =
      switch version {
      case .tls12: TLS1_2_VERSION
      case .tls13: TLS1_3_VERSION
      }
    guard copenssl_set_minimum_version(context, number) == 1 else { throw .openSSL(code: TLSFault.takeError()) }
  }

  private func trust(file: String?, folder: String?) throws(TLSContextFault) {
    guard file != nil || folder != nil else {
      guard SSL_CTX_set_default_verify_paths(context) == 1 else { throw .openSSL(code: TLSFault.takeError()) }
      return
    }
    if let file {
      try Self.checkReadable(file)
      guard SSL_CTX_load_verify_file(context, file) == 1 else { throw .noCertificate(file, TLSFault.takeError()) }
    }
    if let folder {
      try Self.checkReadable(folder, isFolder: true)
      guard SSL_CTX_load_verify_dir(context, folder) == 1 else { throw .openSSL(code: TLSFault.takeError()) }
    }
  }

  private func show(_ identity: TLSIdentity) throws(TLSContextFault) {
    try Self.checkReadable(identity.certificateFile)
    try Self.checkReadable(identity.keyFile)
    guard SSL_CTX_use_certificate_chain_file(context, identity.certificateFile) == 1 else {
      throw .noCertificate(identity.certificateFile, TLSFault.takeError())
    }
    guard SSL_CTX_use_PrivateKey_file(context, identity.keyFile, SSL_FILETYPE_PEM) == 1 else {
      let code = TLSFault.takeError()
      throw TLSFault.reason(of: code) == X509_R_KEY_VALUES_MISMATCH
        || TLSFault.reason(of: code) == X509_R_KEY_TYPE_MISMATCH
        ? .keyMismatch(identity) : .noKey(identity.keyFile, code)
    }
    guard SSL_CTX_check_private_key(context) == 1 else {
      ERR_clear_error()
      throw .keyMismatch(identity)
    }
  }

  /// OpenSSL takes a folder that is not there for one without certificates.
  private static func checkReadable(_ path: String, isFolder: Bool = false) throws(TLSContextFault) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | (isFolder ? O_DIRECTORY : 0))
    guard descriptor >= 0 else { throw .unreadable(path, errno: errno) }
    Glibc.close(descriptor)
  }

  private func logKeys(to file: String) throws(TLSContextFault) {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .unreadable(file, errno: errno) }
    wire.pointee.key_log = descriptor
    SSL_CTX_set_keylog_callback(context) { ssl, line in
      guard let line, let wire = TLSContext.wire(of: ssl) else { return }
      // In one write, so that the lines of several threads do not mix.
      let text = Array(UnsafeRawBufferPointer(start: line, count: strlen(line))) + [0x0a]
      _ = text.withUnsafeBytes { Glibc.write(wire.pointee.key_log, $0.baseAddress, $0.count) }
    }
  }

  /// Keeps the latest session: with TLS 1.3 it comes after the handshake, in a ticket.
  private func keepSessions() {
    SSL_CTX_sess_set_new_cb(context) { ssl, session in
      guard let wire = TLSContext.wire(of: ssl) else { return 0 }
      SSL_SESSION_free(wire.pointee.session)
      wire.pointee.session = session
      return 1
    }
  }

  private func chooseProtocol(offersHTTP2: Bool) {
    if offersHTTP2 {
      SSL_CTX_set_alpn_select_cb(
        context,
        { _, chosen, length, offered, offeredLength, _ in
          TLSContext.choose("h2", chosen, length, offered, offeredLength)
            || TLSContext.choose("http/1.1", chosen, length, offered, offeredLength)
            ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
        }, nil)
    } else {
      SSL_CTX_set_alpn_select_cb(
        context,
        { _, chosen, length, offered, offeredLength, _ in
          TLSContext.choose("http/1.1", chosen, length, offered, offeredLength)
            ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
        }, nil)
    }
  }

  /// Chooses a protocol if it is among those that the client offers.
  private static func choose(
    _ name: StaticString, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ length: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ offeredLength: UInt32
  ) -> Bool {
    guard let offered, let chosen, let length else { return false }
    var rest = UnsafeBufferPointer(start: offered, count: Int(offeredLength))[...]
    while let count = rest.popFirst(), count <= rest.count {
      let candidate = rest.prefix(Int(count))
      if candidate.elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)) {
        chosen.pointee = offered + candidate.startIndex
        length.pointee = count
        return true
      }
      rest = rest.dropFirst(Int(count))
    }
    return false
  }

  private static func wire(of ssl: OpaquePointer?) -> UnsafeMutablePointer<copenssl_wire>? {
    guard let ssl, let context = SSL_get_SSL_CTX(ssl) else { return nil }
    return SSL_CTX_get_ex_data(context, 0)?.assumingMemoryBound(to: copenssl_wire.self)
  }
}

/// Why connections cannot be secured at all: the author's mistake, or the machine's.
package enum TLSContextFault: Error, Hashable, Sendable {
  case unreadable(String, errno: Int32)
  /// A file that holds no certificate in PEM form, with OpenSSL's packed error code.
  case noCertificate(String, UInt32)
  /// A file that holds no key in PEM form, or one that needs a password.
  case noKey(String, UInt32)
  case keyMismatch(TLSIdentity)
  case badServerName(String)
  case openSSL(code: UInt32)
}
