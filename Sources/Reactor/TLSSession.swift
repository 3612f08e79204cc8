import COpenSSL
import TransportSecurity

/// The TLS of one stream: OpenSSL's state, and what `receive` has yet to tell.
///
/// On the heap, so that a stream without TLS pays for no more than a pointer to it.
struct TLSSession {
  /// Most that our answers to what the peer demands (key updates, refused renegotiations) may wait, in bytes: they are
  /// no application's messages, so nobody else bounds them.
  private static let replyLimit = 65536

  let ssl: OpaquePointer
  let wire: UnsafeMutablePointer<copenssl_wire>
  let scratch: UnsafeMutableRawBufferPointer
  private let context: Unmanaged<TLSContext>
  /// The handshake is over.
  var isSecured = false
  /// The stream's input, or before the end of the handshake `early`, holds what the driver has not seen.
  var hasUnread = false
  /// What was received before TLS began, and is its own; empty once it has been read.
  var early: [UInt8] = []
  /// Whether the last read of the socket was short.
  var isShort = true
  /// The peer has sent its close_notify.
  var hasEnded = false
  var fault: TLSFault?
  /// Bytes of our answers since nothing waited to be sent.
  private var replies = 0

  /// Nil without memory.
  static func create(_ context: TLSContext) -> UnsafeMutablePointer<TLSSession>? {
    guard let ssl = SSL_new(context.context) else {
      ERR_clear_error()
      return nil
    }
    BIO_up_ref(context.bio)
    SSL_set_bio(ssl, context.bio, context.bio)
    switch context.role {
    case .client(let serverName):
      SSL_set_connect_state(ssl)
      if case .name(let name) = serverName { _ = copenssl_set_server_name(ssl, name) }
      if context.resumesSessions, let session = context.wire.pointee.session { SSL_set_session(ssl, session) }
    case .server: SSL_set_accept_state(ssl)
    }
    let pointer = UnsafeMutablePointer<TLSSession>.allocate(capacity: 1)
    pointer.initialize(
      to: TLSSession(
        ssl: ssl, wire: context.wire, scratch: context.scratch, context: Unmanaged.passRetained(context)))
    return pointer
  }

  private init(
    ssl: OpaquePointer, wire: UnsafeMutablePointer<copenssl_wire>, scratch: UnsafeMutableRawBufferPointer,
    context: Unmanaged<TLSContext>
  ) {
    self.ssl = ssl
    self.wire = wire
    self.scratch = scratch
    self.context = context
  }

  /// Frees a session that `create` made.
  static func destroy(_ pointer: UnsafeMutablePointer<TLSSession>) {
    SSL_free(pointer.pointee.ssl)
    pointer.pointee.context.release()
    pointer.deinitialize(count: 1)
    pointer.deallocate()
  }

  /// Gives OpenSSL the first bytes of the scratch to read.
  func feed(_ count: Int) { feed(UnsafeRawBufferPointer(rebasing: scratch[..<count])) }

  /// Gives OpenSSL bytes to read; it has read them before they go.
  func feed(_ bytes: UnsafeRawBufferPointer) {
    wire.pointee.input = bytes.baseAddress.map { UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) }
    wire.pointee.input_count = bytes.count
  }

  /// What OpenSSL wants to be sent; valid until it writes again. The caller empties it with `clearOutput`.
  var output: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: wire.pointee.output, count: wire.pointee.output_count)
  }

  func clearOutput() { wire.pointee.output_count = 0 }

  /// Goes on with the handshake as far as the input allows.
  mutating func shakeHands() {
    let result = SSL_do_handshake(ssl)
    if result == 1 { isSecured = true } else { noteFailure(Int(result)) }
  }

  /// Decrypts into the space; 0 where nothing more is there, or the session has ended or failed.
  mutating func read(into space: UnsafeMutableRawBufferPointer) -> Int {
    var count = 0
    let result = SSL_read_ex(ssl, space.baseAddress, space.count, &count)
    if result == 1 { return count }
    noteFailure(Int(result))
    return 0
  }

  /// Whether a further `read` could give something: no record is half decrypted, and no ciphertext is left.
  ///
  /// Without read-ahead, which a BIO in memory does not need, OpenSSL takes one record at a time from the wire.
  var mayHaveMore: Bool { wire.pointee.input_count > 0 || SSL_pending(ssl) > 0 }

  /// Frees OpenSSL's record buffers, but for a record that is half there. With TLS 1.3 a ticket makes it allocate one for
  /// writing, 16 KB that an idle client would keep until it sends (measured with OpenSSL 3.0).
  func releaseBuffers() { if Self.mayFreeBuffers { SSL_free_buffers(ssl) } }

  /// Not where a header without its record would be freed while OpenSSL still points to it (CVE-2024-4741).
  private static let mayFreeBuffers = copenssl_keeps_half_records() == 1

  /// Encrypts one record at most, and returns how many bytes went into it; nil where the session is broken.
  func write(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var count = 0
    guard SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count) == 1 else {
      ERR_clear_error()
      return nil
    }
    return count
  }

  /// Writes our close_notify (RFC 8446 §6.1), unless the session is not whole.
  func end() {
    guard isSecured, fault == nil else { return }
    if SSL_shutdown(ssl) < 0 { ERR_clear_error() }
  }

  /// Counts an answer of ours that had to wait behind others; false where that is too much.
  mutating func countReply(_ count: Int, isWaiting: Bool) {
    replies = isWaiting ? replies + count : 0
    if replies > Self.replyLimit { fault = .flooded }
  }

  private mutating func noteFailure(_ result: Int) {
    switch SSL_get_error(ssl, Int32(truncatingIfNeeded: result)) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
    case SSL_ERROR_ZERO_RETURN: if isSecured { hasEnded = true } else { fault = .endedInHandshake }
    default: fault = TLSFault(of: ssl)
    }
    // What is left of the input belongs to a session that is over.
    if fault != nil || hasEnded { wire.pointee.input_count = 0 }
  }
}
