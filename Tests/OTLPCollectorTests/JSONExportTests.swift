import Observations
import Testing
import TraceContext

@testable import OTLPCollector

@Suite("The collector, sent JSON,")
struct JSONExportTests {
  private static let body = """
    {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"chat"}}]},
    "scopeSpans":[{"spans":[
    {"traceId":"00000000000000070000000000000001","spanId":"0000000000000001","name":"step","kind":2,
    "startTimeUnixNano":"1","endTimeUnixNano":6}]}]}]}
    """

  private func request(
    _ text: String, type: String = "application/json", coding: String? = nil
  ) throws -> ExportRequest {
    var request = ExportRequest(fields: [("content-type", type)], body: Array(text.utf8))
    if let coding {
      request.fields.append(("content-encoding", coding))
      request.body = try compressed(request.body, coding == "gzip" ? .gzip : .zlib)
    }
    return request
  }

  @Test(
    "takes spans and answers in JSON, whatever the parameters of the type, compressed or not",
    arguments: ["application/json", "application/json; charset=utf-8", "Application/JSON"], [nil, "gzip", "deflate"])
  func success(type: String, coding: String?) throws {
    let collector = try CollectorUnderTest()
    let answer = try collector.connect().answer(to: request(Self.body, type: type, coding: coding))
    #expect(answer.status == 200)
    #expect(answer.fields["content-type"] == "application/json")
    #expect(answer.message == "{}")
    #expect(collector.spans.map(\.spanID.rawValue) == [1])
    #expect(collector.spanNames == ["step"])
  }

  @Test(
    "refuses what is none with a status in JSON",
    arguments: [
      ("", "no valid JSON"), ("[]", "wrong type"), (#"{"resourceSpans":[{"#, "no valid JSON"),
      (String(repeating: "[", count: 1_000_000), "wrong type"),
      (#"{"x":"# + String(repeating: "[", count: 1_000_000), "too deep"),
      (#"{"x":"# + String(repeating: #"{"x":"#, count: 200_000), "too deep"),
    ])
  func malformed(text: String, message: String) throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    let answer = try connection.answer(to: request(text))
    #expect(answer.status == 400)
    #expect(answer.message.hasPrefix(#"{"code":3,"message":"no ExportTraceServiceRequest: byte "#))
    #expect(answer.message.contains(message))
    #expect(try connection.answer(to: request(Self.body)).status == 200)
  }

  @Test("says in JSON which spans it rejected")
  func partialSuccess() throws {
    let collector = try CollectorUnderTest()
    let text = Self.body.replacing("0000000000000001\",\"name", with: "0000000000000000\",\"name")
    let answer = try collector.connect().answer(to: request(text))
    #expect(answer.status == 200)
    #expect(answer.message.hasPrefix(#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"1 of 1 spans have"#))
    #expect(collector.batches.isEmpty)
  }
}
