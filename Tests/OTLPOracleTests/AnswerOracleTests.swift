import OTLPMessages
import SwiftProtobuf
import Testing

@Suite("An answer to an exporter is read by swift-protobuf as it was meant")
struct AnswerOracleTests {
  @Test(arguments: OTLPEncoding.allCases, ["", "größe \"\\\n\u{1}", String(repeating: "x", count: 300)])
  func partialSuccess(encoding: OTLPEncoding, message: String) throws {
    for rejected in [0, 1, 300, Int64.max, -1] {
      let response = ExportResponse.partialSuccess(rejected: rejected, message: message)
      let traces: AnswerTraces = try read(response.body(as: encoding, for: .traces), encoding)
      #expect(traces.partialSuccess.rejectedSpans == rejected)
      #expect(traces.partialSuccess.errorMessage == message)
      let metrics: AnswerMetrics = try read(response.body(as: encoding, for: .metrics), encoding)
      #expect(metrics.partialSuccess.rejectedDataPoints == rejected)
      #expect(metrics.partialSuccess.errorMessage == message)
      let logs: AnswerLogs = try read(response.body(as: encoding, for: .logs), encoding)
      #expect(logs.partialSuccess.rejectedLogRecords == rejected)
      #expect(logs.partialSuccess.errorMessage == message)
    }
  }

  @Test(arguments: OTLPEncoding.allCases)
  func success(encoding: OTLPEncoding) throws {
    let traces: AnswerTraces = try read(ExportResponse.success.body(as: encoding, for: .traces), encoding)
    #expect(traces == AnswerTraces())
    #expect(!traces.hasPartialSuccess)
  }

  @Test(
    arguments: OTLPEncoding.allCases,
    [
      nil, .zero, .seconds(1), .milliseconds(1500), .nanoseconds(1), .seconds(86_400) + .nanoseconds(999_999_999),
      .seconds(-5),
    ] as [Duration?])
  func status(encoding: OTLPEncoding, delay: Duration?) throws {
    Google_Protobuf_Any.register(messageType: RPCRetryInfo.self)
    let status = RPCStatus(code: .resourceExhausted, message: "größe \"\u{7f}\"", retryDelay: delay)
    let read: RPCFailure = try read(status.body(as: encoding), encoding)
    #expect(read.code == 8)
    #expect(read.message == status.message)
    #expect(read.details.count == (delay == nil ? 0 : 1))
    guard let delay, let detail = read.details.first else { return }
    let retry = try RPCRetryInfo(unpackingAny: detail)
    #expect(.seconds(retry.retryDelay.seconds) + .nanoseconds(Int64(retry.retryDelay.nanos)) == max(delay, .zero))
  }

  private func read<Answer: Message>(_ body: [UInt8], _ encoding: OTLPEncoding) throws -> Answer {
    switch encoding {
    case .protobuf: try Answer(serializedBytes: body)
    case .json: try Answer(jsonUTF8Bytes: body)
    }
  }
}
