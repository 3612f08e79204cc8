import Foundation
import Synchronization

/// A real HTTP proxy on a loopback port that the kernel chooses: answers CONNECT, and passes bytes on both ways. Whatever
/// host it is asked for, it goes to that port of 127.0.0.1, as a proxy of a network of its own would.
package final class ConnectProxy: Sendable {
  package let port: UInt16
  private let listener: Int32
  private let log = Log()

  private final class Log: Sendable {
    let heads = Mutex<[String]>([])
  }

  /// - Parameter answer: what it says before the tunnel.
  package init?(answer: String = "HTTP/1.1 200 Connection established\r\n\r\n") {
    guard let (listener, port) = Self.listen() else { return nil }
    self.listener = listener
    self.port = port
    let log = self.log
    let thread = Thread {
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { break }
        Thread.detachNewThread { Self.serve(client, answer, log) }
      }
      Glibc.close(listener)
    }
    thread.start()
  }

  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  /// The heads of the requests so far.
  package var requests: [String] { log.heads.withLock { $0 } }

  private static func serve(_ client: Int32, _ answer: String, _ log: Log) {
    defer { Glibc.close(client) }
    var head: [UInt8] = []
    var byte: UInt8 = 0
    while !head.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)), head.count < 16384 {
      guard recv(client, &byte, 1, 0) == 1 else { return }
      head.append(byte)
    }
    let text = String(decoding: head, as: UTF8.self)
    log.heads.withLock { $0.append(text) }
    let words = text.split(separator: " ")
    guard words.count > 1, words[0] == "CONNECT", let port = UInt16(words[1].split(separator: ":").last ?? ""),
      let server = connected(to: port)
    else { return }
    defer { Glibc.close(server) }
    guard send(Array(answer.utf8), to: client) else { return }
    pass(client, server)
  }

  /// Until one end closes.
  private static func pass(_ first: Int32, _ second: Int32) {
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      var ends = [first, second].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      guard poll(&ends, 2, 20_000) > 0 else { return }
      for (index, end) in ends.enumerated() where end.revents != 0 {
        let count = recv(end.fd, &chunk, chunk.count, 0)
        guard count > 0, send(Array(chunk[..<count]), to: index == 0 ? second : first) else { return }
      }
    }
  }

  private static func send(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  private static func listen() -> (descriptor: Int32, port: UInt16)? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutableBytes(of: &address) { bytes in
      guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
      return bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
    }
    guard isBound, Glibc.listen(descriptor, 1024) == 0 else { return nil }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  private static func connected(to port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    let address = loopback(port: port)
    let isConnected = withUnsafeBytes(of: address) { bytes in
      guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
      return connect(descriptor, pointer, socklen_t(bytes.count)) == 0
    }
    if isConnected { return descriptor }
    Glibc.close(descriptor)
    return nil
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    return address
  }
}
