import Foundation
import OTLPMessages
import Observations
import Testing
import TraceContext

@testable import OTLPCollector

@Suite("The collector among hostile clients")
struct HostileClientTests {
  @Test("serves an exporter beside a thousand connections that say nothing or stop half-way")
  func idleConnections() throws {
    let collector = try CollectorUnderTest()
    let half = Array(ExportRequest(body: traceBody(spans: 100)).bytes.prefix(5000))
    let beginnings = [[], Array("PRI * HT".utf8), Array("POST /v1/tra".utf8), half, RawHTTP2.preface]
    var idle: [ExporterConnection] = []
    for number in 0..<1000 {
      let connection = try collector.connect()
      try connection.send(beginnings[number % beginnings.count])
      idle.append(connection)
    }
    let connection = try collector.connect()
    #expect(try connection.answer(to: ExportRequest(body: traceBody(spans: 500))).status == 200)
    let call = GRPCCall(body: GRPCCall.message(traceBody(spans: 500)))
    #expect(try GRPCConnection(port: collector.port).answer(to: call).status == 0)
    #expect(collector.counts.requests == 2)
    withExtendedLifetime(idle) {}
  }

  @Test("ends the half-sent body that takes longest where others find no room")
  func halfBodies() throws {
    let collector = try CollectorUnderTest {
      $0.bodyBudget = 200_000
      $0.bodyPatience = .zero
    }
    let hoarder = try collector.connect()
    let whole = ExportRequest(body: [UInt8](repeating: 0, count: 300_000)).bytes
    try hoarder.send(Array(whole.prefix(190_000)))
    let exporter = ExportRequest(body: traceBody(spans: 500))
    // Until the half body has arrived there is room; then an exporter is asked to come back at most a few times.
    var statuses: [Int] = []
    while statuses.count < 1000, !hoarder.hasEnded {
      statuses.append(try collector.connect().answer(to: exporter).status)
    }
    #expect(hoarder.hasEnded)
    #expect(try collector.connect().answer(to: exporter).status == 200)
  }

  @Test("cuts bombs by every way in with bounded memory, and serves on")
  func bombs() throws {
    let collector = try CollectorUnderTest()
    let member = try compressed([UInt8](repeating: 0, count: 16 << 20))
    // A gigabyte in a megabyte.
    let bomb = Array(repeatElement(member, count: 64).joined())
    let before = residentBytes()
    let http = try collector.connect()
    let answer = try http.answer(to: ExportRequest(fields: ExportRequest.gzip, body: bomb))
    #expect(answer.status == 413)
    let grpc = try GRPCConnection(port: collector.port)
    let call = GRPCCall(fields: [("grpc-encoding", "gzip")], body: GRPCCall.message(bomb, isCompressed: true))
    #expect(try grpc.answer(to: call).status == 8)
    // Other tests run beside this one; the bombs would take two gigabytes.
    #expect(residentBytes() - before < 768 << 20)
    #expect(try grpc.answer(to: GRPCCall(body: GRPCCall.message(traceBody()))).status == 0)
  }

