import Foundation
import Reactor
import TestInputs
import Testing
import TransportSecurity

@testable import OTLPCollector

@Suite("The collector, by TLS,")
struct CollectorTLSTests {
  private let certificates: Certificates

  init() throws { certificates = try #require(Certificates.shared) }

  private func start(_ change: (inout Collector.Configuration) -> Void = { _ in }) throws -> CollectorUnderTest {
    try CollectorUnderTest {
      $0.tls = TLSIdentity(certificateFile: certificates.good.certificate, keyFile: certificates.good.key)
      change(&$0)
    }
  }

  private func client() throws -> TLSContext {
    var configuration = TLSConfiguration()
    configuration.authorityFile = certificates.authority
    return try TLSContext(client: configuration, host: "127.0.0.1")
  }

  @Test("serves HTTP/1.1, with bodies and answers of many records")
  func http1() throws {
    let collector = try start()
    let connection = try ExporterConnection(port: collector.port, tls: client())
    for round in 0..<3 {
      let body = traceBody(spans: 5000, from: 1 + round * 5000)
      #expect(try connection.answer(to: ExportRequest(body: body)).status == 200)
    }
    let refused = Array(repeatElement(ExportRequest(method: "GET").bytes, count: 500).joined())
    try connection.send(refused)
    for _ in 0..<500 { #expect(try connection.receiveAnswer().status == 405) }
    #expect(collector.spans.count == 15_000)
  }

  @Test("serves HTTP/2")
  func http2() throws {
    let collector = try start()
    let client = try RawHTTP2(ExporterConnection(port: collector.port, tls: client()))
    let head = RawHTTP2.Frame(
      type: RawHTTP2.Frame.headers, flags: 4, stream: 1, payload: RawHTTP2.block(RawHTTP2.callFields))
    try client.send(head)
    try client.send(
      RawHTTP2.Frame(type: RawHTTP2.Frame.data, flags: 1, stream: 1, payload: GRPCCall.message(traceBody())))
    #expect(try client.receive(type: RawHTTP2.Frame.data).payload == [0, 0, 0, 0, 0])
    #expect(collector.spans.count == 1)
  }

  @Test(
    "agrees on HTTP/2 where the client knows it, and else on HTTP/1.1",
    arguments: [("h2,http/1.1", "h2"), ("http/1.1,h2", "h2"), ("http/1.1", "http/1.1")])
  func negotiation(offered: String, agreed: String) throws {
    let collector = try start()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl", "s_client", "-connect", "127.0.0.1:\(collector.port)", "-alpn", offered]
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(text.contains("ALPN protocol: \(agreed)\n"))
  }

  @Test("ends a connection that does not speak it, and serves others")
  func plain() throws {
    let collector = try start()
    let connection = try collector.connect()
    try connection.send(ExportRequest(body: traceBody()).bytes)
    // The alert comes first.
    _ = try? connection.receive(7)
    #expect(connection.isEnded())
    let secured = try ExporterConnection(port: collector.port, tls: client())
    #expect(try secured.answer(to: ExportRequest(body: traceBody())).status == 200)
    #expect(collector.spans.count == 1)
  }

  @Test("tells which file it cannot use")
  func noCertificate() throws {
    let failure = try #require(throws: CollectorUnavailable.self) {
      try start { $0.tls?.certificateFile = "/nowhere.pem" }
    }
    #expect("\(failure)".contains("/nowhere.pem"))
  }
}
