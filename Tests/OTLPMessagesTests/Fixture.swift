import Foundation
import OTLPMessages
import Testing

/// A body of the folder Fixtures with what Google's parser found in it; `make_fixtures.py` writes both.
struct Fixture: CustomTestStringConvertible {
  let name: String
  let body: [UInt8]
  let spans: [FoundSpan]

  var testDescription: String { name }

  static let names = [
    "empty", "sdk-batch", "resource-after-spans", "unknown-fields", "merged-submessages", "invalid-ids", "encoder",
  ]

  init(_ name: String) throws {
    self.name = name
    body = try [UInt8](Data(contentsOf: folder.appending(path: "\(name).bin")))
    spans = try #require(Expected.read().spans[name])
  }
}

/// The file expected.json.
struct Expected: Decodable {
  var spans: [String: [FoundSpan]]
  /// Hexadecimal text of encoded answers.
  var answers: [String: String]

  static func read() throws -> Expected {
    try JSONDecoder().decode(Expected.self, from: Data(contentsOf: folder.appending(path: "expected.json")))
  }
}

/// A span as tests compare it: with every text decoded and the service of its resource.
struct FoundSpan: Hashable, Decodable {
  var traceID: String
  var spanID: String
  var parentID: String
  var start: UInt64
  var end: UInt64
  var name: String
  var kind: UInt8
  var status: UInt8
  var flags: UInt32
  var isValid: Bool
  var service: String
  var instance: String
}

private let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
