import Observations
import Testing
import TraceContext

@testable import OTLPCollector

@Suite("The collector's side of a connection")
struct CollectorConnectionTests {
  @Test("survives thousands of requests that waited for a slow answer")
  func nestedAnswers() throws {
    let collector = try CollectorUnderTest { $0.answerDelay = .milliseconds(20) }
    let connection = try collector.connect()
    let refused = "GET /nowhere HTTP/1.1\r\n\r\n"
    try connection.send(ExportRequest(body: traceBody()).bytes + Array(String(repeating: refused, count: 8000).utf8))
    #expect(try connection.receiveAnswer().status == 200)
    for _ in 0..<8000 { #expect(try connection.receiveAnswer().status == 404) }
  }

  @Test("ends the connection after a request to speak another protocol")
  func upgrade() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    let fields = [("content-type", "application/x-protobuf"), ("connection", "upgrade"), ("upgrade", "h2c")]
    #expect(try connection.answer(to: ExportRequest(fields: fields, body: traceBody())).status == 200)
    #expect(connection.isEnded())
    #expect(collector.spans.count == 1)
  }

  @Test("tells a client that waits for it to go on")
  func expectContinue() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    let body = traceBody()
    var request = ExportRequest(contentLength: String(body.count))
    request.fields.append(("expect", "100-continue"))
    try connection.send(request.bytes)
    #expect(try connection.receiveAnswer().status == 100)
    try connection.send(body)
    #expect(try connection.receiveAnswer().status == 200)
    #expect(collector.spans.count == 1)
  }

  @Test("ends the connection of a client that asks for it")
  func connectionClose() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    var request = ExportRequest(body: traceBody())
    request.fields.append(("connection", "close"))
    let answer = try connection.answer(to: request)
    #expect(answer.status == 200)
    #expect(answer.fields["connection"] == "close")
    #expect(connection.isEnded())
  }

  @Test("forgets a body whose client went away in the middle")
  func halfBody() throws {
    let collector = try CollectorUnderTest()
    let bytes = ExportRequest(body: traceBody(spans: 100)).bytes
    do {
      let connection = try collector.connect()
      try connection.send(Array(bytes[..<(bytes.count / 2)]))
    }
    #expect(try collector.connect().answer(to: ExportRequest(body: traceBody(from: 500))).status == 200)
    #expect(collector.spans.map(\.spanID.rawValue) == [500])
    #expect(collector.counts.requests == 1)
    #expect(collector.counts.refusedRequests == 0)
  }

  @Test("ends the connection beyond its limit and takes another once one has ended")
  func connectionLimit() throws {
    let collector = try CollectorUnderTest { $0.connectionLimit = 1 }
    do {
      let connection = try collector.connect()
      #expect(try connection.answer(to: ExportRequest()).status == 200)
      #expect(try collector.connect().isEnded())
      #expect(try connection.answer(to: ExportRequest(fields: [("connection", "close")])).status == 415)
      #expect(connection.isEnded())
    }
    // It has sent its end; that it has seen ours is not known to us, so a few more may be turned away.
    let isServed = (0..<10_000).contains { _ in
      (try? collector.connect().answer(to: ExportRequest()).status) == 200
    }
    #expect(isServed)
  }

  @Test("lets the connection that was silent for the longest make way, but none that waits for its answer")
  func makingWay() throws {
    let collector = try CollectorUnderTest {
      $0.connectionLimit = 3
      $0.silenceLimit = .zero
      $0.answerDelay = .milliseconds(300)
    }
    let silent = try collector.connect()
    let half = try collector.connect()
    let waiting = try collector.connect()
    try half.send("POST /v1/tra")
    try waiting.send(ExportRequest(body: traceBody()).bytes)
    #expect(collector.waitForBatch())
    let next = try collector.connect()
    #expect(silent.isEnded())
    #expect(try next.answer(to: ExportRequest(path: "/v1/metrics")).status == 200)
    let last = try collector.connect()
    #expect(half.isEnded())
    #expect(try last.answer(to: ExportRequest(path: "/v1/metrics")).status == 200)
    #expect(try waiting.receiveAnswer().status == 200)
  }

  @Test("says which address it cannot have")
  func addressInUse() throws {
    let collector = try CollectorUnderTest()
    let failure = try #require(throws: CollectorUnavailable.self) {
      try CollectorUnderTest { $0.port = collector.port }
    }
    #expect("\(failure)".hasPrefix("the collector cannot listen on 127.0.0.1:\(collector.port): "))
  }

  @Test("can be stopped twice, with connections open")
  func stop() throws {
    let collector = try Collector.start { _ in true }
    let connection = try ExporterConnection(port: collector.port)
    #expect(try connection.answer(to: ExportRequest()).status == 200)
    collector.stop()
    collector.stop()
    #expect(connection.isEnded())
  }
}
