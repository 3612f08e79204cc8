/// A request as an exporter writes it.
struct ExportRequest: Sendable {
  var method = "POST"
  var path = "/v1/traces"
  var fields: [(String, String)] = protobuf
  var body: [UInt8] = []
  /// Nil: that of the body.
  var contentLength: String?
  var isChunked = false

  static let protobuf = [("content-type", "application/x-protobuf")]
  static let gzip = protobuf + [("content-encoding", "gzip")]

  var bytes: [UInt8] {
    var head = "\(method) \(path) HTTP/1.1\r\nhost: collector\r\n"
    for (name, value) in fields { head += "\(name): \(value)\r\n" }
    guard isChunked else {
      return Array("\(head)content-length: \(contentLength ?? String(body.count))\r\n\r\n".utf8) + body
    }
    var bytes = Array("\(head)transfer-encoding: chunked\r\n\r\n".utf8)
    for start in stride(from: 0, to: body.count, by: 1000) {
      let chunk = body[start..<min(body.count, start + 1000)]
      bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
    }
    return bytes + Array("0\r\n\r\n".utf8)
  }
}
