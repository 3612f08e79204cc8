/// OTLP's ExportTraceServiceResponse.
package enum ExportResponse: Hashable, Sendable {
  case success
  /// The request was accepted but for some spans; the client must not send them again.
  case partialSuccess(rejectedSpans: Int64, message: String)

  /// The protobuf body; that of a full success is empty.
  package var bytes: [UInt8] {
    switch self {
    case .success: return []
    case .partialSuccess(let rejectedSpans, let message):
      var writer = WireWriter()
      writer.message(1 << 3 | 2, lengthWidth: 1) { writer in
        if rejectedSpans != 0 { writer.field(1 << 3 | 0, varint: UInt64(bitPattern: rejectedSpans)) }
        if !message.isEmpty { writer.field(2 << 3 | 2, string: message) }
      }
      return writer.bytes
    }
  }
}
