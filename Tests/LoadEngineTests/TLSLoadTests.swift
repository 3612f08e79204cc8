import Foundation
import LoadEngine
import Observations
import Reactor
import Scenarios
import TestInputs
import Testing
import TransportSecurity
import WebSocketProtocol

@Suite("A load over TLS")
struct TLSLoadTests {
  private let certificates: Certificates

  init() throws { certificates = try #require(Certificates.shared, "the command 'openssl' makes certificates") }

  private var trusting: TLSConfiguration {
    var configuration = TLSConfiguration()
    configuration.authorityFile = certificates.authority
    return configuration
  }

  private static func echo(_ peer: Peer) throws {
    try peer.upgrade()
    try peer.answer { message, _ in try peer.send(FrameEncoding.frame(.text, message, maskKey: nil)) }
  }

  @Test("sends, receives and closes as without", arguments: [0, 100_000])
  func echoes(filler: Int) throws {
    let server = try ScriptedServer(Self.echo)
    let front = try TLSFront(certificates.good, passingOnTo: server.port)
    let observations = try #require(try LoadRun(port: front.port, filler: filler, tls: trusting).observations())
    #expect(observations.sent.count == 20)
    #expect(observations.echoed.count == 20)
    #expect(observations.closed.map(\.cause) == [.ours, .ours])
    #expect(observations.closed.map(\.code) == [1000, 1000])
    #expect(observations.securities == [.tls, .tls])
    for stages in observations.stages {
      #expect(ConnectionStage.allCases.map { (stages[$0] ?? 0) > 0 } == [true, false, true, true])
    }
  }

  @Test("resumes sessions where that is asked for, once one has been given")
  func resumption() throws {
    let server = try ScriptedServer(Self.echo)
    let front = try TLSFront(certificates.good, passingOnTo: server.port)
    var configuration = trusting
    configuration.resumesSessions = true
    // More than may shake hands at once, so that some begin when others have ended.
    let run = try LoadRun(port: front.port, connections: 300, tls: configuration)
    let securities = try #require(run.observations()).securities
    #expect(securities.count == 300)
    #expect(securities.contains(.tls))
    #expect(securities.contains(.resumedTLS))
  }

  @Test(
    "tells why a server is not trusted, for each connection",
    arguments: [
      ("expired", TLSFault.expiredCertificate), ("not yet valid", .certificateNotYetValid), ("elsewhere", .wrongName),
      ("self-signed", .selfSignedCertificate), ("unknown", .unknownIssuer),
    ])
  func untrusted(_ label: String, fault: TLSFault) throws {
    let identity =
      switch label {
      case "expired": certificates.expired
      case "not yet valid": certificates.notYetValid
      case "elsewhere": certificates.elsewhere
      case "self-signed": certificates.selfSigned
      default: certificates.good
      }
    let server = try ScriptedServer(Self.echo)
    let front = try TLSFront(identity, passingOnTo: server.port)
    // Nobody but the tests knows the tests' authority.
    let configuration = label == "unknown" ? TLSConfiguration() : trusting
    let run = try LoadRun(port: front.port, connections: 3, tls: configuration)
    let observations = try #require(run.observations())
    #expect(observations.failures == Array(repeating: .tls(fault), count: 3))
    // Nothing else happened, but that the messages that were due found nobody to carry them.
    #expect(observations.dropped == 1)
    #expect(observations.count == 4)
    #expect(run.control.progress.stage == .over)
  }

  @Test("goes to anybody where nothing is verified")
  func unverified() throws {
    let server = try ScriptedServer(Self.echo)
    let front = try TLSFront(certificates.expired, passingOnTo: server.port)
    var configuration = TLSConfiguration()
    configuration.verifiesServer = false
    let observations = try #require(try LoadRun(port: front.port, tls: configuration).observations())
    #expect(observations.echoed.count == 20)
  }

  /// What a server does in place of the handshake, and what is observed of it.
  struct Refusal: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var reason: ConnectionFailure
    var script: @Sendable (Peer) throws -> Void

    static let all: [Refusal] = [
      Refusal(testDescription: "answers in HTTP", reason: .tls(.notTLS)) { peer in
        try peer.receive()
        try peer.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
      },
      Refusal(testDescription: "closes in the middle of it", reason: .tls(.endedInHandshake)) { peer in
        try peer.receive()
        try peer.send([22, 3, 3, 0, 122, 2])
      },
      Refusal(testDescription: "sends an alert", reason: .tls(.alert(40))) { peer in
        try peer.receive()
        try peer.send([21, 3, 3, 0, 2, 2, 40])
      },
      Refusal(testDescription: "resets", reason: .system(ECONNRESET)) { peer in
        try peer.receive()
        peer.reset()
      },
      Refusal(testDescription: "never answers", reason: .timedOut(.tls)) { peer in
        try peer.receive()
        peer.waitForReset()
      },
    ]
  }

  @Test("whose server does not shake hands tells why", arguments: Refusal.all)
  func refusals(_ refusal: Refusal) throws {
    let server = try ScriptedServer(refusal.script)
    let run = try LoadRun(port: server.port, connections: 3, tls: trusting) { limits in
      if refusal.reason == .timedOut(.tls) { limits.tls = .milliseconds(200) }
    }
    let observations = try #require(run.observations())
    #expect(observations.failures == Array(repeating: refusal.reason, count: 3))
  }

  @Test("whose plain server never upgrades is given up in that stage")
  func slowUpgrade() throws {
    let server = try ScriptedServer { peer in
      _ = try peer.request()
      _ = try peer.next()
    }
    let front = try TLSFront(certificates.good, passingOnTo: server.port)
    let run = try LoadRun(port: front.port, tls: trusting) { $0.upgrade = .milliseconds(200) }
    #expect(try #require(run.observations()).failures == [.timedOut(.upgrade), .timedOut(.upgrade)])
  }

  @Test("whose files are not there is not run")
  func missingFiles() {
    var configuration = TLSConfiguration()
    configuration.authorityFile = "/none"
    #expect(throws: LoadFault.tls(.unreadable("/none", errno: ENOENT))) {
      try LoadRun(port: 1, tls: configuration)
    }
  }
}
