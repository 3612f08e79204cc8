import NIOHTTP1
import OTLPMessages

/// An answer, as it is told to HTTP.
struct HTTPAnswer {
  var status: HTTPResponseStatus
  var contentType: String
  var extraField: (name: String, value: String)?
  var body: [UInt8]

  init(_ refusal: Refusal, _ encoding: ExportRequestHead.Encoding) {
    let status = StatusBody(
      code: refusal.code, message: refusal.message, retryAfterSeconds: refusal.retryAfterSeconds)
    self.status = refusal.status
    contentType = encoding.contentType
    body = encoding == .json ? status.json : status.bytes
    if let seconds = refusal.retryAfterSeconds { extraField = ("retry-after", String(seconds)) }
    if refusal == .wrongMethod { extraField = ("allow", "POST") }
    if refusal == .unauthenticated { extraField = ("www-authenticate", "Bearer") }
  }

  /// The answer to a request that got as far as to have an outcome.
  init(_ outcome: Outcome, to request: ExportRequestHead) {
    switch outcome {
    case .refused(let refusal): self.init(refusal, request.encoding)
    case .taken: self.init(request.encoding, body: request.encoding == .json ? Array("{}".utf8) : [])
    case .partlyTaken(let rejected, let message):
      let body =
        switch request.encoding {
        case .protobuf: ExportResponse.partialSuccess(rejected: rejected, message: message).bytes
        case .json: Self.partialSuccess(request.signal, rejected, message)
        }
      self.init(request.encoding, body: body)
    }
  }

  private init(_ encoding: ExportRequestHead.Encoding, body: [UInt8]) {
    status = .ok
    contentType = encoding.contentType
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

  /// 64-bit numbers are strings in protobuf's JSON.
  private static func partialSuccess(
    _ signal: ExportRequestHead.Signal, _ rejected: Int64, _ message: String
  ) -> [UInt8] {
    let text = JSONQuotation.quoted(message)
    return Array(
      "{\"partialSuccess\":{\"\(signal.rejectedField)\":\"\(rejected)\",\"errorMessage\":\(text)}}".utf8)
  }
}
