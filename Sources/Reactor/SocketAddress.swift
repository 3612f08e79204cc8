import CLinux
import Glibc

/// An IPv4 or IPv6 address with its port.
package struct SocketAddress: Sendable {
  private var storage: sockaddr_storage
  private var length: socklen_t

  /// Looks a name up, or reads an address; the first answer is taken. Blocks while the resolver does.
  package init(host: String, port: UInt16) throws(ResolutionFault) {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &found)
    defer { if let found { freeaddrinfo(found) } }
    guard status == 0, let answer = found?.pointee, let address = answer.ai_addr,
      Int(answer.ai_addrlen) <= MemoryLayout<sockaddr_storage>.size
    else {
      throw ResolutionFault(host: host, reason: status == 0 ? "no address" : String(cString: gai_strerror(status)))
    }
    storage = sockaddr_storage()
    length = answer.ai_addrlen
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(answer.ai_addrlen)))
    }
  }

  func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafeBytes(of: storage) { bytes in
      // sockaddr_storage is made to be read as a sockaddr (POSIX, sys/socket.h), and is never empty.
      body(bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self), length)
    }
  }
}

/// A host name that cannot be resolved.
package struct ResolutionFault: Error, Hashable, Sendable, CustomStringConvertible {
  package var host: String
  package var reason: String
  package var description: String { "cannot resolve '\(host)': \(reason)" }
}

/// A listening socket.
package struct Listener: ~Copyable {
  package let descriptor: Int32
  /// The port that it is bound to, also where the kernel chose it.
  package let port: UInt16

  package init(_ address: SocketAddress, backlog: Int32 = 4096) throws(SystemFault) {
    let descriptor = address.withSockaddr { linux_listen($0, $1, backlog) }
    guard descriptor >= 0 else { throw SystemFault(call: "listen", errno: errno) }
    let port = linux_local_port(descriptor)
    guard port >= 0, let port = UInt16(exactly: port) else {
      let reason = errno
      Glibc.close(descriptor)
      throw SystemFault(call: "getsockname", errno: reason)
    }
    self.descriptor = descriptor
    self.port = port
  }

  deinit { Glibc.close(descriptor) }

  /// The next waiting connection's descriptor, or nil where none waits (or no descriptor is left for it).
  package borrowing func accept() -> Int32? {
    let descriptor = linux_accept(self.descriptor)
    return descriptor >= 0 ? descriptor : nil
  }
}

extension SocketAddress {
  /// A blocking connection whose sends and receives give up after a time; nil where it fails.
  package func connectBlocking(timeLimitSeconds seconds: Int) -> Int32? {
    let descriptor = withSockaddr { linux_connect_blocking($0, $1, Int32(seconds)) }
    return descriptor >= 0 ? descriptor : nil
  }
}
