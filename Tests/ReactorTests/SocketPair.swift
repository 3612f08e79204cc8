import Glibc
import Testing
import Timing

@testable import Reactor

/// Two connected streams and what watches them, on one thread: token 0 is the client, 1 the server.
struct SocketPair: ~Copyable {
  var poller: Poller
  var client: Stream
  var server: Stream

  init(host: String = "127.0.0.1") throws {
    var poller = try Poller()
    let listener = try Listener(SocketAddress(host: host, port: 0))
    let client = try Stream(connectingTo: SocketAddress(host: host, port: listener.port))
    try poller.add(listener.descriptor, token: 2)
    var accepted: Int32?
    let deadline = Instant.now.advanced(byNanoseconds: 30 * nanosecondsPerSecond)
    while accepted == nil, Instant.now < deadline {
      _ = poller.wait(until: deadline)
      accepted = listener.accept()
    }
    let server = Stream(descriptor: try #require(accepted))
    try poller.add(client.descriptor, token: 0)
    try poller.add(server.descriptor, token: 1)
    self.poller = poller
    self.client = client
    self.server = server
  }

  /// Waits for events until `isDone`, half a minute at most, and returns whether it came to that.
  mutating func run(_ handle: (inout Stream, inout Stream, Poller.Event) throws -> Bool) rethrows -> Bool {
    let deadline = Instant.now.advanced(byNanoseconds: 30 * nanosecondsPerSecond)
    while Instant.now < deadline {
      let count = poller.wait(until: deadline)
      for index in 0..<count {
        if try handle(&client, &server, poller.event(index)) { return true }
      }
    }
    return false
  }
}

extension Stream {
  /// Everything that is there, consumed; and how the stream stands then: -1 where TLS has a word to say.
  mutating func drain(_ shared: UnsafeMutableRawBufferPointer) -> (bytes: [UInt8], end: Int32?) {
    var bytes: [UInt8] = []
    while true {
      switch receive(sharing: shared) {
      case .bytes(let more, _):
        bytes += more
        keep(more, from: more.count)
      case .wouldBlock: return (bytes, nil)
      case .ended: return (bytes, 0)
      case .failed(let reason): return (bytes, reason)
      case .secured, .broken: return (bytes, -1)
      }
    }
  }
}
