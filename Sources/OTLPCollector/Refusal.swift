import NIOHTTP1
import OTLPMessages

/// Why a request is not taken; each is answered with a google.rpc.Status that says so.
enum Refusal: Error, Equatable {
  case malformedHTTP
  case headerTooLarge
  case unknownPath
  case wrongMethod
  case jsonNotServed
  case wrongContentType
  case unknownContentEncoding
  case malformedCompression(InflateFault)
  case malformedBody(ScanError)
  case tooLarge(limit: Int)
  case tooManyBodies
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
    case .malformedHTTP, .malformedCompression, .malformedBody: .badRequest
    case .headerTooLarge: .requestHeaderFieldsTooLarge
    case .unknownPath: .notFound
    case .wrongMethod: .methodNotAllowed
    case .jsonNotServed, .wrongContentType, .unknownContentEncoding: .unsupportedMediaType
    case .tooLarge: .payloadTooLarge
    case .tooManyBodies: .serviceUnavailable
    }
  }

  /// Whether the rest of the connection can't be read, or is not worth it.
  var endsConnection: Bool {
    switch self {
    case .malformedHTTP, .headerTooLarge, .tooLarge, .tooManyBodies: true
    case .unknownPath, .wrongMethod, .jsonNotServed, .wrongContentType, .unknownContentEncoding,
      .malformedCompression, .malformedBody:
      false
    }
  }

  var rpcStatus: RPCStatus { RPCStatus(code: code, message: message) }

  private var code: RPCStatus.Code {
    switch self {
    case .malformedHTTP, .headerTooLarge, .jsonNotServed, .wrongContentType, .unknownContentEncoding,
      .malformedCompression, .malformedBody:
      .invalidArgument
    case .unknownPath: .notFound
    case .wrongMethod: .unimplemented
    case .tooLarge: .resourceExhausted
    case .tooManyBodies: .unavailable
    }
  }

  private var message: String {
    switch self {
    case .malformedHTTP: "this is not HTTP/1.1; this port serves OTLP over HTTP/1.1 only, not gRPC"
    case .headerTooLarge: "the request's header is too large"
    case .unknownPath: "no such path; traces go to /v1/traces"
    case .wrongMethod: "only POST is served here"
    case .jsonNotServed:
      "OTLP/JSON is not served yet; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf (application/x-protobuf)"
    case .wrongContentType: "expected content-type application/x-protobuf"
    case .unknownContentEncoding: "expected content-encoding gzip, deflate or none"
    case .malformedCompression(.truncated): "the compressed body ends early"
    case .malformedCompression: "the body is not compressed as content-encoding says"
    case .malformedBody(let error): "no ExportTraceServiceRequest: \(error)"
    case .tooLarge(let limit): "the body is larger than \(limit) bytes"
    case .tooManyBodies: "too many bodies are arriving at once; try again"
    }
  }
}
