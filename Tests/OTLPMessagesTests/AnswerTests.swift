import OTLPMessages
import Testing

@Suite("Answers to an exporter")
struct AnswerTests {
  @Test("have the bytes that Google's encoder writes")
  func sameBytesAsGoogle() throws {
    let expected = try Expected.read().answers
    let partial = ExportResponse.partialSuccess(rejectedSpans: 300, message: "too many")
    #expect(hex(partial.bytes) == expected["partialSuccess"])
    let status = RPCStatus(code: .invalidArgument, message: "\(ScanError.truncated(at: 5))")
    #expect(hex(status.bytes) == expected["status"])
  }

  @Test("are empty where everything was taken")
  func success() { #expect(ExportResponse.success.bytes.isEmpty) }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
