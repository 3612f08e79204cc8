import COpenSSL
import Glibc
import TestInputs
import Testing
import TransportSecurity

@testable import Reactor

@Suite("A stream with TLS")
struct TLSStreamTests {
  private let certificates: Certificates
  private let server: TLSContext

  init() throws {
    certificates = try #require(Certificates.shared, "the command 'openssl' makes certificates")
    server = try TLSContext(server: TLSIdentity(certificates.good))
  }

  private func client(_ change: (inout TLSConfiguration) -> Void = { _ in }) throws -> TLSContext {
    try TLSContext(client: .trusting(certificates, change), host: "localhost")
  }

  @Test("carries messages both ways", arguments: TLSVersion.allCases)
  func bothWays(version: TLSVersion) throws {
    server.speakOnly(version)
    var pair = try TLSPair(client(), server)
    #expect(pair.sockets.client.send([1]) == .failed(ENOTCONN))
    let isSecured = pair.shakeHands()
    #expect(isSecured)
    let (question, answer) = (Array("question".utf8), Array("answer".utf8))
    #expect(pair.sockets.client.send(question) == .done)
    var isDone = pair.run { _, server in server.received == question }
    #expect(isDone)
    #expect(pair.sockets.server.send(answer) == .done)
    isDone = pair.run { client, _ in client.received == answer }
    #expect(isDone)
    let isResumed = pair.sockets.client.resumedSession
    #expect(!isResumed)
  }

  @Test("carries 16 MiB each way at once, into small buffers and large", arguments: [1, 100, 5000, 65536])
  func large(space: Int) throws {
    var pair = try TLSPair(client(), server)
    let isSecured = pair.shakeHands()
    #expect(isSecured)
    pair.client.space = space
    pair.server.space = space
    let message = TLSStreamTests.pattern(16 << 20)
    #expect(pair.sockets.client.send(message) == .queued)
    #expect(pair.sockets.server.send(message) == .queued)
    let isDone = pair.run { client, server in
      client.received.count >= message.count && server.received.count >= message.count
        || client.standing.isOver || server.standing.isOver
    }
    #expect(isDone)
    #expect(pair.client.received == message)
    #expect(pair.server.received == message)
    let backlog = pair.sockets.client.backlog
    #expect(backlog == 0)
  }

  @Test("keeps what was not consumed, and gives it again with what came since")
  func keeping() throws {
    var pair = try TLSPair(client(), server)
    let isSecured = pair.shakeHands()
    #expect(isSecured)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
    defer { buffer.deallocate() }
    var seen: [UInt8] = []
    for (index, part) in ["half a ", "line", "\nrest"].enumerated() {
      #expect(pair.sockets.client.send(Array(part.utf8)) == .done)
      let isDone = pair.sockets.run { _, server, event in
        guard event.token == 1, case .bytes(let bytes, _) = server.receive(sharing: buffer) else { return false }
        seen = Array(bytes)
        server.keep(bytes, from: index == 2 ? bytes.count - 4 : 0)
        return true
      }
      #expect(isDone)
    }
    #expect(seen == Array("half a line\nrest".utf8))
    let kept = pair.sockets.server.input.count
    #expect(kept == 4)
  }

  @Test("gives what came together with the end of the handshake")
  func earlyMessages() throws {
    // A client with TLS 1.3 may send behind its last flight, which the server then reads at once.
    var pair = try TLSPair(client(), server)
    let message = TLSStreamTests.pattern(100_000)
    var isDone = pair.run { client, _ in client.standing == .secured }
    #expect(isDone)
    _ = pair.sockets.client.send(message)
    isDone = pair.run { _, server in server.received.count >= message.count || server.standing.isOver }
    #expect(isDone)
    #expect(pair.server.received == message)
  }

  @Test("updates its keys when the peer demands it, in either direction")
  func keyUpdate() throws {
    var pair = try TLSPair(client(), server)
    let isSecured = pair.shakeHands()
    #expect(isSecured)
    let session = pair.sockets.server.tls
    let tls = try #require(session)
    for number in 0..<20 {
      #expect(SSL_key_update(tls.pointee.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
      #expect(pair.sockets.server.send([UInt8(number)]) == .done)
      #expect(pair.sockets.client.send([UInt8(number)]) == .done)
      let isDone = pair.run { client, server in
        client.received.count == number + 1 && server.received.count == number + 1
      }
      #expect(isDone)
    }
    #expect(pair.client.received == Array(0..<20))
  }

