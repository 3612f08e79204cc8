import COpenSSL
import Glibc
import TransportSecurity

extension Stream {
  /// Bytes that are encrypted before they are sent: a few records, so that a long message is never there twice.
  private static let sendChunk = 65536
  /// The longest plaintext of a record (RFC 8446 §5.1).
  private static let recordSize = 16384

  /// Begins TLS on a connected stream, in the context's role: a client sends its hello. What was kept of what came
  /// before is TLS's own: receive on.
  ///
  /// From then on `receive` drives the handshake, and tells its end by `secured` or `broken`. Until `secured` nothing can
  /// be sent.
  package mutating func secure(with context: TLSContext) -> Sent {
    guard tls == nil, let session = TLSSession.create(context) else { return .failed(ENOMEM) }
    tls = session
    if !input.isEmpty {
      session.pointee.early = Array(input.bytes)
      session.pointee.hasUnread = true
      input.clear()
    }
    session.pointee.feed(0)
    session.pointee.shakeHands()
    return sendRecords(session)
  }

  /// Whether the handshake resumed an earlier session.
  package var resumedSession: Bool { tls.map { SSL_session_reused($0.pointee.ssl) == 1 } ?? false }

  /// Whether a secured stream ended without the peer's close_notify, so that bytes may be missing (RFC 8446 §6.1).
  package var isTruncated: Bool { tls.map { $0.pointee.isSecured && !$0.pointee.hasEnded } ?? false }

  mutating func receive(
    _ session: UnsafeMutablePointer<TLSSession>, sharing shared: UnsafeMutableRawBufferPointer
  ) -> Received {
    if session.pointee.hasUnread {
      session.pointee.hasUnread = false
      if !session.pointee.isSecured { return receiveEarly(session, sharing: shared) }
      return .bytes(input.bytes, isShort: isDone(session))
    }
    if let fault = session.pointee.fault { return .broken(fault) }
    if session.pointee.hasEnded { return .ended }
    let scratch = session.pointee.scratch
    // A page at least: by the byte, ciphertext would cost a system call each.
    let room = min(scratch.count, max(shared.count, 4096))
    let count = recv(descriptor, scratch.baseAddress, room, 0)
    if count == 0 {
      guard session.pointee.isSecured else { return .broken(.endedInHandshake) }
      return .ended
    }
    if count < 0 {
      let reason = errno
      return reason == EAGAIN || reason == EINTR ? .wouldBlock : .failed(reason)
    }
    session.pointee.isShort = count < room
    session.pointee.feed(count)
    if session.pointee.isSecured { return decrypt(session, sharing: shared) }
    return shakeHands(session, sharing: shared)
  }

  /// Reads what came before TLS began.
  private mutating func receiveEarly(
    _ session: UnsafeMutablePointer<TLSSession>, sharing shared: UnsafeMutableRawBufferPointer
  ) -> Received {
    let early = session.pointee.early
    session.pointee.early = []
    session.pointee.isShort = false
    return early.withUnsafeBytes {
      session.pointee.feed($0)
      return shakeHands(session, sharing: shared)
    }
  }

  /// Goes on with the handshake by what was fed.
  private mutating func shakeHands(
    _ session: UnsafeMutablePointer<TLSSession>, sharing shared: UnsafeMutableRawBufferPointer
  ) -> Received {
    session.pointee.shakeHands()
    guard session.pointee.isSecured else {
      reply(session)
      if let fault = session.pointee.fault { return .broken(fault) }
      return nothing(session, shared)
    }
    // The peer's first messages may have come with the end of its handshake.
    var space = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    while session.pointee.mayHaveMore {
      space = input.reserve(Self.recordSize)
      let count = session.pointee.read(into: space)
      if count == 0 { break }
      input.commit(count)
    }
    if input.isEmpty { input.clear() }
    session.pointee.hasUnread = !input.isEmpty
    reply(session)
    return .secured
  }

