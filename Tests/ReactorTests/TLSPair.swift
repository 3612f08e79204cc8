import Glibc
import TestInputs
import Testing
import Timing
import TransportSecurity

@testable import Reactor

/// How one end of a TLS connection stands.
enum Standing: Equatable {
  case shakingHands, secured
  case broken(TLSFault)
  case ended
  case failed(Int32)

  var isOver: Bool {
    switch self {
    case .shakingHands, .secured: false
    case .broken, .ended, .failed: true
    }
  }
}

/// One end of a connection, with all that it has received.
struct End: ~Copyable {
  var standing = Standing.shakingHands
  var received: [UInt8] = []
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 64)
  /// How much of the buffer is offered to the stream.
  var space = 65536

  deinit { buffer.deallocate() }

  /// Does to the stream what a driver does after an event.
  mutating func handle(_ stream: inout Stream, _ event: Poller.Event) {
    if event.isWritable, case .failed(let reason) = stream.flush() { standing = .failed(reason) }
    while !standing.isOver, stream.descriptor >= 0 {
      switch stream.receive(sharing: UnsafeMutableRawBufferPointer(rebasing: buffer[..<space])) {
      case .bytes(let bytes, let isShort):
        received += bytes
        stream.keep(bytes, from: bytes.count)
        if isShort, !event.isEnding { return }
      case .secured: standing = .secured
      case .broken(let fault): standing = .broken(fault)
      case .ended: standing = .ended
      case .failed(let reason): standing = .failed(reason)
      case .wouldBlock: return
      }
    }
  }
}

/// A client and a server that speak TLS to each other.
struct TLSPair: ~Copyable {
  var sockets: SocketPair
  var client = End()
  var server = End()

  init(_ clientContext: TLSContext, _ serverContext: TLSContext) throws {
    sockets = try SocketPair()
    #expect(sockets.server.secure(with: serverContext) == .done)
    #expect(sockets.client.secure(with: clientContext) == .done)
  }

  /// Runs until it is as wanted; an end that is over closes its socket. Returns whether it came to that.
  mutating func run(until isDone: (_ client: borrowing End, _ server: borrowing End) -> Bool) -> Bool {
    let deadline = Instant.now.advanced(byNanoseconds: 30 * nanosecondsPerSecond)
    while !isDone(client, server) {
      guard Instant.now < deadline else { return false }
      for index in 0..<sockets.poller.wait(until: deadline) {
        let event = sockets.poller.event(index)
        switch event.token {
        case 0:
          client.handle(&sockets.client, event)
          if client.standing.isOver { sockets.client.close() }
        case 1:
          server.handle(&sockets.server, event)
          if server.standing.isOver { sockets.server.close() }
        default: break
        }
      }
    }
    return true
  }

  /// Runs until the handshake is over at both ends.
  mutating func shakeHands() -> Bool {
    run { client, server in client.standing == .secured && server.standing == .secured }
  }
}

extension TLSConfiguration {
  /// Trusts the tests' authority, and verifies what the tests say.
  static func trusting(_ certificates: Certificates, _ change: (inout TLSConfiguration) -> Void = { _ in })
    -> TLSConfiguration
  {
    var configuration = TLSConfiguration()
    configuration.authorityFile = certificates.authority
    change(&configuration)
    return configuration
  }
}

extension TLSIdentity {
  init(_ identity: Certificates.Identity) {
    self.init(certificateFile: identity.certificate, keyFile: identity.key)
  }
}

extension Stream {
  mutating func send(_ bytes: [UInt8]) -> Sent { bytes.withUnsafeBytes { send($0) } }
}
