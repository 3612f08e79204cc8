import Foundation
import Reactor
import Synchronization
import TestInputs
import Timing
import TransportSecurity

/// Speaks TLS to clients and passes their bytes on to a plain server on another port, on a thread of its own.
final class TLSFront: Sendable {
  let port: UInt16
  private let isStopped = Atomic(false)

  init(_ identity: Certificates.Identity, passingOnTo server: UInt16) throws {
    let listener = try Listener(SocketAddress(host: "127.0.0.1", port: 0))
    port = listener.port
    let context = try TLSContext(
      server: TLSIdentity(certificateFile: identity.certificate, keyFile: identity.key))
    // Made here so that a fault is thrown; used by its own thread only from then on.
    nonisolated(unsafe) let relay = try Relay(listener, context, SocketAddress(host: "127.0.0.1", port: server))
    let thread = Thread { [weak self] in
      while self?.isStopped.load(ordering: .relaxed) == false { relay.turn() }
    }
    thread.start()
  }

  deinit { isStopped.store(true, ordering: .relaxed) }

  /// One client's stream and the one to the server behind.
  private final class Pair {
    var outer: Reactor.Stream
    var inner: Reactor.Stream

    init(_ descriptor: Int32, _ server: SocketAddress) throws(SystemFault) {
      outer = Reactor.Stream(descriptor: descriptor)
      inner = try Reactor.Stream(connectingTo: server)
    }
  }

  private final class Relay {
    private var poller: Poller
    private let listener: Listener
    private let context: TLSContext
    private let server: SocketAddress
    private var pairs: [Pair] = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 64)

    init(_ listener: consuming Listener, _ context: TLSContext, _ server: SocketAddress) throws {
      let poller = try Poller()
      try poller.add(listener.descriptor, token: .max)
      self.poller = poller
      self.listener = listener
      self.context = context
      self.server = server
    }

    deinit { buffer.deallocate() }

    func turn() {
      for index in 0..<poller.wait(until: Instant.now.advanced(byNanoseconds: 20_000_000)) {
        let event = poller.event(index)
        if event.token == .max {
          while let descriptor = listener.accept() { try? accept(descriptor) }
        } else {
          let pair = pairs[Int(event.token >> 1)]
          if event.token & 1 == 0 {
            pass(from: &pair.outer, to: &pair.inner, event)
          } else {
            pass(from: &pair.inner, to: &pair.outer, event)
          }
        }
      }
    }

    private func accept(_ descriptor: Int32) throws {
      let pair = try Pair(descriptor, server)
      _ = pair.outer.secure(with: context)
      let token = UInt64(pairs.count) << 1
      pairs.append(pair)
      try poller.add(pair.outer.descriptor, token: token)
      try poller.add(pair.inner.descriptor, token: token | 1)
    }

    private func pass(from source: inout Reactor.Stream, to sink: inout Reactor.Stream, _ event: Poller.Event) {
      guard source.descriptor >= 0 else { return }
      if event.isWritable { _ = source.flush() }
      while true {
        switch source.receive(sharing: buffer) {
        case .bytes(let bytes, let isShort):
          _ = sink.send(UnsafeRawBufferPointer(bytes))
          source.keep(bytes, from: bytes.count)
          if isShort, !event.isEnding { return }
        case .secured: break
        case .wouldBlock: return
        case .ended, .failed, .broken:
          source.close()
          sink.close()
          return
        }
      }
    }
  }
}
