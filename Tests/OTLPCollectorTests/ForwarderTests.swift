import Observations
import Testing
import TraceContext

@testable import OTLPCollector

@Suite("The collector, told to forward,")
struct ForwarderTests {
  private func start(
    to destination: CollectorUnderTest, _ change: (inout Collector.Configuration) -> Void = { _ in }
  ) throws -> CollectorUnderTest {
    try CollectorUnderTest {
      $0.forward = ForwardDestination(host: "127.0.0.1", port: destination.port)
      change(&$0)
    }
  }

  @Test("passes every body on as it came, by HTTP and by gRPC")
  func bodies() throws {
    let destination = try CollectorUnderTest()
    let collector = try start(to: destination)
    let connection = try collector.connect()
    let gzip = ExportRequest(fields: ExportRequest.gzip, body: try compressed(traceBody(from: 2)))
    #expect(try connection.answer(to: ExportRequest(body: traceBody(from: 1))).status == 200)
    #expect(try connection.answer(to: gzip).status == 200)
    let call = GRPCCall(
      fields: [("grpc-encoding", "deflate")],
      body: GRPCCall.message(try compressed(traceBody(from: 3), .zlib), isCompressed: true))
    #expect(try GRPCConnection(port: collector.port).answer(to: call).status == 0)
    #expect(collector.waitForCounts { $0.forwarded == 3 })
    #expect(destination.spans.map(\.spanID.rawValue) == [1, 2, 3])
    #expect(destination.counts.bytes == UInt64(traceBody(from: 1).count + gzip.body.count + call.body.count - 5))
    #expect(collector.counts.forwardFailed == 0)
  }

  @Test("has passed everything on when it ends, also to one that takes its time")
  func end() throws {
    let destination = try CollectorUnderTest { $0.answerDelay = .milliseconds(5) }
    let collector = try start(to: destination)
    let connection = try collector.connect()
    for number in 1...50 {
      #expect(try connection.answer(to: ExportRequest(body: traceBody(from: number))).status == 200)
    }
    collector.stop()
    #expect(destination.spans.map(\.spanID.rawValue) == Array(1...50))
    #expect(collector.counts.forwarded == 50)
    #expect(collector.counts.forwardFailed == 0)
  }

  @Test("lets a small body wait without the storage of a large one that came before")
  func smallBodies() throws {
    let destination = try CollectorUnderTest { $0.answerDelay = .milliseconds(20) }
    let collector = try start(to: destination) { $0.forwardQueueLimit = 400_000 }
    let connection = try collector.connect()
    #expect(try connection.answer(to: ExportRequest(body: traceBody(spans: 2000))).status == 200)
    for number in 0..<30 {
      #expect(try connection.answer(to: ExportRequest(body: traceBody(from: 5000 + number))).status == 200)
    }
    collector.stop()
    #expect(collector.counts.forwarded == 31)
    #expect(collector.counts.forwardFailed == 0)
  }

  @Test("passes nothing on that it did not take")
  func refused() throws {
    let destination = try CollectorUnderTest()
    let collector = try start(to: destination)
    let connection = try collector.connect()
    #expect(try connection.answer(to: ExportRequest(body: [1, 2, 3])).status == 400)
    #expect(try connection.answer(to: ExportRequest(body: traceBody(from: 9))).status == 200)
    #expect(collector.waitForCounts { $0.forwarded == 1 })
    #expect(destination.counts.requests == 1)
  }

  @Test("counts what the other side refuses, with the reason, and goes on")
  func refusedElsewhere() throws {
    let destination = try CollectorUnderTest { $0.faults = [FaultInjection(.unavailable, .first(1))] }
    let collector = try start(to: destination)
    let connection = try collector.connect()
    for _ in 0..<2 { #expect(try connection.answer(to: ExportRequest(body: traceBody())).status == 200) }
    #expect(collector.waitForCounts { $0.forwarded == 1 && $0.forwardFailed == 1 })
    #expect(collector.counts.forwardFailure?.hasSuffix("answered 503 Service Unavailable") == true)
  }

  @Test("answers at once where the other side is away, and counts")
  func away() throws {
    let port = try CollectorUnderTest().port
    let collector = try CollectorUnderTest { $0.forward = ForwardDestination(host: "127.0.0.1", port: port) }
    #expect(try collector.connect().answer(to: ExportRequest(body: traceBody())).status == 200)
    #expect(collector.waitForCounts { $0.forwardFailed == 1 })
    #expect(collector.counts.forwardFailure?.contains("cannot be reached") == true)
  }

  @Test("counts what is under way when the other side resets the connection, and connects again")
  func reset() throws {
    let destination = try CollectorUnderTest { $0.faults = [FaultInjection(.reset, .first(1))] }
    let collector = try start(to: destination)
    let connection = try collector.connect()
    for _ in 0..<2 { #expect(try connection.answer(to: ExportRequest(body: traceBody())).status == 200) }
    #expect(collector.waitForCounts { $0.forwarded == 1 && $0.forwardFailed == 1 })
  }

  @Test("drops what does not fit while the other side does not answer")
  func full() throws {
    let destination = try CollectorUnderTest { $0.faults = [FaultInjection(.dropAnswer)] }
    let collector = try start(to: destination) { $0.forwardQueueLimit = 2000 }
    let connection = try collector.connect()
    for _ in 0..<20 { #expect(try connection.answer(to: ExportRequest(body: traceBody())).status == 200) }
    #expect(collector.counts.forwardFailed > 10)
    #expect(collector.counts.forwardFailure?.contains("too many bodies") == true)
    #expect(collector.counts.spans == 20)
  }

  @Test("will not forward to itself")
  func itself() throws {
    let port = try CollectorUnderTest().port
    for host in ["127.0.0.1", "0.0.0.0"] {
      let failure = try #require(throws: CollectorUnavailable.self) {
        try CollectorUnderTest {
          $0.host = host
          $0.port = port
          $0.forward = ForwardDestination(host: "127.0.0.1", port: port)
        }
      }
      #expect(failure.reason == "it would forward to itself")
    }
  }

  @Test("refuses a body that comes back by a way round")
  func loop() throws {
    let front = try CollectorUnderTest()
    let port = front.port
    front.stop()
    let back = try CollectorUnderTest { $0.forward = ForwardDestination(host: "127.0.0.1", port: port) }
    let collector = try start(to: back) { $0.port = port }
    #expect(try collector.connect().answer(to: ExportRequest(body: traceBody())).status == 200)
    #expect(back.waitForCounts { $0.forwardFailed == 1 })
    #expect(back.counts.forwardFailure?.contains("508") == true)
    #expect(collector.spans.count == 1)
    #expect(back.spans.count == 1)
  }
}
