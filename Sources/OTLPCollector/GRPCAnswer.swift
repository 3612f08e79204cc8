import NIOCore
import NIOHPACK
import OTLPMessages

/// An answer, as it is told to gRPC: a head, a message and trailers, or trailers only (gRPC over HTTP/2, "Responses").
enum GRPCAnswer {
  case message(head: HPACKHeaders, ByteBuffer, trailers: HPACKHeaders)
  case trailersOnly(HPACKHeaders)

  init(_ outcome: Outcome) {
    switch outcome {
    case .taken: self = .message(head: Self.head, Self.emptyMessage, trailers: Self.success)
    case .partlyTaken(let rejected, let message):
      let response = ExportResponse.partialSuccess(rejected: rejected, message: message).bytes
      self = .message(head: Self.head, Self.framed(response), trailers: Self.success)
    case .refused(let refusal): self = .trailersOnly(Self.trailers(refusal))
    }
  }

  private static let head: HPACKHeaders = [
    ":status": "200", "content-type": "application/grpc", "grpc-accept-encoding": "identity,deflate,gzip",
  ]
  private static let success: HPACKHeaders = ["grpc-status": "0"]
  private static let emptyMessage = framed([])

  private static func framed(_ message: [UInt8]) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(UInt8(0))
    buffer.writeInteger(UInt32(clamping: message.count))
    buffer.writeBytes(message)
    return buffer
  }

  private static func trailers(_ refusal: Refusal) -> HPACKHeaders {
    let status = refusal.rpcStatus(code: refusal.grpcCode)
    var trailers = head
    trailers.add(name: "grpc-status", value: String(status.code.rawValue))
    trailers.add(name: "grpc-message", value: GRPCText.percentEncoded(status.message))
    trailers.add(name: "grpc-status-details-bin", value: GRPCText.base64(status.bytes))
    return trailers
  }
}

/// How gRPC writes text and bytes in header fields.
enum GRPCText {
  /// Everything but printable ASCII, and the percent sign (gRPC over HTTP/2, "Status-Message").
  static func percentEncoded(_ text: String) -> String {
    var encoded: [UInt8] = []
    for byte in text.utf8 {
      if (0x20...0x7e).contains(byte), byte != UInt8(ascii: "%") {
        encoded.append(byte)
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += Array((byte < 16 ? "%0" : "%").utf8) + Array(digits.utf8)
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  /// Without padding, as senders should (gRPC over HTTP/2, "Binary-Header").
  static func base64(_ bytes: [UInt8]) -> String { String(Base64.text(of: bytes).prefix { $0 != "=" }) }
}
