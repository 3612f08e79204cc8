/// OTLP's Export…ServiceResponse.
package enum ExportResponse: Hashable, Sendable {
  case success
  /// The request was accepted but for some records; the client must not send them again.
  case partialSuccess(rejected: Int64, message: String)

  /// The body; as protobuf it is the same for every signal, and that of a full success is empty.
  package func body(as encoding: OTLPEncoding, for signal: OTLPSignal) -> [UInt8] {
    switch encoding {
    case .protobuf: bytes
    case .json: json(signal)
    }
  }

  /// The protobuf body.
  package var bytes: [UInt8] {
    switch self {
    case .success: return []
    case .partialSuccess(let rejected, let message):
      var writer = WireWriter()
      writer.message(1 << 3 | 2, lengthWidth: 1) { writer in
        if rejected != 0 { writer.field(1 << 3 | 0, varint: UInt64(bitPattern: rejected)) }
        if !message.isEmpty { writer.field(2 << 3 | 2, string: message) }
      }
      return writer.bytes
    }
  }

  private func json(_ signal: OTLPSignal) -> [UInt8] {
    switch self {
    case .success: return Array("{}".utf8)
    case .partialSuccess(let rejected, let message):
      var members: [String] = []
      // 64-bit numbers are decimal texts in the JSON mapping of Protocol Buffers.
      if rejected != 0 { members.append("\"\(signal.rejectedKey)\":\"\(rejected)\"") }
      if !message.isEmpty { members.append("\"errorMessage\":\(message.jsonLiteral)") }
      return Array("{\"partialSuccess\":{\(members.joined(separator: ","))}}".utf8)
    }
  }
}

extension OTLPSignal {
  fileprivate var rejectedKey: String {
    switch self {
    case .traces: "rejectedSpans"
    case .metrics: "rejectedDataPoints"
    case .logs: "rejectedLogRecords"
    }
  }
}
