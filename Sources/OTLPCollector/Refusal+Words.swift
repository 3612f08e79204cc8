extension Refusal {
  /// What was wrong, and what to set instead, for the people who read an exporter's log.
  var message: String {
    switch self {
    case .malformedHTTP:
      "this is neither HTTP/1.1 nor HTTP/2; an exporter that speaks TLS needs an http:// endpoint or "
        + "OTEL_EXPORTER_OTLP_INSECURE=true"
    case .headerTooLarge: "the request's header is too large; look at OTEL_EXPORTER_OTLP_HEADERS"
    case .unauthenticated:
      "this collector wants its token; set OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN"
    case .unknownPath:
      "no such path; exports go to /v1/traces, /v1/metrics and /v1/logs, or by gRPC to the Export methods of "
        + "opentelemetry.proto.collector; OTEL_EXPORTER_OTLP_ENDPOINT is the address without a path, but "
        + "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT needs it: http://HOST:4318/v1/traces"
    case .wrongMethod: "only POST is served here"
    case .wrongContentType:
      "expected content-type application/x-protobuf or application/json; set "
        + "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
    case .wrongGRPCContentType:
      "this is a path of gRPC, which needs content-type application/grpc; for HTTP post to /v1/traces"
    case .unknownContentEncoding:
      "expected content-encoding (by gRPC grpc-encoding) gzip, deflate or none; set "
        + "OTEL_EXPORTER_OTLP_COMPRESSION=gzip"
    case .malformedCompression(.truncated): "the compressed body ends early"
    case .malformedCompression: "the body is not compressed as its encoding says"
    case .malformedBody(let signal, let error): "no \(signal.requestName): \(error)"
    case .tooLarge(let limit):
      "the body is larger than \(limit) bytes; set OTEL_BSP_MAX_EXPORT_BATCH_SIZE to send fewer spans at once"
    case .tooManyBodies: "too many bodies are arriving at once; try again"
    case .pushedBack: "the spans arrive faster than they can be judged; try again"
    case .forwardedByUs: "this body was forwarded by this very collector; look at where it forwards to"
    case .injected(let fault): "this collector was told to do so: \(fault.rawValue)"
    case .malformedMessage(let fault): fault.message
    }
  }
}
