import Glibc
import TestInputs
import Testing
import Timing

@testable import Reactor

@Suite("A stream")
struct StreamTests {
  private func withBuffer<Result>(
    _ count: Int = 65536, _ body: (UnsafeMutableRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    defer { buffer.deallocate() }
    return try body(buffer)
  }

  @Test("connects over IPv4 and IPv6 and carries bytes both ways", arguments: ["127.0.0.1", "::1"])
  func bothWays(host: String) throws {
    guard host != "::1" || Self.hasIPv6 else { return }
    var pair = try SocketPair(host: host)
    withBuffer { buffer in
      let hello = Array("hello".utf8)
      #expect(hello.withUnsafeBytes { pair.client.send($0) } == .done)
      var received: [UInt8] = []
      let isDone = pair.run { client, server, event in
        if event.token == 1 {
          let bytes = server.drain(buffer).bytes
          if !bytes.isEmpty { #expect(bytes.withUnsafeBytes { server.send($0) } == .done) }
        } else if event.token == 0 {
          received += client.drain(buffer).bytes
        }
        return received == hello
      }
      #expect(isDone)
      #expect(pair.client.connectError == 0)
    }
  }

  private static var hasIPv6: Bool {
    guard let address = try? SocketAddress(host: "::1", port: 0) else { return false }
    do { _ = try Listener(address) } catch { return false }
    return true
  }

  @Test("tells that its connection was refused")
  func refused() throws {
    // Bound and not listening, the port is nobody else's and refuses.
    let bound = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(bound) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutableBytes(of: &address) { bytes in
      guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
      return bind(bound, pointer, length) == 0 && getsockname(bound, pointer, &length) == 0
    }
    #expect(isBound)
    var stream = try Stream(
      connectingTo: SocketAddress(host: "127.0.0.1", port: UInt16(bigEndian: address.sin_port)))
    var poller = try Poller()
    try poller.add(stream.descriptor, token: 7)
    let count = poller.wait(until: Instant.now.advanced(byNanoseconds: 30 * nanosecondsPerSecond))
    #expect(count == 1)
    let event = poller.event(0)
    #expect(event.token == 7)
    #expect(event.isEnding)
    #expect(stream.connectError == ECONNREFUSED)
    stream.close()
    stream.close()
    #expect(stream.descriptor == -1)
  }

  @Test("keeps the rest for a slow reader and sends it whole, in order")
  func slowReader() throws {
    var pair = try SocketPair()
    var generator = Dice(seed: 3)
    let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 11) }
    let sent = Array(repeatElement(block, count: 256).joined())
    var offset = 0
    var wasQueued = false
    while offset < sent.count {
      let count = min(Int.random(in: 1...(1 << 20), using: &generator), sent.count - offset)
      let result = sent[offset..<offset + count].withUnsafeBytes { pair.server.send($0) }
      if result == .queued { wasQueued = true }
      offset += count
    }
    #expect(wasQueued)
    #expect(pair.server.backlog > 0)
    var received: [UInt8] = []
    received.reserveCapacity(sent.count)
    let isDone = withBuffer { buffer in
      pair.run { client, server, event in
        if event.token == 1, event.isWritable, case .failed(let reason) = server.flush() {
          Issue.record("flush failed: \(reason)")
          return true
        }
        if event.token == 0 { received += client.drain(buffer).bytes }
        return received.count >= sent.count
      }
    }
    #expect(isDone)
    #expect(received == sent)
    #expect(pair.server.backlog == 0)
  }

  @Test("gives what was kept again, with what has come since, a byte at a time")
  func dribble() throws {
    var pair = try SocketPair()
    let line = Array("a line that comes a byte at a time\n".utf8)
    var next = 0
    var lines: [[UInt8]] = []
    let isDone = withBuffer(64) { buffer in
      pair.run { client, server, event in
        if event.token == 1 {
          reading: while true {
            switch server.receive(sharing: buffer) {
            case .bytes(let bytes, _):
              var start = 0
              while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(Array(bytes[start...end]))
                start = end + 1
              }
              server.keep(bytes, from: start)
            case .wouldBlock, .ended, .failed, .secured, .broken: break reading
            }
          }
        }
        if next < line.count * 3 {
          // The next byte goes only when the one before has been looked at.
          _ = [line[next % line.count]].withUnsafeBytes { client.send($0) }
          next += 1
        }
        return lines.count == 3
      }
    }
    #expect(isDone)
    #expect(lines == [line, line, line])
  }

  @Test("tells the end of the other side, after its last bytes")
  func halfClose() throws {
    var pair = try SocketPair()
    let last = Array("last words".utf8)
    _ = last.withUnsafeBytes { pair.client.send($0) }
    shutdown(pair.client.descriptor, Int32(SHUT_WR))
    var received: [UInt8] = []
    var end: Int32?
    let isDone = withBuffer { buffer in
      pair.run { _, server, event in
        guard event.token == 1 else { return false }
        let (bytes, how) = server.drain(buffer)
        received += bytes
        end = how
        return how != nil
      }
    }
    #expect(isDone)
    #expect(received == last)
    #expect(end == 0)
    // The other direction is open still.
    #expect(last.withUnsafeBytes { pair.server.send($0) } == .done)
  }

  @Test("tells a reset, on reading and on writing")
  func reset() throws {
    var pair = try SocketPair()
    // Our clients reset when they close.
    pair.client.close()
    var end: Int32?
    let isDone = withBuffer { buffer in
      pair.run { _, server, event in
        guard event.token == 1 else { return false }
        #expect(event.isEnding)
        end = server.drain(buffer).end
        return end != nil
      }
    }
    #expect(isDone)
    #expect(end == ECONNRESET)
    let sent = [UInt8](repeating: 0, count: 10).withUnsafeBytes { pair.server.send($0) }
    #expect(sent == .failed(EPIPE))
  }

  @Test("whose socket is closed fails, and traps nothing")
  func closed() throws {
    var pair = try SocketPair()
    pair.server.close()
    #expect([UInt8](repeating: 0, count: 1).withUnsafeBytes { pair.server.send($0) } == .failed(EBADF))
    #expect(pair.server.flush() == .done)
    withBuffer { buffer in #expect(pair.server.drain(buffer).end == EBADF) }
  }
}

@Suite("A listener")
struct ListenerTests {
  @Test("gives every waiting connection once, and nil then")
  func accepting() throws {
    let listener = try Listener(SocketAddress(host: "localhost", port: 0))
    #expect(listener.port > 0)
    #expect(listener.accept() == nil)
  }

  @Test("tells that its port is taken")
  func takenPort() throws {
    let listener = try Listener(SocketAddress(host: "127.0.0.1", port: 0))
    let address = try SocketAddress(host: "127.0.0.1", port: listener.port)
    do throws(SystemFault) {
      _ = try Listener(address)
      Issue.record("two listeners on one port")
    } catch {
      #expect(error.errno == EADDRINUSE)
    }
  }

  @Test("knows a name that nobody has from an address")
  func resolution() throws {
    #expect(throws: ResolutionFault.self) { try SocketAddress(host: "no such name", port: 1) }
    _ = try SocketAddress(host: "127.0.0.1", port: 1)
  }
}
