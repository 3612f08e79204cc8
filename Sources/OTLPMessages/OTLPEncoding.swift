/// How an export request is written, and so its answer (OTLP specification, "OTLP/HTTP").
package enum OTLPEncoding: Hashable, Sendable, CaseIterable {
  /// Binary Protocol Buffers, over gRPC or as `application/x-protobuf`.
  case protobuf
  /// The JSON mapping of Protocol Buffers with OTLP's own rules, as `application/json`.
  case json
}