  @Test(
    "refuses lengths that reach beyond everything",
    arguments: [
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x0a, 0x80, 0x80, 0x80, 0x80, 0x10],
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    ] as [[UInt8]])
  func lengths(body: [UInt8]) throws {
    let collector = try CollectorUnderTest()
    #expect(try collector.connect().answer(to: ExportRequest(body: body)).status == 400)
    let call = GRPCCall(body: GRPCCall.message(body))
    #expect(try GRPCConnection(port: collector.port).answer(to: call).status == 3)
  }

  @Test("takes a span with 100,000 attributes and names of a mebibyte, and keeps only what it must")
  func wideBodies() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    var encoder = ExportRequestEncoder(
      resource: [Attribute("service.name", .string(String(repeating: "s", count: 1 << 20)))],
      scopeName: String(repeating: "l", count: 1 << 20))
    encoder.append(
      ExportedSpan(
        traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: String(repeating: "n", count: 1 << 20), start: 1,
        end: 2, attributes: (0..<100_000).map { Attribute("key \($0)", .int(Int64($0))) }))
    #expect(try connection.answer(to: ExportRequest(body: encoder.takeBody())).status == 200)
    let books = try #require(collector.books.exporters.first)
    #expect(books.spans == 1)
    #expect(books.service.utf8.count == 1 << 20)
    #expect(books.scopes[0].name.utf8.count == 256)
    #expect(try connection.answer(to: ExportRequest(body: traceBody(from: 2))).status == 200)
    #expect(collector.spans.count == 2)
  }

  @Test("refuses JSON that is nested beyond all measure, and names that fill the tables no further")
  func deepAndMany() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    let deep = Array((#"{"resourceSpans":"# + String(repeating: "[", count: 1_000_000)).utf8)
    let json = [("content-type", "application/json")]
    #expect(try connection.answer(to: ExportRequest(fields: json, body: deep)).status == 400)
    let name = String(repeating: "n", count: 1 << 20)
    for number in 1...20 {
      let body = traceBody(from: number, name: "\(number)\(name)")
      #expect(try connection.answer(to: ExportRequest(body: body)).status == 200)
    }
    #expect(collector.counts.overflowedNames >= 12)
    #expect(collector.counts.decodeErrors == 1)
    #expect(collector.counts.refusedRequests == 1)
  }

  @Test("stops reading from a client that does not read its answers")
  func unreadAnswers() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    let refused = Array(repeatElement(Array("GET / HTTP/1.1\r\n\r\n".utf8), count: 10_000).joined())
    var sent = 0
    let before = residentBytes()
    // Until the kernel takes no more of it: the collector has stopped.
    while sent < 256 << 20, let count = connection.sendWhatFits(refused) { sent += count }
    #expect(sent < 256 << 20)
    #expect(residentBytes() - before < 220 << 20)
    #expect(try collector.connect().answer(to: ExportRequest(body: traceBody())).status == 200)
  }

  @Test("forgets a call whose client went away in the middle, and books its bytes out")
  func halfCall() throws {
    let collector = try CollectorUnderTest { $0.bodyBudget = 150_000 }
    let bytes = GRPCCall.message([UInt8](repeating: 0, count: 60_000), length: 140_000)
    for _ in 0..<5 {
      let client = try RawHTTP2(collector.connect())
      let head = RawHTTP2.Frame(
        type: RawHTTP2.Frame.headers, flags: 4, stream: 1, payload: RawHTTP2.block(RawHTTP2.callFields))
      try client.send(head)
      for start in stride(from: 0, to: bytes.count, by: 16_000) {
        let part = Array(bytes[start..<min(start + 16_000, bytes.count)])
        try client.send(RawHTTP2.Frame(type: RawHTTP2.Frame.data, stream: 1, payload: part))
      }
      try client.send(RawHTTP2.Frame(type: RawHTTP2.Frame.reset, stream: 1, payload: [0, 0, 0, 8]))
      try client.send(RawHTTP2.Frame(type: RawHTTP2.Frame.ping, payload: Array(1...8)))
      _ = try client.receive(type: RawHTTP2.Frame.ping)
    }
    let call = GRPCCall(body: GRPCCall.message(traceBody(spans: 500)))
    #expect(try GRPCConnection(port: collector.port).answer(to: call).status == 0)
    #expect(collector.counts.requests == 1)
  }

  @Test("asks calls to come back when unfinished bodies take too much memory")
  func budget() throws {
    let collector = try CollectorUnderTest { $0.bodyBudget = 50_000 }
    let connection = try GRPCConnection(port: collector.port)
    let call = GRPCCall(body: GRPCCall.message([UInt8](repeating: 0, count: 100_000)))
    let result = try connection.answer(to: call)
    #expect(result.status == 14)
    #expect(try result.details().contains("RetryInfo"))
    #expect(try connection.answer(to: GRPCCall(body: GRPCCall.message(traceBody()))).status == 0)
  }
}

/// What this process holds in memory.
private func residentBytes() -> Int {
  let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
  let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  return pages * sysconf(Int32(_SC_PAGESIZE))
}
