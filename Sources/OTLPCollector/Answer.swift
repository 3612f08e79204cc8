import NIOHTTP1
import OTLPMessages

/// An answer, as it is told to HTTP.
struct Answer {
  var status: HTTPResponseStatus
  var contentType = "application/x-protobuf"
  var extraField: (name: String, value: String)?
  var body: [UInt8] = []

  /// Everything was taken: the empty ExportServiceResponse of any signal.
  static let success = Answer(status: .ok)
  static let successJSON = Answer(status: .ok, contentType: "application/json", body: Array("{}".utf8))

  init(_ refusal: Refusal) {
    self.init(status: refusal.status, body: refusal.rpcStatus.bytes)
    switch refusal {
    case .wrongMethod: extraField = ("allow", "POST")
    case .tooManyBodies: extraField = ("retry-after", "1")
    case .malformedHTTP, .headerTooLarge, .unknownPath, .jsonNotServed, .wrongContentType,
      .unknownContentEncoding, .malformedCompression, .malformedBody, .tooLarge:
      break
    }
  }

  private init(status: HTTPResponseStatus, contentType: String = "application/x-protobuf", body: [UInt8] = []) {
    self.status = status
    self.contentType = contentType
    self.body = body
  }

  /// - Parameter endsConnection: whether the connection ends with this answer.
  func head(endsConnection: Bool) -> HTTPResponseHead {
    var headers = HTTPHeaders()
    headers.reserveCapacity(4)
    headers.add(name: "content-type", value: contentType)
    headers.add(name: "content-length", value: String(body.count))
    if let extraField { headers.add(name: extraField.name, value: extraField.value) }
    // HTTP/1.0 clients that keep connections want to read it; it is the default of HTTP/1.1.
    headers.add(name: "connection", value: endsConnection ? "close" : "keep-alive")
    return HTTPResponseHead(version: .http1_1, status: status, headers: headers)
  }

}
