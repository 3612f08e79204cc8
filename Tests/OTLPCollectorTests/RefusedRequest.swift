import Testing

/// A request that is refused at its end, and how.
struct RefusedRequest: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var request: ExportRequest
  var status: Int
  /// Part of the message.
  var message: String

  static let all = [
    RefusedRequest(
      testDescription: "another path", request: ExportRequest(path: "/", body: [1, 2]), status: 404,
      message: "/v1/traces"),
    RefusedRequest(testDescription: "GET", request: ExportRequest(method: "GET"), status: 405, message: "POST"),
    RefusedRequest(
      testDescription: "half of a JSON text",
      request: ExportRequest(fields: [("Content-Type", "Application/JSON")], body: [0x7b]), status: 400,
      message: "{\"code\":3,\"message\":\"no ExportTraceServiceRequest: byte"),
    RefusedRequest(
      testDescription: "no content type", request: ExportRequest(fields: []), status: 415,
      message: "application/x-protobuf"),
    RefusedRequest(
      testDescription: "an unknown encoding",
      request: ExportRequest(fields: ExportRequest.protobuf + [("content-encoding", "br")]),
      status: 415, message: "gzip"),
    RefusedRequest(
      testDescription: "two encodings",
      request: ExportRequest(fields: ExportRequest.protobuf + [("content-encoding", "gzip, deflate")]), status: 415,
      message: "gzip"),
    RefusedRequest(
      testDescription: "garbage", request: ExportRequest(body: Array("no protobuf".utf8)), status: 400,
      message: "ExportTraceServiceRequest"),
    RefusedRequest(
      testDescription: "a body that ends early", request: ExportRequest(body: traceBody().dropLast()), status: 400,
      message: "ends inside a field"),
    RefusedRequest(
      testDescription: "no gzip", request: ExportRequest(fields: ExportRequest.gzip, body: traceBody()), status: 400,
      message: "not compressed"),
    RefusedRequest(
      testDescription: "gzip that ends early", request: ExportRequest(fields: ExportRequest.gzip, body: truncatedGzip),
      status: 400, message: "ends early"),
    RefusedRequest(
      testDescription: "an empty gzip body", request: ExportRequest(fields: ExportRequest.gzip), status: 400,
      message: "ends early"),
  ]

  private static let truncatedGzip = ((try? compressed(traceBody())) ?? []).dropLast(3).map { $0 }

  /// Requests whose body is larger than 100,000 bytes.
  static let tooLarge = [
    RefusedRequest(
      testDescription: "as declared", request: ExportRequest(contentLength: "100001"), status: 413,
      message: "100000 bytes"),
    RefusedRequest(
      testDescription: "as declared, by far", request: ExportRequest(contentLength: "9223372036854775807"), status: 413,
      message: "100000 bytes"),
    RefusedRequest(
      testDescription: "as sent", request: ExportRequest(body: .init(repeating: 0, count: 300_000), isChunked: true),
      status: 413, message: "100000 bytes"),
    RefusedRequest(
      testDescription: "as sent to another path",
      request: ExportRequest(path: "/x", body: .init(repeating: 0, count: 300_000), isChunked: true), status: 413,
      message: "100000 bytes"),
    RefusedRequest(
      testDescription: "as sent to metrics",
      request: ExportRequest(path: "/v1/metrics", body: .init(repeating: 0, count: 300_000), isChunked: true),
      status: 413, message: "100000 bytes"),
    RefusedRequest(
      testDescription: "as decompressed", request: ExportRequest(fields: ExportRequest.gzip, body: bomb), status: 413,
      message: "100000 bytes"),
  ]

  /// 80 MiB of zeros in some 80 KB.
  private static let bomb = [UInt8](
    repeatElement((try? compressed(.init(repeating: 0, count: 1 << 20))) ?? [], count: 80).joined())
}
