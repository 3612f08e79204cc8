import OTLPMessages

/// The google.rpc.Status of a refusal with its details, in the encodings that answers use.
///
/// Where the request may come again its details hold a RetryInfo, without which exporters take RESOURCE_EXHAUSTED over
/// gRPC for final (OTLP specification, "OTLP/gRPC Throttling").
struct StatusBody {
  var code: RPCStatus.Code
  var message: String
  var retryAfterSeconds: Int?

  /// In protobuf.
  var bytes: [UInt8] {
    var bytes = RPCStatus(code: code, message: message).bytes
    if let retryAfterSeconds {
      let details = Self.retryInfo(seconds: UInt8(clamping: min(retryAfterSeconds, 127)))
      bytes += Self.field(3, details)
    }
    return bytes
  }

  var json: [UInt8] {
    Array("{\"code\":\(code.rawValue),\"message\":\(JSONQuotation.quoted(message))}".utf8)
  }

  /// google.protobuf.Any of a google.rpc.RetryInfo, whose field 1 is a Duration with seconds in its field 1.
  private static func retryInfo(seconds: UInt8) -> [UInt8] {
    let duration: [UInt8] = [1 << 3 | 0, seconds]
    return field(1, Array("type.googleapis.com/google.rpc.RetryInfo".utf8)) + field(2, field(1, duration))
  }

  /// A length-delimited field of fewer than 128 bytes.
  private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
    [number << 3 | 2, UInt8(clamping: min(content.count, 127))] + content
  }
}

/// JSON strings of our own words.
enum JSONQuotation {
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case " "...: quoted.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return quoted + "\""
  }
}
