import NIOHTTP1
import OTLPMessages

/// An answer, as it is told to HTTP.
struct HTTPAnswer {
  var status: HTTPResponseStatus
  var contentType: String
  var extraField: (name: String, value: String)?
  var body: [UInt8]

  init(_ refusal: Refusal, _ encoding: OTLPEncoding) {
    status = refusal.status
    contentType = encoding.contentType
    body = refusal.rpcStatus(code: refusal.code).body(as: encoding)
    if let seconds = refusal.retryAfterSeconds { extraField = ("retry-after", String(seconds)) }
    if refusal == .wrongMethod { extraField = ("allow", "POST") }
    if refusal == .unauthenticated { extraField = ("www-authenticate", "Bearer") }
  }

  /// The answer to a request that got as far as to have an outcome.
  init(_ outcome: Outcome, to request: ExportRequestHead) {
    switch outcome {
    case .refused(let refusal): self.init(refusal, request.encoding)
    case .taken: self.init(ExportResponse.success, to: request)
    case .partlyTaken(let rejected, let message):
      self.init(ExportResponse.partialSuccess(rejected: rejected, message: message), to: request)
    }
  }

  private init(_ response: ExportResponse, to request: ExportRequestHead) {
    status = .ok
    contentType = request.encoding.contentType
    body = response.body(as: request.encoding, for: request.signal)
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
