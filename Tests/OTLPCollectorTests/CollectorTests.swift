import Dispatch
import Observations
import Synchronization
import Testing
import Timing
import TraceContext

@testable import OTLPCollector

@Suite("The collector, over loopback,")
struct CollectorTests {
  @Test("delivers a body before it answers, however it is sent", arguments: BodyEncoding.all)
  func encodings(_ encoding: BodyEncoding) throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    var request = ExportRequest(body: try encoding.apply(traceBody(spans: 300)), isChunked: encoding.isChunked)
    if let name = encoding.name { request.fields.append(("content-encoding", name)) }
    let answer = try connection.answer(to: request)
    #expect(answer.status == 200)
    #expect(answer.fields["content-type"] == "application/x-protobuf")
    #expect(answer.body.isEmpty)
    #expect(collector.spans.map(\.spanID.rawValue) == Array(1...300))
    #expect(collector.spanNames.allSatisfy { $0 == "step" })
    #expect(collector.counts.spans == 300)
    #expect(collector.counts.bytes == UInt64(request.body.count))
  }

  @Test("accepts an empty body as a request without spans")
  func emptyBody() throws {
    let collector = try CollectorUnderTest()
    #expect(try collector.connect().answer(to: ExportRequest()).status == 200)
    #expect(collector.batches.isEmpty)
    #expect(collector.counts.requests == 1)
  }

  @Test("answers pipelined requests in order and announces each name once")
  func pipelining() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    let requests = (0..<50).map { number in
      ExportRequest(body: traceBody(spans: 3, from: 1 + number * 3, name: "step \(number % 5)")).bytes
    }
    try connection.send(Array(requests.joined()))
    for _ in requests { #expect(try connection.receiveAnswer().status == 200) }
    #expect(collector.spans.map(\.spanID.rawValue) == Array(1...150))
    #expect(collector.batches.flatMap { $0.newNames.map(\.text) } == (0..<5).map { "step \($0)" })
    #expect(collector.spanNames == (0..<50).flatMap { Array(repeating: "step \($0 % 5)", count: 3) })
  }

  @Test(
    "takes a content type with parameters and in any case",
    arguments: ["application/x-protobuf; charset=utf-8", "Application/X-Protobuf"])
  func contentTypes(type: String) throws {
    let collector = try CollectorUnderTest()
    let request = ExportRequest(fields: [("CONTENT-TYPE", type)], body: traceBody())
    #expect(try collector.connect().answer(to: request).status == 200)
  }

  @Test("delivers at once however late it is told to answer")
  func lateAnswer() throws {
    let collector = try CollectorUnderTest { $0.answerDelay = .seconds(3600) }
    let first = try collector.connect()
    let second = try collector.connect()
    try first.send(ExportRequest(body: traceBody(from: 1)).bytes)
    #expect(collector.waitForBatch())
    try second.send(ExportRequest(body: traceBody(from: 2)).bytes)
    #expect(collector.waitForBatch())
    #expect(first.isSilent)
    #expect(second.isSilent)
    #expect(collector.spans.map(\.spanID.rawValue) == [1, 2])
    // Refusals and other signals do not wait.
    #expect(try collector.connect().answer(to: ExportRequest(path: "/v1/metrics")).status == 200)
  }

  @Test("answers after the time that it is told")
  func delayedAnswer() throws {
    let collector = try CollectorUnderTest { $0.answerDelay = .milliseconds(30) }
    let connection = try collector.connect()
    let start = Instant.now
    for _ in 0..<2 { #expect(try connection.answer(to: ExportRequest(body: traceBody())).status == 200) }
    #expect(Instant.now - start >= 60_000_000)
    #expect(collector.counts.spans == 2)
  }

  @Test("keeps the spans of eight exporters apart and loses none")
  func parallelExporters() throws {
    let collector = try CollectorUnderTest()
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { exporter in
      do {
        let connection = try collector.connect()
        for round in 0..<20 {
          let body = traceBody(
            spans: 50, from: 1 + exporter * 1000 + round * 50, name: "name \(round)", service: "service \(exporter)")
          let answer = try connection.answer(to: ExportRequest(fields: ExportRequest.gzip, body: compressed(body)))
          if answer.status != 200 { failures.withLock { $0.append("status \(answer.status)") } }
        }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    #expect(collector.counts.spans == 8000)
    #expect(Set(collector.spans.map(\.spanID)).count == 8000)
    #expect(!collector.spanNames.contains("not announced"))
    var services: [UInt16: String] = [:]
    for batch in collector.batches {
      for (index, text) in batch.newServices { services[index] = text }
      for span in batch.spans {
        #expect(services[span.service] == "service \((span.spanID.rawValue - 1) / 1000)/1")
      }
    }
  }

  @Test("takes a retried batch once, whatever way it comes, and books it as a duplicate")
  func retries() throws {
    let collector = try CollectorUnderTest()
    let body = traceBody(spans: 10)
    let connection = try collector.connect()
    #expect(try connection.answer(to: ExportRequest(body: body)).status == 200)
    #expect(try connection.answer(to: ExportRequest(body: body)).status == 200)
    let gzip = ExportRequest(fields: ExportRequest.gzip, body: try compressed(body))
    #expect(try connection.answer(to: gzip).status == 200)
    #expect(try GRPCConnection(port: collector.port).answer(to: GRPCCall(body: GRPCCall.message(body))).status == 0)
    #expect(collector.spans.count == 10)
    #expect(collector.counts.spans == 40)
    #expect(collector.counts.duplicateSpans == 30)
    let books = try #require(collector.books.exporters.first)
    #expect(books.spans == 10)
    #expect(books.duplicateSpans == 30)
    #expect(books.scopes.map(\.spans) == [10])
  }

  @Test("takes a batch that it had no room for when it comes again")
  func retryAfterPushback() throws {
    let collector = try CollectorUnderTest()
    collector.setRoom(false)
    let connection = try collector.connect()
    #expect(try connection.answer(to: ExportRequest(body: traceBody(spans: 3))).status == 503)
    #expect(collector.books.exporters.isEmpty)
    collector.setRoom(true)
    #expect(try connection.answer(to: ExportRequest(body: traceBody(spans: 3))).status == 200)
    #expect(collector.spans.count == 3)
    #expect(collector.books.exporters.map(\.spans) == [3])
    #expect(collector.counts.duplicateSpans == 0)
  }
}