  /// Decrypts all that was fed: into the shared space where nothing waits from before and it is enough.
  private mutating func decrypt(
    _ session: UnsafeMutablePointer<TLSSession>, sharing shared: UnsafeMutableRawBufferPointer
  ) -> Received {
    var filled = 0
    var hasMore = false
    if input.isEmpty {
      repeat {
        let count = session.pointee.read(into: UnsafeMutableRawBufferPointer(rebasing: shared[filled...]))
        if count == 0 { break }
        filled += count
      } while session.pointee.mayHaveMore && filled < shared.count
      hasMore = session.pointee.mayHaveMore
    } else {
      hasMore = true
    }
    if hasMore {
      let before = input.count
      input.append(UnsafeRawBufferPointer(rebasing: shared[..<filled]))
      repeat {
        let count = session.pointee.read(into: input.reserve(Self.recordSize))
        if count == 0 { break }
        input.commit(count)
      } while session.pointee.mayHaveMore
      filled = input.count - before
      if input.isEmpty { input.clear() }
    }
    session.pointee.releaseBuffers()
    if session.pointee.wire.pointee.output_count > 0 { reply(session) }
    if filled > 0 {
      let bytes = input.isEmpty ? UnsafeMutableRawBufferPointer(rebasing: shared[..<filled]) : input.bytes
      return .bytes(bytes, isShort: isDone(session))
    }
    if let fault = session.pointee.fault { return .broken(fault) }
    if session.pointee.hasEnded { return .ended }
    return nothing(session, shared)
  }

  /// Whether another `receive` would give nothing: as after a short read of a plain stream.
  private func isDone(_ session: UnsafeMutablePointer<TLSSession>) -> Bool {
    session.pointee.isShort && session.pointee.fault == nil && !session.pointee.hasEnded
  }

  /// Records came, but nothing for the application. No `wouldBlock`: after a short read the end of the stream may be
  /// there already, and the driver knows whether that was announced.
  private func nothing(
    _ session: UnsafeMutablePointer<TLSSession>, _ shared: UnsafeMutableRawBufferPointer
  ) -> Received {
    .bytes(
      input.isEmpty ? UnsafeMutableRawBufferPointer(rebasing: shared[..<0]) : input.bytes, isShort: isDone(session))
  }

  mutating func send(_ bytes: UnsafeRawBufferPointer, _ session: UnsafeMutablePointer<TLSSession>) -> Sent {
    guard session.pointee.isSecured, session.pointee.fault == nil else { return .failed(ENOTCONN) }
    var result = output.isEmpty ? Sent.done : .queued
    var offset = 0
    while offset < bytes.count {
      while offset < bytes.count, session.pointee.wire.pointee.output_count < Self.sendChunk {
        guard let count = session.pointee.write(UnsafeRawBufferPointer(rebasing: bytes[offset...])) else {
          session.pointee.clearOutput()
          return .failed(EPROTO)
        }
        offset += count
      }
      result = sendRecords(session)
      if case .failed = result { return result }
    }
    return result
  }

  /// Sends our part of the handshake, or our answer to a demand of the peer. Where that fails the next `receive` tells.
  private mutating func reply(_ session: UnsafeMutablePointer<TLSSession>) {
    let count = session.pointee.wire.pointee.output_count
    guard count > 0 else { return }
    _ = sendRecords(session)
    session.pointee.countReply(count, isWaiting: !output.isEmpty)
  }

  /// Sends what OpenSSL has written, behind what waits; all of it is then the kernel's or waits too.
  mutating func sendRecords(_ session: UnsafeMutablePointer<TLSSession>) -> Sent {
    defer { session.pointee.clearOutput() }
    return sendPlain(session.pointee.output)
  }

  /// Sends our close_notify, if the kernel takes it at once; the peer may still send.
  mutating func endTLS(_ session: UnsafeMutablePointer<TLSSession>) {
    session.pointee.end()
    if output.isEmpty, descriptor >= 0, !session.pointee.output.isEmpty {
      let records = session.pointee.output
      _ = Glibc.send(descriptor, records.baseAddress, records.count, Int32(MSG_NOSIGNAL))
    }
    session.pointee.clearOutput()
  }
}
