import Glibc
import Observations
import Testing
import Timing
import TraceContext

@testable import OTLPCollector

@Suite("The collector, told to misbehave,")
struct CollectorFaultTests {
  @Test(
    "refuses as often as it was told, stores nothing of that, and then takes what comes again",
    arguments: [
      (CollectorFault.unavailable, 503, 14, "1"), (.tooManyRequests, 429, 8, "1"), (.badGateway, 502, 14, nil),
      (.badRequest, 400, 3, nil),
    ] as [(CollectorFault, Int, Int, String?)])
  func refusals(fault: CollectorFault, status: Int, code: Int, retryAfter: String?) throws {
    let collector = try CollectorUnderTest { $0.faults = [FaultInjection(fault, .first(2))] }
    let http = try collector.connect()
    let grpc = try GRPCConnection(port: collector.port)
    let call = GRPCCall(body: GRPCCall.message(traceBody(from: 2)))
    let answer = try http.answer(to: ExportRequest(body: traceBody()))
    #expect(answer.status == status)
    #expect(answer.fields["retry-after"] == retryAfter)
    #expect(answer.message.contains(fault.rawValue))
    let result = try grpc.answer(to: call)
    #expect(result.status == code)
    #expect(try result.details().contains("RetryInfo") == (retryAfter != nil))
    #expect(collector.batches.isEmpty)
    #expect(collector.counts.faultedRequests == 2)
    #expect(collector.counts.refusedRequests == 0)
    #expect(try http.answer(to: ExportRequest(body: traceBody())).status == 200)
    #expect(try grpc.answer(to: call).status == 0)
    #expect(collector.spans.map(\.spanID.rawValue) == [1, 2])
  }

  @Test("resets the connection once the body is there, and stores nothing")
  func reset() throws {
    let collector = try CollectorUnderTest { $0.faults = [FaultInjection(.reset, .first(2))] }
    let connection = try collector.connect()
    try connection.send(ExportRequest(body: traceBody()).bytes)
    let failure = try #require(throws: ExporterConnection.Failure.self) { try connection.receiveAnswer() }
    #expect(failure.reason == "recv: errno \(ECONNRESET)")
    let call = GRPCCall(body: GRPCCall.message(traceBody()))
    #expect(throws: (any Error).self) { try GRPCConnection(port: collector.port).answer(to: call) }
    #expect(collector.batches.isEmpty)
    #expect(try collector.connect().answer(to: ExportRequest(body: traceBody())).status == 200)
  }

  @Test("stores, and never answers")
  func dropAnswer() throws {
    let collector = try CollectorUnderTest {
      $0.faults = [FaultInjection(.dropAnswer, .first(1))]
      $0.idleLimit = .milliseconds(200)
    }
    let connection = try collector.connect()
    try connection.send(ExportRequest(body: traceBody()).bytes)
    #expect(collector.waitForBatch())
    // No byte comes before the end.
    #expect(connection.isEnded())
    let again = try collector.connect()
    #expect(try again.answer(to: ExportRequest(body: traceBody())).status == 200)
    // What the exporter sent again is known as a duplicate.
    #expect(collector.spans.count == 1)
    #expect(collector.counts.duplicateSpans == 1)
  }

  @Test("stores at once, and answers as late as it was told")
  func slow() throws {
    let collector = try CollectorUnderTest { $0.faults = [FaultInjection(.slow, delay: .milliseconds(50))] }
    let begin = Instant.now
    #expect(try collector.connect().answer(to: ExportRequest(body: traceBody())).status == 200)
    #expect(Instant.now - begin >= 50_000_000)
    let call = GRPCCall(body: GRPCCall.message(traceBody()))
    #expect(try GRPCConnection(port: collector.port).answer(to: call).status == 0)
    #expect(Instant.now - begin >= 100_000_000)
  }

  @Test("claims to have rejected spans, and stores all")
  func partialSuccess() throws {
    let collector = try CollectorUnderTest { $0.faults = [FaultInjection(.partialSuccess, rejectedItems: 77)] }
    let answer = try collector.connect().answer(to: ExportRequest(body: traceBody(spans: 2)))
    #expect(answer.status == 200)
    #expect(Array(answer.body[2...3]) == [0x08, 77])
    #expect(answer.message.contains("partial-success"))
    #expect(collector.spans.count == 2)
  }
}
