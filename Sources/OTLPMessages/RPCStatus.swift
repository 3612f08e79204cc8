/// google.rpc.Status: the body of every OTLP answer that is an error (OTLP specification, "Failures").
package struct RPCStatus: Hashable, Sendable {
  package var code: Code
  package var message: String
  /// Tells the client to come back after so long, as a google.rpc.RetryInfo among the details; a negative one counts
  /// as zero. Over gRPC, `resourceExhausted` is worth a retry only with it (OTLP specification, "OTLP/gRPC
  /// Throttling").
  package var retryDelay: Duration?

  package init(code: Code, message: String, retryDelay: Duration? = nil) {
    self.code = code
    self.message = message
    self.retryDelay = retryDelay
  }

  /// The codes of google.rpc.Code that we answer with.
  package enum Code: UInt8, Hashable, Sendable {
    case unknown = 2
    case invalidArgument = 3
    case notFound = 5
    case resourceExhausted = 8
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case unauthenticated = 16
  }

  package func body(as encoding: OTLPEncoding) -> [UInt8] {
    switch encoding {
    case .protobuf: bytes
    case .json: Array(json.utf8)
    }
  }

  /// The protobuf body, which is also what gRPC's trailer `grpc-status-details-bin` holds.
  package var bytes: [UInt8] {
    var writer = WireWriter()
    writer.field(1 << 3 | 0, varint: UInt64(code.rawValue))
    if !message.isEmpty { writer.field(2 << 3 | 2, string: message) }
    if let retry { retry.write(3 << 3 | 2, to: &writer) }
    return writer.bytes
  }

  private var json: String {
    var members = ["\"code\":\(code.rawValue)"]
    if !message.isEmpty { members.append("\"message\":\(message.jsonLiteral)") }
    if let retry { members.append("\"details\":[\(retry.json)]") }
    return "{\(members.joined(separator: ","))}"
  }

  private var retry: RetryInfo? { retryDelay.map(RetryInfo.init) }
}

/// google.rpc.RetryInfo, packed into a google.protobuf.Any.
private struct RetryInfo {
  /// google.protobuf.Duration: both at least 0, nanoseconds below 10⁹.
  let seconds: Int64
  let nanoseconds: Int64

  private static let type = "type.googleapis.com/google.rpc.RetryInfo"

  init(_ delay: Duration) {
    let delay = max(delay, .zero)
    seconds = delay.components.seconds
    nanoseconds = delay.components.attoseconds / 1_000_000_000
  }

  func write(_ tag: UInt64, to writer: inout WireWriter) {
    writer.message(tag, lengthWidth: 1) { any in
      any.field(1 << 3 | 2, string: Self.type)
      any.message(2 << 3 | 2, lengthWidth: 1) { info in
        info.message(1 << 3 | 2, lengthWidth: 1) { duration in
          if seconds != 0 { duration.field(1 << 3 | 0, varint: UInt64(bitPattern: seconds)) }
          if nanoseconds != 0 { duration.field(2 << 3 | 0, varint: UInt64(bitPattern: nanoseconds)) }
        }
      }
    }
  }

  /// A duration is decimal seconds with 0, 3, 6 or 9 digits behind the point (JSON mapping of Protocol Buffers).
  var json: String {
    var delay = "\(seconds)"
    if nanoseconds != 0 {
      let digits = String(nanoseconds)
      delay += "." + String(repeating: "0", count: 9 - digits.count) + digits
    }
    return "{\"@type\":\"\(Self.type)\",\"retryDelay\":\"\(delay)s\"}"
  }
}
