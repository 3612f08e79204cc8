import COpenSSL
import Glibc
import TestInputs
import Testing
import Timing
import TransportSecurity

@testable import Reactor

@Suite("A TLS client whose server's bytes are at another's mercy")
struct TLSDamageTests {
  private let certificates: Certificates

  init() throws { certificates = try #require(Certificates.shared, "the command 'openssl' makes certificates") }

  private func relay(_ version: TLSVersion) throws -> TLSRelay {
    let server = try TLSContext(server: TLSIdentity(certificates.good))
    server.speakOnly(version)
    return try TLSRelay(TLSContext(client: .trusting(certificates), host: "localhost"), server)
  }

  @Test(
    "understands them however they are split",
    arguments: [TLSVersion.tls12, .tls13], [1, 2, 7, 300, 20_000])
  func splits(version: TLSVersion, longest: Int) throws {
    var dice = Dice(seed: UInt64(longest))
    let relay = try relay(version)
    let damage = TLSRelay.Damage(pieces: { longest == 1 ? 1 : Int.random(in: 1...longest, using: &$0) })
    relay.run(damage, dice: &dice) { $0.standing == .secured && $1.standing == .secured }
    let message = TLSStreamTests.pattern(longest == 1 ? 5000 : 100_000)
    relay.sendFromServer(message)
    relay.sendFromServer(message)
    relay.sendFromClient(message)
    relay.run(damage, dice: &dice) {
      $0.received.count >= 2 * message.count && $1.received.count >= message.count
    }
    #expect(relay.client.received == message + message)
    #expect(relay.server.received == message)
  }

  /// Bytes that a server sends in a handshake and one short message.
  private func length(_ version: TLSVersion) throws -> Int {
    var dice = Dice(seed: 1)
    let relay = try relay(version)
    relay.run(TLSRelay.Damage(), dice: &dice) { $0.standing == .secured && $1.standing == .secured }
    relay.sendFromServer([1])
    relay.run(TLSRelay.Damage(), dice: &dice) { client, _ in client.received == [1] }
    #expect(relay.client.received == [1])
    return relay.relayed
  }

  @Test("tells that the stream ended, wherever it is cut", arguments: TLSVersion.allCases)
  func truncation(version: TLSVersion) throws {
    let length = try length(version)
    var dice = Dice(seed: 2)
    for cut in stride(from: 0, to: length, by: 61) {
      let relay = try relay(version)
      relay.run(TLSRelay.Damage(cut: cut), dice: &dice) { _, _ in false }
      switch relay.client.standing {
      case .broken(.endedInHandshake), .ended: break
      case .shakingHands, .secured, .broken, .failed: Issue.record("cut \(cut): \(relay.client.standing)")
      }
    }
  }

  @Test("is secured by no damaged handshake, and never traps", arguments: TLSVersion.allCases)
  func mutation(version: TLSVersion) throws {
    // The tickets of TLS 1.3 come behind the handshake; both have the same length to a few bytes.
    let length = try length(version)
    var dice = Dice(seed: 3)
    for _ in 0..<60 {
      let at = Int.random(in: 0..<length, using: &dice)
      let bits = UInt8.random(in: 1...255, using: &dice)
      let relay = try relay(version)
      relay.run(TLSRelay.Damage(flip: (at, bits)), dice: &dice) { client, server in
        client.standing == .secured && server.standing == .secured
      }
      // What was damaged came later than the handshake, or not at all.
      if relay.client.standing == .secured { #expect(relay.relayed <= at || version == .tls13, "\(at), \(bits)") }
    }
  }

  /// What a server sends that speaks something else, and what is said to it.
  struct Answer: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var bytes: [UInt8]
    var fault: TLSFault

    init(_ label: String, _ bytes: [UInt8], filler: Int = 0, _ fault: TLSFault) {
      testDescription = label
      self.bytes = bytes + [UInt8](repeating: 0, count: filler)
      self.fault = fault
    }

    static let all: [Answer] = [
      Answer("an answer in HTTP", Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), .notTLS),
      Answer("a greeting", Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), .notTLS),
      Answer("zeros", [], filler: 100_000, .notTLS),
      Answer("an alert without encryption", [21, 3, 3, 0, 2, 2, 40], .alert(40)),
      Answer("a record beyond any length", [22, 3, 3, 255, 255], filler: 70_000, .notTLS),
      Answer("half a record", [22, 3, 3, 0, 100, 2, 0], .endedInHandshake),
      Answer("nothing", [], .endedInHandshake),
    ]
  }

  @Test("tells what is no TLS", arguments: Answer.all)
  func noTLS(_ answer: Answer) throws {
    var sockets = try SocketPair()
    var client = End()
    #expect(
      sockets.client.secure(with: try TLSContext(client: .trusting(certificates), host: "localhost")) == .done)
    _ = sockets.server.send(answer.bytes)
    shutdown(sockets.server.descriptor, Int32(SHUT_WR))
    let isDone = sockets.run { stream, _, event in
      if event.token == 0 { client.handle(&stream, event) }
      return client.standing.isOver
    }
    #expect(isDone)
    #expect(client.standing == .broken(answer.fault))
  }

  @Test("bears garbage of every kind", arguments: 0..<40)
  func garbage(seed: Int) throws {
    var dice = Dice(seed: UInt64(seed))
    var bytes = (0..<Int.random(in: 1...70_000, using: &dice)).map { _ in UInt8.random(in: .min ... .max, using: &dice)
    }
    // Half of them look like records.
    if seed.isMultiple(of: 2) {
      let header: [UInt8] = [[20, 21, 22, 23, 24].randomElement(using: &dice) ?? 22, 3, 3, UInt8(seed), 200]
      bytes.replaceSubrange(0..<min(5, bytes.count), with: header)
    }
    var sockets = try SocketPair()
    var client = End()
    #expect(
      sockets.client.secure(with: try TLSContext(client: .trusting(certificates), host: "localhost")) == .done)
    _ = sockets.server.send(bytes)
    shutdown(sockets.server.descriptor, Int32(SHUT_WR))
    let isDone = sockets.run { stream, _, event in
      if event.token == 0 { client.handle(&stream, event) }
      return client.standing.isOver
    }
    #expect(isDone)
    guard case .broken = client.standing else {
      Issue.record("\(client.standing)")
      return
    }
  }

  @Test("who makes it answer without reading the answers is given up")
  func flood() throws {
    let server = try TLSContext(server: TLSIdentity(certificates.good))
    server.speakOnly(.tls13)
    var pair = try TLSPair(TLSContext(client: .trusting(certificates), host: "localhost"), server)
    var isDone = pair.shakeHands()
    #expect(isDone)
    let session = pair.sockets.server.tls
    let tls = try #require(session)
    // The client's kernel takes no more, as the server reads nothing.
    let filler = TLSStreamTests.pattern(1 << 20)
    while pair.sockets.client.backlog == 0 { _ = pair.sockets.client.send(filler) }
    var client = End()
    for _ in 0..<100_000 {
      #expect(SSL_key_update(tls.pointee.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
      _ = SSL_do_handshake(tls.pointee.ssl)
      _ = pair.sockets.server.sendRecords(tls)
      for index in 0..<pair.sockets.poller.wait(until: .now) where pair.sockets.poller.event(index).token == 0 {
        client.handle(&pair.sockets.client, pair.sockets.poller.event(index))
      }
      if client.standing.isOver { break }
    }
    isDone = client.standing == .broken(.flooded)
    #expect(isDone, "\(client.standing)")
  }
}
