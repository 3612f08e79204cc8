import Foundation
import Synchronization
import WebSocketProtocol

/// A server on plain blocking sockets that does to each connection what a test says, on a thread of its own.
final class ScriptedServer: Sendable {
  let port: UInt16
  private let listener: Int32

  init(_ script: @escaping @Sendable (Peer) throws -> Void) throws {
    let reserved = try ReservedPort()
    let listener = reserved.take()
    guard listen(listener, 1024) == 0 else { throw ScriptFault.socket(errno) }
    self.listener = listener
    port = reserved.port
    let thread = Thread {
      while true {
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0 else { break }
        let worker = Thread {
          let peer = Peer(descriptor)
          // A script that fails has lost its client, which is what most of them wait for.
          try? script(peer)
          peer.close()
        }
        worker.start()
      }
      Glibc.close(listener)
    }
    thread.start()
  }

  /// Ends the accept loop; connections end with their clients.
  deinit { shutdown(listener, Int32(SHUT_RDWR)) }
}

enum ScriptFault: Error {
  case socket(Int32)
  case ended
}

/// One connection of a scripted server; used on one thread only.
final class Peer {
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private var decoder = MessageDecoder(role: .server, limit: 1 << 24)

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Ends the connection with a reset.
  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    close()
  }

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw ScriptFault.ended }
      sent += count
    }
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func receive() throws {
    var chunk = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count > 0 else { throw ScriptFault.ended }
    buffer += chunk[..<count]
  }

  /// Drops what was received so far, as a proxy does with the request that was for it.
  func forget() { buffer = [] }

  /// The client's request, answered by nobody yet.
  func request() throws -> ServerHandshake.Upgrade {
    while true {
      if case .upgrade(let upgrade, let length) = buffer.withUnsafeBytes({ ServerHandshake.read($0) }) {
        buffer.removeFirst(length)
        return upgrade
      }
      try receive()
    }
  }

  func upgrade() throws { try send(ServerHandshake.acceptance(of: request())) }

  /// Upgrades and agrees to the compression that the client offers; the messages of `answer` are then inflated.
  func upgradeCompressed() throws -> Compression {
    let request = try request()
    guard let agreement = request.acceptableCompression else { throw ScriptFault.ended }
    try send(ServerHandshake.acceptance(of: request, compression: agreement))
    return use(agreement)
  }

  func use(_ agreement: CompressionAgreement) -> Compression {
    let compression = Compression(agreement, role: .server, pool: CompressionPool())
    decoder.use(compression)
    return compression
  }

  /// Says that nothing more will be sent, and goes on reading.
  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// The next event with its payload; waits for it.
  func next() throws -> (event: MessageDecoder.Event, payload: [UInt8]) {
    while true {
      var offset = 0
      let event = try buffer.withUnsafeMutableBytes { try decoder.next($0, from: &offset) }
      if let event {
        var payload: [UInt8] = []
        switch event {
        case .message(_, let range), .ping(let range), .pong(let range), .close(_, let range):
          payload = Array(buffer[range])
        case .assembled: payload = decoder.takeAssembled()
        }
        buffer.removeFirst(offset)
        return (event, payload)
      }
      try receive()
    }
  }

  /// Waits until the client has sent something more, without reading it.
  func waitForBytes() {
    var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&event, 1, 20_000)
  }

  /// Waits for the client's reset without reading anything.
  func waitForReset() {
    var event = pollfd(fd: descriptor, events: 0, revents: 0)
    _ = poll(&event, 1, 20_000)
  }

  /// Answers each text message until the client closes.
  func answer(_ body: (_ message: [UInt8], _ number: Int) throws -> Void) throws {
    var number = 0
    while true {
      let (event, payload) = try next()
      switch event {
      case .message(.text, _), .assembled(.text):
        number += 1
        try body(payload, number)
      case .close(let code, _):
        try send(FrameEncoding.close(code, maskKey: nil))
        return
      case .message(.binary, _), .assembled(.binary), .ping, .pong: break
      }
    }
  }
}

/// A loopback port that the kernel has chosen and that nobody listens on: connections to it are refused.
final class ReservedPort {
  let port: UInt16
  private var descriptor: Int32

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = descriptor
    let isBound = withUnsafeMutableBytes(of: &address) { bytes in
      guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
      return bind(socket, pointer, length) == 0 && getsockname(socket, pointer, &length) == 0
    }
    guard isBound else { throw ScriptFault.socket(errno) }
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  /// Hands the socket over.
  func take() -> Int32 {
    defer { descriptor = -1 }
    return descriptor
  }
}
