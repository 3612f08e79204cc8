import Testing

/// An answer as an exporter reads it; field names in lower case.
struct ExportAnswer {
  var status: Int
  var fields: [String: String]
  var body: [UInt8] = []

  init(head: String) throws {
    let lines = head.split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    status = try #require(words.count > 1 ? Int(words[1]) : nil)
    fields = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
    }
  }

  /// The text of a google.rpc.Status is the end of its bytes.
  var message: String { String(decoding: body, as: UTF8.self) }
}
