import CLinux
import Glibc
package import TransportSecurity

/// One non-blocking TCP socket, with or without TLS, with memory of its own only while a partial message or an unsent
/// rest waits.
package struct Stream: ~Copyable {
  /// -1 where there is none.
  package private(set) var descriptor: Int32
  var input = SpillBuffer()
  /// With TLS, records.
  var output = SpillBuffer()
  /// Nil for a plain stream; owned.
  var tls: UnsafeMutablePointer<TLSSession>?

  package enum Received {
    /// Everything that was received and not consumed; hand the rest back with `keep(from:)`. A short read says that
    /// the kernel had no more. With TLS there may be none, where only records for TLS itself came.
    case bytes(UnsafeMutableRawBufferPointer, isShort: Bool)
    case wouldBlock
    /// The peer has closed its side.
    case ended
    case failed(Int32)
    /// The TLS handshake is over; told once, and there may be bytes already: receive on.
    case secured
    /// The TLS handshake failed, or the session did later.
    case broken(TLSFault)
  }

  package enum Sent: Hashable, Sendable {
    /// The kernel has it all.
    case done
    /// The rest waits until the socket is writable.
    case queued
    case failed(Int32)
  }

  /// - Parameter descriptor: is owned from now on.
  package init(descriptor: Int32) { self.descriptor = descriptor }

  /// Begins to connect; the socket becomes writable when that is over.
  ///
  /// - Parameter source: the address that it comes from, port 0; nil leaves it to the kernel.
  package init(connectingTo address: SocketAddress, from source: SocketAddress? = nil) throws(SystemFault) {
    if let source {
      descriptor = address.withSockaddr { target, length in
        source.withSockaddr { linux_connect(target, length, $0, $1) }
      }
    } else {
      descriptor = address.withSockaddr { linux_connect($0, $1, nil, 0) }
    }
    guard descriptor >= 0 else { throw SystemFault(call: "connect", errno: errno) }
  }

  deinit {
    if let tls { TLSSession.destroy(tls) }
    if descriptor >= 0 { Glibc.close(descriptor) }
  }

  /// The error that the connect met, 0 for none.
  package var connectError: Int32 { linux_socket_error(descriptor) }

  /// Bytes that wait to be sent.
  package var backlog: Int { output.count }

  /// Receives once, and no more than `shared` holds.
  ///
  /// - Parameter shared: is read into where nothing waits from before; the bytes are valid until its next use.
  package mutating func receive(sharing shared: UnsafeMutableRawBufferPointer) -> Received {
    if let tls { return receive(tls, sharing: shared) }
    let space =
      input.isEmpty
      ? shared : UnsafeMutableRawBufferPointer(rebasing: input.reserve(shared.count)[..<shared.count])
    let count = recv(descriptor, space.baseAddress, space.count, 0)
    if count > 0 {
      let isShort = count < space.count
      if input.isEmpty { return .bytes(UnsafeMutableRawBufferPointer(rebasing: space[..<count]), isShort: isShort) }
      input.commit(count)
      return .bytes(input.bytes, isShort: isShort)
    }
    if count == 0 { return .ended }
    let reason = errno
    return reason == EAGAIN || reason == EINTR ? .wouldBlock : .failed(reason)
  }

  /// Keeps what of the bytes that `receive` gave has not been consumed.
  package mutating func keep(_ bytes: UnsafeMutableRawBufferPointer, from offset: Int) {
    if input.isEmpty {
      if offset < bytes.count { input.append(UnsafeRawBufferPointer(rebasing: bytes[offset...])) }
    } else {
      input.consume(offset)
    }
  }

  /// Sends as much as the kernel takes; the rest is copied and waits.
  package mutating func send(_ bytes: UnsafeRawBufferPointer) -> Sent {
    if let tls { return send(bytes, tls) }
    return sendPlain(bytes)
  }

  @inline(__always)
  mutating func sendPlain(_ bytes: UnsafeRawBufferPointer) -> Sent {
    guard output.isEmpty else {
      output.append(bytes)
      return .queued
    }
    let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    if count == bytes.count { return .done }
    if count < 0 {
      let reason = errno
      guard reason == EAGAIN || reason == EINTR else { return .failed(reason) }
    }
    output.append(UnsafeRawBufferPointer(rebasing: bytes[max(count, 0)...]))
    return .queued
  }

  /// Sends what waits.
  package mutating func flush() -> Sent {
    while !output.isEmpty {
      let bytes = output.bytes
      let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count < 0 {
        let reason = errno
        if reason == EINTR { continue }
        return reason == EAGAIN ? .queued : .failed(reason)
      }
      output.consume(count)
    }
    return .done
  }

  /// Closes the socket and frees what waited.
  package mutating func close() {
    if let tls {
      endTLS(tls)
      TLSSession.destroy(tls)
    }
    tls = nil
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
    input.clear()
    output.clear()
  }
}
