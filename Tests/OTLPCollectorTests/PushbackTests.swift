import Observations
import Testing

@testable import OTLPCollector

@Suite("The collector, where its spans find no room,")
struct PushbackTests {
  @Test("asks to come back, counts nothing, and takes the same spans later with their names")
  func http() throws {
    let collector = try CollectorUnderTest()
    let connection = try collector.connect()
    collector.setRoom(false)
    let bodies = ["one", "two"].enumerated().map { traceBody(from: $0 + 1, name: $1, service: $1) }
    for body in bodies {
      let answer = try connection.answer(to: ExportRequest(body: body))
      #expect(answer.status == 503)
      #expect(answer.fields["retry-after"] == "1")
      #expect(answer.fields["connection"] == "keep-alive")
    }
    var expected = CollectorCounts()
    expected.pushedBack = 2
    expected.longestStallNanoseconds = collector.counts.longestStallNanoseconds
    #expect(collector.counts == expected)
    collector.setRoom(true)
    for body in bodies.reversed() {
      #expect(try connection.answer(to: ExportRequest(body: body)).status == 200)
    }
    #expect(collector.spanNames == ["two", "one"])
    #expect(collector.batches.flatMap { $0.newServices.map(\.text) } == ["one/1", "two/1"])
    #expect(collector.counts.spans == 2)
  }

  @Test func `words of spans that found no room are told with the next ones that do`() throws {
    let collector = try CollectorUnderTest { $0.watch = SpanWatch(attributes: ["messaging.system"], scope: true) }
    let connection = try collector.connect()
    collector.setRoom(false)
    #expect(try connection.answer(to: ExportRequest(body: traceBody())).status == 503)
    collector.setRoom(true)
    for first in [1, 2] {
      #expect(try connection.answer(to: ExportRequest(body: traceBody(from: first))).status == 200)
    }
    #expect(collector.batches.map { $0.newWords.map(\.text) } == [["tests", "websocket"], []])
    #expect(collector.spans.map(\.detail) == [1, 1])
    let values = collector.batches.flatMap(\.details).map(\.attributes[0].digest)
    #expect(values == [UInt64](repeating: AttributeDigest.of(.string, "websocket"), count: 2))
  }

  @Test("answers UNAVAILABLE with a RetryInfo by gRPC")
  func grpc() throws {
    let collector = try CollectorUnderTest()
    let connection = try GRPCConnection(port: collector.port)
    collector.setRoom(false)
    let call = GRPCCall(body: GRPCCall.message(traceBody()))
    let result = try connection.answer(to: call)
    #expect(result.status == 14)
    let retryInfo = "type.googleapis.com/google.rpc.RetryInfo"
    #expect(try result.details().contains(retryInfo))
    #expect(collector.counts.pushedBack == 1)
    collector.setRoom(true)
    #expect(try connection.answer(to: call).status == 0)
  }
}

extension GRPCResult {
  /// The google.rpc.Status as text, with whatever else is in it.
  func details() throws -> String {
    let field = try #require(fields["grpc-status-details-bin"])
    let bytes = try #require(decoded(base64: field))
    return String(decoding: bytes, as: UTF8.self)
  }

  private func decoded(base64 text: String) -> [UInt8]? {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var bytes: [UInt8] = []
    var word: UInt32 = 0
    var bits = 0
    for digit in text.utf8 {
      guard let value = alphabet.firstIndex(of: digit) else { return nil }
      word = word << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
      }
    }
    return bytes
  }
}
