import OTLPMessages
import Observations
import Testing
import TraceContext

@testable import OTLPCollector

@Suite("The collector, by gRPC,")
struct GRPCTests {
  @Test("takes spans before it answers, compressed or not", arguments: [nil, "gzip", "deflate"])
  func encodings(coding: String?) throws {
    let collector = try CollectorUnderTest()
    let connection = try GRPCConnection(port: collector.port)
    var call = GRPCCall(body: GRPCCall.message(traceBody(spans: 300)))
    if let coding {
      let bytes = try compressed(traceBody(spans: 300), coding == "gzip" ? .gzip : .zlib)
      call.fields = [("grpc-encoding", coding)]
      call.body = GRPCCall.message(bytes, isCompressed: true)
    }
    let result = try connection.answer(to: call)
    #expect(result.status == 0)
    #expect(result.fields[":status"] == "200")
    #expect(result.fields["content-type"] == "application/grpc")
    #expect(result.fields["grpc-accept-encoding"] == "identity,deflate,gzip")
    #expect(result.body == [0, 0, 0, 0, 0])
    #expect(!result.isTrailersOnly)
    #expect(collector.spans.map(\.spanID.rawValue) == Array(1...300))
    #expect(collector.counts.requests == 1)
  }

  @Test("takes a message that is not compressed although grpc-encoding is named")
  func uncompressedFlag() throws {
    let collector = try CollectorUnderTest()
    let call = GRPCCall(fields: [("grpc-encoding", "gzip")], body: GRPCCall.message(traceBody()))
    #expect(try GRPCConnection(port: collector.port).answer(to: call).status == 0)
    #expect(collector.spans.count == 1)
  }

  @Test("serves streams of all three services at the same time, beyond the window of one connection")
  func streams() throws {
    let collector = try CollectorUnderTest()
    let connection = try GRPCConnection(port: collector.port)
    let traces = (0..<60).map { number in
      GRPCCall(body: GRPCCall.message(traceBody(spans: 500, from: 1 + number * 500)))
    }
    let others = [GRPCCall.path(.metrics), GRPCCall.path(.logs)].map {
      GRPCCall(path: $0, body: GRPCCall.message([]))
    }
    let results = try connection.answers(to: traces + others)
    #expect(results.allSatisfy { $0.status == 0 })
    #expect(Set(collector.spans.map(\.spanID.rawValue)) == Set(1...30_000))
    #expect(collector.counts.requests == 62)
  }

  @Test("is served on a second port as HTTP is, and HTTP on the first")
  func ports() throws {
    let collector = try CollectorUnderTest { $0.grpcPort = 0 }
    let grpcPort = try #require(collector.grpcPort)
    #expect(grpcPort != collector.port)
    for (index, port) in [collector.port, grpcPort].enumerated() {
      let call = GRPCCall(body: GRPCCall.message(traceBody(from: 1 + index * 2)))
      #expect(try GRPCConnection(port: port).answer(to: call).status == 0)
      let request = ExportRequest(body: traceBody(from: 2 + index * 2))
      #expect(try ExporterConnection(port: port).answer(to: request).status == 200)
    }
    #expect(collector.spans.count == 4)
  }

  @Test("refuses with gRPC's own codes and serves the connection further", arguments: RefusedCall.all)
  func refusals(_ row: RefusedCall) throws {
    let collector = try CollectorUnderTest { $0.bodyLimit = 100_000 }
    let connection = try GRPCConnection(port: collector.port)
    let result = try connection.answer(to: row.call)
    #expect(result.status == row.status)
    #expect(result.message.contains(row.message))
    #expect(result.isTrailersOnly)
    #expect(result.fields["grpc-status-details-bin"]?.isEmpty == false)
    #expect(collector.counts.refusedRequests == 1)
    #expect(collector.batches.isEmpty)
    #expect(try connection.answer(to: GRPCCall(body: GRPCCall.message(traceBody()))).status == 0)
  }

  @Test("refuses a message that is too large by its prefix alone")
  func largePrefix() throws {
    let collector = try CollectorUnderTest()
    let connection = try GRPCConnection(port: collector.port)
    let call = GRPCCall(body: GRPCCall.message([], length: .max))
    #expect(try connection.answer(to: call, isEnded: false).status == 8)
    #expect(try connection.answer(to: GRPCCall(body: GRPCCall.message(traceBody()))).status == 0)
  }

  @Test(
    "answers what is no gRPC as HTTP does",
    arguments: [
      (label: "gRPC's path with another type", GRPCCall(contentType: "application/json", body: [0x7b]), "415"),
      (label: "another path", GRPCCall(path: "/", contentType: "application/x-protobuf"), "404"),
      (
        label: "OTLP over HTTP/2",
        GRPCCall(path: "/v1/traces", contentType: "application/x-protobuf", body: traceBody()), "200"
      ),
    ])
  func http(label: String, call: GRPCCall, status: String) throws {
    let collector = try CollectorUnderTest()
    let connection = try GRPCConnection(port: collector.port)
    #expect(try connection.answer(to: call).fields[":status"] == status)
    #expect(collector.spans.count == (status == "200" ? 1 : 0))
    #expect(try connection.answer(to: GRPCCall(body: GRPCCall.message(traceBody()))).status == 0)
  }

  @Test("says which spans it rejected, and stores the others")
  func partialSuccess() throws {
    let collector = try CollectorUnderTest()
    let result = try GRPCConnection(port: collector.port)
      .answer(to: GRPCCall(body: GRPCCall.message(traceBody(spans: 2, from: 0))))
    #expect(result.status == 0)
    // The length of the message, the partial success, and one rejected span in it.
    #expect(result.body.prefix(1) == [0] && result.body[5] == 0x0a && result.body[7...8] == [0x08, 1])
    #expect(String(decoding: result.body, as: UTF8.self).contains("1 of 2 spans"))
    #expect(collector.spans.map(\.spanID.rawValue) == [1])
  }
}
