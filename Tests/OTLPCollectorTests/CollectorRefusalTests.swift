import Observations
import Testing

@testable import OTLPCollector

@Suite("The collector, sent what it does not serve,")
struct CollectorRefusalTests {
  @Test("refuses with a reason, counts it and serves the connection further", arguments: RefusedRequest.all)
  func refusals(_ row: RefusedRequest) throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    let answer = try connection.answer(to: row.request)
    #expect(answer.status == row.status)
    let isJSON = row.request.fields.contains { $0.1.lowercased() == "application/json" }
    #expect(answer.fields["content-type"] == (isJSON ? "application/json" : "application/x-protobuf"))
    #expect(answer.message.contains(row.message))
    #expect(collector.counts.refusedRequests == 1)
    #expect(collector.batches.isEmpty)
    #expect(try connection.answer(to: ExportRequest(body: traceBody())).status == 200)
    #expect(collector.counts.requests == 2)
    #expect(collector.spans.count == 1)
  }

  @Test("names the method that it serves")
  func allow() throws {
    let collector = try CollectorUnderTest()
    #expect(try collector.connect().answer(to: ExportRequest(method: "PUT")).fields["allow"] == "POST")
  }

  @Test("refuses a body that is too large and ends the connection", arguments: RefusedRequest.tooLarge)
  func tooLarge(_ row: RefusedRequest) throws {
    let collector = try CollectorUnderTest { $0.bodyLimit = 100_000 }
    let connection = try collector.connect()
    let answer = try connection.answer(to: row.request)
    #expect(answer.status == row.status)
    #expect(answer.fields["connection"] == "close")
    #expect(answer.message.contains(row.message))
    #expect(connection.isEnded())
    #expect(collector.counts.refusedRequests == 1)
    #expect(try collector.connect().answer(to: ExportRequest(body: traceBody())).status == 200)
  }

  @Test(
    "ends a connection that does not speak HTTP",
    arguments: ["PRI * HTTP/2.0\r\n\r\nXM\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n"])
  func noHTTP(text: String) throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    try connection.send(text)
    #expect(try connection.receiveAnswer().status == 400)
    #expect(connection.isEnded())
    #expect(collector.counts.refusedRequests == 1)
    #expect(try collector.connect().answer(to: ExportRequest(body: traceBody())).status == 200)
  }

  @Test("refuses a header that is too large")
  func headerTooLarge() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    try connection.send("POST /v1/traces HTTP/1.1\r\nx: \(String(repeating: "x", count: 100_000))\r\n")
    #expect(try connection.receiveAnswer().status == 431)
    #expect(connection.isEnded())
  }

  @Test("refuses a client that waits for it at once, and ends the connection")
  func expectContinueRefused() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    var request = ExportRequest(path: "/nowhere", contentLength: "100")
    request.fields.append(("expect", "100-continue"))
    #expect(try connection.answer(to: request).status == 404)
    #expect(connection.isEnded())
  }

  @Test("asks to come back when unfinished bodies take too much memory, and books them out again")
  func bodyBudget() throws {
    let collector = try CollectorUnderTest { $0.bodyBudget = 150_000 }
    for _ in 0..<2 {
      let refused = try collector.connect()
      let answer = try refused.answer(to: ExportRequest(body: .init(repeating: 0, count: 200_000)))
      #expect(answer.status == 503)
      #expect(answer.fields["retry-after"] == "1")
      #expect(refused.isEnded())
    }
    let connection = try collector.connect()
    for _ in 0..<3 {
      #expect(try connection.answer(to: ExportRequest(body: .init(repeating: 0, count: 140_000))).status == 400)
      #expect(try connection.answer(to: ExportRequest(body: traceBody(spans: 500))).status == 200)
    }
  }
}
