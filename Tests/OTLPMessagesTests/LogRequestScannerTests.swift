import OTLPMessages
import Testing

@Suite("The scanner of logs")
struct LogRequestScannerTests {
  /// Counts records by service.
  struct Counts: LogSink {
    private(set) var records: [String: Int] = [:]
    private var service = ""

    init(_ body: [UInt8], as encoding: OTLPEncoding) throws(ScanError) {
      try LogRequestScanner.scan(body.span.bytes, as: encoding, into: &self)
    }

    mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
      service = serviceName.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    mutating func append() { records[service, default: 0] += 1 }
  }

  @Test("counts the record of a JSON request as the specification shows them")
  func specification() throws {
    #expect(try Counts(Array(ExampleBodies.logs.utf8), as: .json).records == ["my.service": 1])
  }

  @Test("counts records by resource in protobuf")
  func protobuf() throws {
    let records: [UInt8] = [0x12, 0x00, 0x12, 0x02, 0x10, 0x09, 0x12, 0x00]
    let body = [0x0a, UInt8(records.count + 2), 0x12, UInt8(records.count)] + records
    #expect(try Counts(body, as: .protobuf).records == ["": 3])
    #expect(try Counts([], as: .protobuf).records.isEmpty)
  }

  @Test("refuses a record that is none", arguments: OTLPEncoding.allCases)
  func malformed(encoding: OTLPEncoding) {
    let body: [UInt8] =
      switch encoding {
      case .protobuf: [0x0a, 0x05, 0x12, 0x03, 0x12, 0x01, 0x10]
      case .json: Array(#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[1]}]}]}"#.utf8)
      }
    let error: ScanError = encoding == .json ? .wrongType(at: 46) : .truncated(at: 7)
    #expect(throws: error) { try Counts(body, as: encoding) }
  }
}
