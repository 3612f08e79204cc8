import NIOHTTP1
import OTLPMessages

/// What the head of a request says that we take, over HTTP or gRPC.
struct ExportRequestHead: Equatable {
  enum Coding: Equatable {
    case identity
    case compressed(Inflater.Format)
  }

  var signal: OTLPSignal
  var encoding: OTLPEncoding
  var coding: Coding
  /// Bytes of the body, where the head says.
  var contentLength: Int?
  /// Whom the body has passed, for those to whom we forward it.
  var via: [String] = []

  init(signal: OTLPSignal, encoding: OTLPEncoding, coding: Coding) {
    self.signal = signal
    self.encoding = encoding
    self.coding = coding
  }

  /// - Throws: the first reason not to take the request.
  init(_ head: HTTPRequestHead, bodyLimit: Int) throws(Refusal) {
    let path = head.uri.prefix { $0 != "?" }
    guard let signal = OTLPSignal(path: path) else {
      throw OTLPSignal(grpcPath: path) == nil ? .unknownPath : .wrongGRPCContentType
    }
    guard head.method == .POST else { throw .wrongMethod }
    let encoding: OTLPEncoding
    switch Self.mediaType(head) {
    case "application/x-protobuf": encoding = .protobuf
    case "application/json": encoding = .json
    default: throw .wrongContentType
    }
    self.init(signal: signal, encoding: encoding, coding: try Self.coding(head))
    contentLength = head.headers.first(name: "content-length").flatMap { Int($0) }
    if let contentLength, contentLength > bodyLimit { throw .tooLarge(limit: bodyLimit) }
  }

  /// The encoding of an answer to a request that may be none that we take.
  static func answerEncoding(_ head: HTTPRequestHead) -> OTLPEncoding {
    mediaType(head) == "application/json" ? .json : .protobuf
  }

  /// The content type without parameters, in lower case.
  private static func mediaType(_ head: HTTPRequestHead) -> String {
    mediaType(head.headers.first(name: "content-type") ?? "")
  }

  static func mediaType(_ field: String) -> String {
    field.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
  }

  private static func coding(_ head: HTTPRequestHead) throws(Refusal) -> Coding {
    let codings = head.headers[canonicalForm: "content-encoding"].map { $0.lowercased() }
      .filter { $0 != "identity" && !$0.isEmpty }
    guard let name = codings.first else { return .identity }
    guard codings.count == 1, let coding = Coding(name: name) else { throw .unknownContentEncoding }
    return coding
  }
}

extension OTLPSignal {
  init?(path: Substring) {
    switch path {
    case "/v1/traces": self = .traces
    case "/v1/metrics": self = .metrics
    case "/v1/logs": self = .logs
    default: return nil
    }
  }

  init?(grpcPath: Substring) {
    switch grpcPath {
    case "/opentelemetry.proto.collector.trace.v1.TraceService/Export": self = .traces
    case "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": self = .metrics
    case "/opentelemetry.proto.collector.logs.v1.LogsService/Export": self = .logs
    default: return nil
    }
  }

  /// The path of its requests over HTTP.
  var path: String {
    switch self {
    case .traces: "/v1/traces"
    case .metrics: "/v1/metrics"
    case .logs: "/v1/logs"
    }
  }

  var requestName: String {
    switch self {
    case .traces: "ExportTraceServiceRequest"
    case .metrics: "ExportMetricsServiceRequest"
    case .logs: "ExportLogsServiceRequest"
    }
  }
}

extension OTLPEncoding {
  var contentType: String {
    switch self {
    case .protobuf: "application/x-protobuf"
    case .json: "application/json"
    }
  }
}

extension ExportRequestHead.Coding {
  /// - Parameter name: in lower case.
  init?(name: String) {
    switch name {
    case "", "identity": self = .identity
    // RFC 9110 §8.4.1.3: the two names are equivalent.
    case "gzip", "x-gzip": self = .compressed(.gzip)
    case "deflate": self = .compressed(.zlib)
    default: return nil
    }
  }

  /// The content-encoding that says it; nil where nothing needs to be said.
  var name: String? {
    switch self {
    case .identity: nil
    case .compressed(.gzip): "gzip"
    case .compressed(.zlib): "deflate"
    }
  }
}
