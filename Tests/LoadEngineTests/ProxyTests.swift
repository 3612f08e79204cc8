import Foundation
import LoadEngine
import Observations
import Scenarios
import TestInputs
import Testing
import TransportSecurity
import WebSocketProtocol

@Suite("A load through a proxy")
struct ProxyTests {
  private static func echo(_ peer: Peer) throws {
    try peer.upgrade()
    try peer.answer { message, _ in try peer.send(FrameEncoding.frame(.text, message, maskKey: nil)) }
  }

  private var trusting: TLSConfiguration {
    get throws {
      var configuration = TLSConfiguration()
      configuration.authorityFile = try #require(Certificates.shared).authority
      return configuration
    }
  }

  @Test("in plain opens a tunnel by the URL's name, says who we are, and then does as without")
  func plain() throws {
    let server = try ScriptedServer(Self.echo)
    let proxy = try #require(ConnectProxy())
    let run = try LoadRun(port: server.port, host: "nowhere.example", proxyPort: proxy.port)
    let observations = try #require(run.observations())
    #expect(observations.opened == 2)
    #expect(observations.echoed.count == 20)
    #expect(observations.closed.map(\.cause) == [.ours, .ours])
    for stages in observations.stages {
      #expect(ConnectionStage.allCases.map { stages[$0] != nil } == [true, true, false, true])
    }
    let expected =
      "CONNECT nowhere.example:\(server.port) HTTP/1.1\r\nHost: nowhere.example:\(server.port)\r\n"
      + "Proxy-Authorization: Basic dXNlcjpzM2NyM3Q=\r\n\r\n"
    #expect(proxy.requests == [expected, expected])
  }

  @Test("with TLS speaks it to the server behind", arguments: [0, 100_000])
  func secured(filler: Int) throws {
    let server = try ScriptedServer(Self.echo)
    let front = try TLSFront(try #require(Certificates.shared).good, passingOnTo: server.port)
    let proxy = try #require(ConnectProxy())
    let run = try LoadRun(port: front.port, filler: filler, tls: try trusting, proxyPort: proxy.port)
    let observations = try #require(run.observations())
    #expect(observations.securities == [.tls, .tls])
    #expect(observations.echoed.count == 20)
    #expect(observations.closed.map(\.cause) == [.ours, .ours])
    for stages in observations.stages {
      #expect(ConnectionStage.allCases.allSatisfy { (stages[$0] ?? 0) > 0 })
    }
  }

  /// What a proxy does with a connection, and what is observed of it.
  struct Refusal: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var reason: ConnectionFailure
    var isSecured = false
    var script: @Sendable (Peer) throws -> Void

    private static func answering(
      _ label: String, _ reason: ConnectionFailure, withTLS isSecured: Bool = false, _ bytes: [UInt8]
    ) -> Refusal {
      Refusal(testDescription: label, reason: reason, isSecured: isSecured) { peer in
        try peer.receive()
        try peer.send(bytes)
        peer.waitForReset()
      }
    }

    private static func status(_ status: UInt16) -> Refusal {
      answering(
        "answers \(status)", .refusedByProxy(status: status), Array("HTTP/1.1 \(status) No\r\n\r\n".utf8))
    }

    private static let opening = "HTTP/1.1 200 Yes\r\n\r\n"

    static let all: [Refusal] = [
      status(403), status(407), status(502), status(302),
      answering("speaks something else", .malformedProxyAnswer(.malformedHead), Array("SSH-2.0\r\n\r\n".utf8)),
      answering(
        "upgrades itself", .malformedProxyAnswer(.malformedHead), Array("HTTP/1.1 101 Switching\r\n\r\n".utf8)),
      answering(
        "sends a head without end", .malformedProxyAnswer(.headTooLong),
        Array(("HTTP/1.1 200 Yes\r\n" + String(repeating: "X-Filler: yes\r\n", count: 2000)).utf8)),
      answering(
        "sends interim answers without end", .malformedProxyAnswer(.headTooLong),
        Array(String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 1000).utf8)),
      Refusal(testDescription: "never answers", reason: .timedOut(.proxy)) { peer in
        try peer.receive()
        peer.waitForReset()
      },
      Refusal(testDescription: "stops in its answer", reason: .timedOut(.proxy)) { peer in
        try peer.receive()
        try peer.send("HTTP/1.1 200 Y")
        peer.waitForReset()
      },
      Refusal(testDescription: "closes at once", reason: .closedByProxy) { peer in try peer.receive() },
      Refusal(testDescription: "resets", reason: .system(ECONNRESET)) { peer in
        try peer.receive()
        peer.reset()
      },
      Refusal(testDescription: "closes the tunnel", reason: .closedEarly) { peer in
        try peer.receive()
        try peer.send(opening)
        peer.forget()
        _ = try peer.request()
      },
      answering(
        "lets the server speak first", .refusedUpgrade(status: 418),
        Array((opening + "HTTP/1.1 418 Teapot\r\n\r\n").utf8)),
      answering(
        "lets a server with TLS speak first", .tls(.alert(40)), withTLS: true,
        Array(opening.utf8) + [21, 3, 3, 0, 2, 2, 40]),
      answering("is followed by a server without TLS", .tls(.notTLS), withTLS: true, Array((opening + opening).utf8)),
    ]
  }

  @Test("that opens no tunnel tells why, for each connection", arguments: Refusal.all)
  func refusals(_ refusal: Refusal) throws {
    let proxy = try ScriptedServer(refusal.script)
    let run = try LoadRun(
      port: 1, connections: 3, tls: refusal.isSecured ? try trusting : nil, proxyPort: proxy.port
    ) { if refusal.reason == .timedOut(.proxy) { $0.proxy = .milliseconds(200) } }
    let observations = try #require(run.observations())
    #expect(observations.failures == Array(repeating: refusal.reason, count: 3))
    #expect(observations.count == 4)
  }

  @Test(
    "whose answer comes byte by byte, behind an interim one, opens the tunnel all the same", arguments: [false, true])
  func bytewise(isSecured: Bool) throws {
    let proxy = try ScriptedServer { peer in
      try peer.receive()
      for byte in "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 201 Created\r\nContent-Length: 9\r\n\r\n".utf8 {
        try peer.send([byte])
      }
      if isSecured {
        try peer.receive()
        try peer.send([21, 3, 3, 0, 2, 2, 40])
        peer.waitForReset()
      } else {
        peer.forget()
        try Self.echo(peer)
      }
    }
    let run = try LoadRun(
      port: 1, tls: isSecured ? try trusting : nil, proxyPort: proxy.port)
    let observations = try #require(run.observations())
    if isSecured {
      #expect(observations.failures == [.tls(.alert(40)), .tls(.alert(40))])
    } else {
      #expect(observations.echoed.count == 20)
    }
  }
}
