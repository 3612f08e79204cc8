package import TransportSecurity

/// The TLS of a connection whose bytes somebody else moves: ciphertext in, plaintext out, and the other way round.
///
/// It stays on the thread of its context.
package final class TLSPipe {
  private let session: UnsafeMutablePointer<TLSSession>
  /// Plaintext on its way out of a record; none is longer (RFC 8446 §5.1).
  private static let recordSize = 16384
  /// Ciphertext that is gathered before it is handed on, in bytes.
  private static let sendChunk = 65536

  /// Nil without memory.
  package init?(_ context: TLSContext) {
    guard let session = TLSSession.create(context) else { return nil }
    self.session = session
  }

  deinit { TLSSession.destroy(session) }

  /// Why the session is broken; nothing can be received or sent any more.
  package var fault: TLSFault? { session.pointee.fault }

  /// The peer has ended the session in order.
  package var hasEnded: Bool { session.pointee.hasEnded }

  /// Reads what the peer sent, goes on with the handshake, and hands over what is to be sent for that.
  package func receive(
    _ ciphertext: UnsafeRawBufferPointer, plaintext: (UnsafeRawBufferPointer) -> Void,
    records: (UnsafeRawBufferPointer) -> Void
  ) {
    guard session.pointee.fault == nil, !session.pointee.hasEnded else { return }
    session.pointee.feed(ciphertext)
    if !session.pointee.isSecured { session.pointee.shakeHands() }
    if session.pointee.isSecured {
      withUnsafeTemporaryAllocation(byteCount: Self.recordSize, alignment: 16) { space in
        while session.pointee.mayHaveMore {
          let count = session.pointee.read(into: space)
          if count == 0 { break }
          plaintext(UnsafeRawBufferPointer(rebasing: space[..<count]))
        }
      }
      session.pointee.releaseBuffers()
    }
    takeOutput(records)
  }

  /// Encrypts; false where nothing can be sent, before the end of the handshake or after a fault.
  package func send(_ plaintext: UnsafeRawBufferPointer, records: (UnsafeRawBufferPointer) -> Void) -> Bool {
    guard session.pointee.isSecured, session.pointee.fault == nil else { return false }
    var offset = 0
    while offset < plaintext.count {
      guard let count = session.pointee.write(UnsafeRawBufferPointer(rebasing: plaintext[offset...])) else {
        session.pointee.clearOutput()
        return false
      }
      offset += count
      if session.pointee.output.count >= Self.sendChunk { takeOutput(records) }
    }
    takeOutput(records)
    return true
  }

  /// Writes our close_notify (RFC 8446 §6.1).
  package func end(records: (UnsafeRawBufferPointer) -> Void) {
    session.pointee.end()
    takeOutput(records)
  }

  /// Counts an answer of ours that the peer demanded; who demands many and does not read them breaks the session.
  package func countReply(_ count: Int, isWaiting: Bool) {
    session.pointee.countReply(count, isWaiting: isWaiting)
  }

  private func takeOutput(_ records: (UnsafeRawBufferPointer) -> Void) {
    defer { session.pointee.clearOutput() }
    if !session.pointee.output.isEmpty { records(session.pointee.output) }
  }
}
