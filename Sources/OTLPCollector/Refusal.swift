import NIOHTTP1
import OTLPMessages

/// Why a request is not taken; each is answered with a google.rpc.Status that says so.
enum Refusal: Error, Equatable {
  case malformedHTTP
  case headerTooLarge
  case unauthenticated
  case unknownPath
  case wrongMethod
  case wrongContentType
  /// A path of gRPC with a content type that is not.
  case wrongGRPCContentType
  case unknownContentEncoding
  case malformedCompression(InflateFault)
  case malformedBody(OTLPSignal, ScanError)
  case tooLarge(limit: Int)
  case tooManyBodies
  /// Whoever takes the spans has no room.
  case pushedBack
  /// The body has been here before: a forwarder sends it round.
  case forwardedByUs
  case injected(CollectorFault)
  case malformedMessage(GRPCFraming.Fault)
}

extension Refusal {
  /// Decompression's faults: one of them is about size.
  init(_ fault: InflateFault, limit: Int) {
    switch fault {
    case .tooLarge: self = .tooLarge(limit: limit)
    case .truncated, .malformed: self = .malformedCompression(fault)
    case .noMemory: self = .tooManyBodies
    }
  }

  var status: HTTPResponseStatus {
    switch self {
    case .malformedHTTP, .malformedCompression, .malformedBody, .malformedMessage: .badRequest
    case .headerTooLarge: .requestHeaderFieldsTooLarge
    case .unauthenticated: .unauthorized
    case .unknownPath: .notFound
    case .wrongMethod: .methodNotAllowed
    case .wrongContentType, .wrongGRPCContentType, .unknownContentEncoding: .unsupportedMediaType
    case .tooLarge: .payloadTooLarge
    case .tooManyBodies, .pushedBack: .serviceUnavailable
    case .forwardedByUs: .loopDetected
    case .injected(let fault): fault.refusal?.status ?? .internalServerError
    }
  }

  /// Whether the request was well, but its body could not be decompressed or decoded.
  var isOfBody: Bool {
    if case .malformedBody = self { return true }
    if case .malformedCompression = self { return true }
    return false
  }

  /// Whether the rest of an HTTP/1.1 connection can't be read, or is not worth it.
  var endsConnection: Bool {
    switch self {
    case .malformedHTTP, .headerTooLarge, .tooLarge, .tooManyBodies: true
    case .unauthenticated, .unknownPath, .wrongMethod, .wrongContentType, .wrongGRPCContentType,
      .unknownContentEncoding, .malformedCompression, .malformedBody, .pushedBack, .forwardedByUs, .injected,
      .malformedMessage:
      false
    }
  }

  /// Seconds after which the same request may come again; nil where it should not.
  var retryAfterSeconds: Int? {
    switch self {
    case .tooManyBodies, .pushedBack: 1
    case .injected(let fault): fault.refusal?.retryAfterSeconds
    case .malformedHTTP, .headerTooLarge, .unauthenticated, .unknownPath, .wrongMethod,
      .wrongContentType, .wrongGRPCContentType, .unknownContentEncoding, .malformedCompression, .malformedBody,
      .tooLarge, .forwardedByUs, .malformedMessage:
      nil
    }
  }

  /// What google.rpc.Status calls it, in answers over HTTP.
  var code: RPCStatus.Code {
    switch self {
    case .malformedHTTP, .headerTooLarge, .wrongContentType, .wrongGRPCContentType,
      .unknownContentEncoding, .malformedCompression, .malformedBody:
      .invalidArgument
    case .unauthenticated: .unauthenticated
    case .unknownPath: .notFound
    case .wrongMethod: .unimplemented
    case .tooLarge: .resourceExhausted
    case .tooManyBodies, .pushedBack: .unavailable
    case .forwardedByUs: .internal
    case .injected(let fault): fault.refusal?.code ?? .internal
    case .malformedMessage(let fault): fault.code
    }
  }

  /// What gRPC calls it (gRPC, "Status codes and their use"; OTLP keeps INVALID_ARGUMENT for bodies that are none).
  var grpcCode: RPCStatus.Code {
    switch self {
    case .unknownPath, .unknownContentEncoding: .unimplemented
    case .malformedCompression: .internal
    case .malformedHTTP, .headerTooLarge, .unauthenticated, .wrongMethod, .wrongContentType, .wrongGRPCContentType,
      .malformedBody, .tooLarge, .tooManyBodies, .pushedBack, .forwardedByUs, .injected, .malformedMessage:
      code
    }
  }

  /// The body of the answer, or gRPC's details.
  func rpcStatus(code: RPCStatus.Code) -> RPCStatus {
    RPCStatus(code: code, message: message, retryDelay: retryAfterSeconds.map { .seconds($0) })
  }
}
