import CLinux
import Glibc

/// An IPv4 or IPv6 address with its port.
package struct SocketAddress: Sendable, CustomStringConvertible {
  private var storage: sockaddr_storage
  private var length: socklen_t

  /// Looks a name up, or reads an address; the first answer is taken. Blocks while the resolver does.
  package init(host: String, port: UInt16) throws(ResolutionFault) {
    guard let first = try Self.all(host: host, port: port).first else {
      throw ResolutionFault(host: host, reason: "no address")
    }
    self = first
  }

  /// Reads an address in digits; nil for a name. Asks nobody.
  package init?(digits host: String, port: UInt16) {
    guard let address = try? Self.all(host: host, port: port, flags: AI_NUMERICHOST).first else { return nil }
    self = address
  }

  /// Every address of a name, in the resolver's order; at least one. Blocks while the resolver does.
  package static func all(host: String, port: UInt16) throws(ResolutionFault) -> [SocketAddress] {
    try all(host: host, port: port, flags: 0)
  }

  private static func all(host: String, port: UInt16, flags: Int32) throws(ResolutionFault) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | flags
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &found)
    defer { if let found { freeaddrinfo(found) } }
    var addresses: [SocketAddress] = []
    var next = status == 0 ? found : nil
    while let answer = next?.pointee {
      if let address = SocketAddress(answer) { addresses.append(address) }
      next = answer.ai_next
    }
    guard !addresses.isEmpty else {
      throw ResolutionFault(host: host, reason: status == 0 ? "no address" : String(cString: gai_strerror(status)))
    }
    return addresses
  }

  private init?(_ answer: addrinfo) {
    guard let address = answer.ai_addr, Int(answer.ai_addrlen) <= MemoryLayout<sockaddr_storage>.size else {
      return nil
    }
    storage = sockaddr_storage()
    length = answer.ai_addrlen
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(answer.ai_addrlen)))
    }
  }

  /// The address without its port, as digits: `127.0.0.1` or `::1`.
  package var host: String {
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let status = withSockaddr {
      getnameinfo($0, $1, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
    }
    return status == 0 ? String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "?"
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  package var port: UInt16 {
    withUnsafeBytes(of: storage) { bytes in
      // sin_port and sin6_port stand at the same place (RFC 3493 §3.3).
      UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    }
  }

  package var isIPv4: Bool { Int32(storage.ss_family) == AF_INET }

  /// Whether it is one of this machine's own loopback addresses: 127.0.0.0/8 or ::1.
  package var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

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

  package init(host: String, reason: String) {
    self.host = host
    self.reason = reason
  }

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