  @Test("refuses a renegotiation, which ends only the side that wanted it", arguments: [true, false])
  func renegotiation(byClient: Bool) throws {
    server.speakOnly(.tls12)
    var pair = try TLSPair(client(), server)
    var isDone = pair.shakeHands()
    #expect(isDone)
    let session = byClient ? pair.sockets.client.tls : pair.sockets.server.tls
    let tls = try #require(session)
    // Our own option would forbid to ask for one (SSL_OP_NO_RENEGOTIATION, bit 30).
    SSL_clear_options(tls.pointee.ssl, 1 << 30)
    #expect(SSL_renegotiate(tls.pointee.ssl) == 1)
    _ = SSL_do_handshake(tls.pointee.ssl)
    let sent = byClient ? pair.sockets.client.sendRecords(tls) : pair.sockets.server.sendRecords(tls)
    #expect(sent == .done)
    isDone = pair.run { client, server in (byClient ? client.standing : server.standing).isOver }
    #expect(isDone)
    let (asking, asked) =
      byClient ? (pair.client.standing, pair.server.standing) : (pair.server.standing, pair.client.standing)
    guard case .broken(.other(let code)) = asking else {
      Issue.record("\(asking)")
      return
    }
    #expect(TLSFault.reason(of: code) == SSL_R_NO_RENEGOTIATION)
    #expect(asked == .secured)
  }

  @Test("tells a close_notify from a stream that was cut", arguments: [true, false])
  func truncation(isNotified: Bool) throws {
    var pair = try TLSPair(client(), server)
    let isSecured = pair.shakeHands()
    #expect(isSecured)
    #expect(pair.sockets.server.send([1, 2, 3]) == .done)
    if isNotified { pair.sockets.server.close() } else { shutdown(pair.sockets.server.descriptor, Int32(SHUT_WR)) }
    var end = End()
    let isDone = pair.sockets.run { client, _, event in
      if event.token == 0 { end.handle(&client, event) }
      return end.standing == .ended
    }
    #expect(isDone)
    #expect(end.received == [1, 2, 3])
    let isTruncated = pair.sockets.client.isTruncated
    #expect(isTruncated == !isNotified)
  }

  @Test("that was half closed carries the other direction still")
  func halfClose() throws {
    var pair = try TLSPair(client(), server)
    var isDone = pair.shakeHands()
    #expect(isDone)
    let session = pair.sockets.client.tls
    pair.sockets.client.endTLS(try #require(session))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
    defer { buffer.deallocate() }
    isDone = pair.sockets.run { _, server, event in
      guard event.token == 1, case .ended = server.receive(sharing: buffer) else { return false }
      return true
    }
    #expect(isDone)
    #expect(pair.sockets.server.send([7]) == .done)
    isDone = pair.run { client, _ in client.received == [7] }
    #expect(isDone)
  }

  @Test("resumes the session of an earlier one where it is asked to", arguments: TLSVersion.allCases)
  func resumption(version: TLSVersion) throws {
    server.speakOnly(version)
    for resumes in [true, false] {
      let client = try client { $0.resumesSessions = resumes }
      for number in 0..<4 {
        var pair = try TLSPair(client, server)
        var isDone = pair.shakeHands()
        #expect(isDone)
        // The ticket comes before the first message.
        _ = pair.sockets.server.send([1])
        isDone = pair.run { client, _ in client.received == [1] }
        #expect(isDone)
        let isResumed = pair.sockets.client.resumedSession
        #expect(isResumed == (resumes && number > 0), "\(resumes), \(number)")
        pair.sockets.client.close()
      }
    }
  }

  @Test("writes its secrets to a key log, for nobody else to read")
  func keyLog() throws {
    let file = "\(certificates.folder)/keys"
    let client = try client { $0.keyLogFile = file }
    for _ in 0..<2 {
      var pair = try TLSPair(client, server)
      let isDone = pair.shakeHands()
      #expect(isDone)
    }
    let descriptor = open(file, O_RDONLY)
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = read(descriptor, &bytes, bytes.count)
    let lines = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("CLIENT_TRAFFIC_SECRET_0 ") } == 2)
    var status = stat()
    #expect(stat(file, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test("agrees on HTTP/1.1 by ALPN")
  func alpn() throws {
    var pair = try TLSPair(client(), server)
    let isDone = pair.shakeHands()
    #expect(isDone)
    let session = pair.sockets.client.tls
    let tls = try #require(session)
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(tls.pointee.ssl, &name, &count)
    #expect(Array(UnsafeBufferPointer(start: name, count: Int(count))) == Array("http/1.1".utf8))
  }

  @Test("costs a plain stream one pointer")
  func size() {
    #expect(MemoryLayout<Stream>.size <= 2 * MemoryLayout<SpillBuffer>.size + 16)
  }

  static func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 11) } }
}
