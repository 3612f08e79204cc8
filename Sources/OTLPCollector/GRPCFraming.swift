import NIOCore
import OTLPMessages

/// gRPC's frame around the one message of a unary call: a flag, four bytes of length, the message (gRPC over HTTP/2,
/// "Length-Prefixed-Message").
struct GRPCFraming {
  enum Fault: Error, Equatable {
    case unknownFlag(UInt8)
    case truncated
    case noMessage
    case severalMessages
    /// The message is compressed, and grpc-encoding does not say how.
    case unknownCompression
  }

  static let prefixLength = 5
  /// Bytes of the message; nil before its prefix is there.
  private var length: Int?
  private var isCompressed = false

  /// Looks at what has arrived; once the prefix is there it is taken off.
  ///
  /// - Parameter limit: bytes of the largest message.
  mutating func receive(_ body: inout RequestBody, limit: Int) throws(Refusal) {
    if length == nil { try readPrefix(&body, limit: limit) }
    guard let length else { return }
    guard body.buffer.readableBytes <= length else { throw .malformedMessage(.severalMessages) }
  }

  /// Ends the call: its message must be whole.
  ///
  /// - Parameter coding: what grpc-encoding says.
  /// - Returns: how the message is coded.
  func finish(
    _ body: RequestBody, _ coding: ExportRequestHead.Coding
  ) throws(Refusal) -> ExportRequestHead.Coding {
    guard let length else {
      throw .malformedMessage(body.buffer.readableBytes == 0 ? .noMessage : .truncated)
    }
    guard body.buffer.readableBytes == length else { throw .malformedMessage(.truncated) }
    guard isCompressed else { return .identity }
    guard coding != .identity else { throw .malformedMessage(.unknownCompression) }
    return coding
  }

  private mutating func readPrefix(_ body: inout RequestBody, limit: Int) throws(Refusal) {
    let start = body.buffer.readerIndex
    guard body.buffer.readableBytes >= Self.prefixLength,
      let flag = body.buffer.getInteger(at: start, as: UInt8.self),
      let count = body.buffer.getInteger(at: start + 1, as: UInt32.self)
    else { return }
    guard flag <= 1 else { throw .malformedMessage(.unknownFlag(flag)) }
    guard Int(count) <= limit else { throw .tooLarge(limit: limit) }
    isCompressed = flag == 1
    length = Int(count)
    body.skip(Self.prefixLength)
    body.expect(Int(count))
  }
}

extension GRPCFraming.Fault {
  /// gRPC calls a call with another number of messages than one UNIMPLEMENTED ("Status codes and their use").
  var code: RPCStatus.Code {
    switch self {
    case .noMessage, .severalMessages: .unimplemented
    case .unknownFlag, .truncated, .unknownCompression: .internal
    }
  }

  var message: String {
    switch self {
    case .unknownFlag(let flag): "the message begins with flag \(flag); gRPC knows 0 and 1"
    case .truncated: "the message ends early"
    case .noMessage: "there is no message; Export takes one"
    case .severalMessages: "there is more than one message; Export takes one"
    case .unknownCompression: "the message is compressed, but grpc-encoding does not say how"
    }
  }
}
