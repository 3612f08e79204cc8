import Testing

@testable import OTLPCollector

/// A way to send a body.
struct BodyEncoding: Sendable, CustomTestStringConvertible {
  var testDescription: String
  /// The content-encoding.
  var name: String?
  var isChunked = false
  var apply: @Sendable ([UInt8]) throws -> [UInt8]

  static let all = [
    BodyEncoding(testDescription: "as it is") { $0 },
    BodyEncoding(testDescription: "identity", name: "identity") { $0 },
    BodyEncoding(testDescription: "in chunks", isChunked: true) { $0 },
    BodyEncoding(testDescription: "gzip", name: "gzip") { try compressed($0) },
    BodyEncoding(testDescription: "GZip in chunks", name: "GZip", isChunked: true) { try compressed($0) },
    BodyEncoding(testDescription: "gzip in two members", name: "gzip") { body in
      try compressed(Array(body[..<700])) + compressed(Array(body[700...]))
    },
    BodyEncoding(testDescription: "deflate", name: "deflate") { try compressed($0, .zlib) },
  ]
}
