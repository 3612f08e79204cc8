import OTLPMessages
import Testing

@Suite("Answers to an exporter")
struct AnswerTests {
  @Test("have the bytes that Google's encoder writes")
  func sameBytesAsGoogle() throws {
    let expected = try Expected.read().answers
    let partial = ExportResponse.partialSuccess(rejected: 300, message: "too many")
    #expect(hex(partial.bytes) == expected["partialSuccess"])
    let status = RPCStatus(code: .invalidArgument, message: "\(ScanError.truncated(at: 5))")
    #expect(hex(status.bytes) == expected["status"])
  }

  @Test("are empty where everything was taken")
  func success() { #expect(ExportResponse.success.bytes.isEmpty) }

  @Test(
    "have a JSON form of their own for each signal",
    arguments: [
      (OTLPSignal.traces, #"{"partialSuccess":{"rejectedSpans":"300","errorMessage":"too \"many\"\u000a"}}"#),
      (.metrics, #"{"partialSuccess":{"rejectedDataPoints":"300","errorMessage":"too \"many\"\u000a"}}"#),
      (.logs, #"{"partialSuccess":{"rejectedLogRecords":"300","errorMessage":"too \"many\"\u000a"}}"#),
    ])
  func jsonResponse(signal: OTLPSignal, expected: String) {
    let partial = ExportResponse.partialSuccess(rejected: 300, message: "too \"many\"\n")
    #expect(String(decoding: partial.body(as: .json, for: signal), as: UTF8.self) == expected)
    #expect(partial.body(as: .protobuf, for: signal) == partial.bytes)
    #expect(ExportResponse.success.body(as: .json, for: signal) == Array("{}".utf8))
  }

  @Test(
    "that are an error say so in JSON, and when to come back",
    arguments: [
      (RPCStatus(code: .unauthenticated, message: ""), #"{"code":16}"#),
      (RPCStatus(code: .unknown, message: "größe \\"), #"{"code":2,"message":"größe \\"}"#),
      (
        RPCStatus(code: .unavailable, message: "later", retryDelay: .milliseconds(1500)),
        #"{"code":14,"message":"later","details":["#
          + #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500000000s"}]}"#
      ),
      (
        RPCStatus(code: .resourceExhausted, message: "", retryDelay: .seconds(-1)),
        #"{"code":8,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"0s"}]}"#
      ),
    ])
  func jsonStatus(status: RPCStatus, expected: String) {
    #expect(String(decoding: status.body(as: .json), as: UTF8.self) == expected)
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
