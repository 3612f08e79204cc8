/// google.rpc.Status: the body of every OTLP answer that is an error (OTLP specification, "Failures").
package struct RPCStatus: Hashable, Sendable {
  package var code: Code
  package var message: String

  package init(code: Code, message: String) {
    self.code = code
    self.message = message
  }

  /// The codes of google.rpc.Code that we answer with.
  package enum Code: UInt8, Hashable, Sendable {
    case invalidArgument = 3
    case notFound = 5
    case resourceExhausted = 8
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case unauthenticated = 16
  }

  /// The protobuf body.
  package var bytes: [UInt8] {
    var writer = WireWriter()
    writer.field(1 << 3 | 0, varint: UInt64(code.rawValue))
    if !message.isEmpty { writer.field(2 << 3 | 2, string: message) }
    return writer.bytes
  }
}
