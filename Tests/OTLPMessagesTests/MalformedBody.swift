import OTLPMessages
import Testing

/// A body that is no export request, and the name of its fault.
struct MalformedBody: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let body: [UInt8]
  let error: ScanError

  init(_ label: String, _ body: [UInt8], _ error: ScanError) {
    testDescription = label
    self.body = body
    self.error = error
  }

  /// A request with one span of these bytes, the first of which has offset 6.
  static func inSpan(_ span: [UInt8]) -> [UInt8] {
    let size = UInt8(span.count)
    return [0x0a, size + 4, 0x12, size + 2, 0x12, size] + span
  }

  static let all = [
    MalformedBody("a tag without a value", [0x0a], .truncated(at: 1)),
    MalformedBody("a length beyond the end", [0x0a, 0x02, 0x12], .truncated(at: 1)),
    MalformedBody("a length of 2^31", [0x0a, 0x80, 0x80, 0x80, 0x80, 0x08], .truncated(at: 1)),
    MalformedBody("a length of 2^32", [0x0a, 0x80, 0x80, 0x80, 0x80, 0x10], .truncated(at: 1)),
    MalformedBody(
      "a length of 2^63", [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], .truncated(at: 1)),
    MalformedBody(
      "a length of 2^64 - 1", [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      .truncated(at: 1)),
    MalformedBody(
      "a length of 65 bits, the last of which is dropped",
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
      .truncated(at: 1)),
    MalformedBody(
      "a varint of eleven bytes", [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
      .overlongVarint(at: 1)),
    MalformedBody("a varint that does not end", [0x80, 0x80], .truncated(at: 0)),
    MalformedBody("an inner length beyond its message", [0x0a, 0x02, 0x12, 0x01, 0x00], .truncated(at: 3)),
    MalformedBody("a varint that leaves its message", [0x0a, 0x01, 0x92, 0x00], .truncated(at: 2)),
    MalformedBody("field number zero", [0x02, 0x00], .invalidTag(at: 1)),
    MalformedBody("a field number of 2^29", [0x82, 0x80, 0x80, 0x80, 0x10, 0x00], .invalidTag(at: 0)),
    MalformedBody("a tag of six bytes", [0x8a, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00], .invalidTag(at: 0)),
    MalformedBody("wire type 6", [0x16], .invalidTag(at: 1)),
    MalformedBody("a group's start", [0x13, 0x14], .group(at: 1)),
    MalformedBody("a group's end", [0x14], .group(at: 1)),
    MalformedBody("a status as a group", inSpan([0x7b]), .group(at: 7)),
    MalformedBody("a start of seven bytes", inSpan([0x39, 1, 2, 3, 4, 5, 6, 7]), .truncated(at: 7)),
    MalformedBody("flags of three bytes", inSpan([0x85, 0x01, 1, 2, 3]), .truncated(at: 8)),
    MalformedBody(
      "a resource attribute that ends early", [0x0a, 0x04, 0x0a, 0x02, 0x0a, 0x01], .truncated(at: 5)),
  ]
}
