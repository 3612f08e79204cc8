import NIOHTTP1

/// What the head of a request says that we take.
struct ExportRequestHead: Equatable {
  enum Signal: Equatable {
    case traces
    /// Metrics or logs: answered, counted, not read.
    case other(isJSON: Bool)
  }

  enum Coding: Equatable {
    case identity
    case compressed(Inflater.Format)
  }

  var signal: Signal
  var coding: Coding
  /// Bytes of the body, where the head says.
  var contentLength: Int?

  /// - Throws: the first reason not to take the request.
  init(_ head: HTTPRequestHead, bodyLimit: Int) throws(Refusal) {
    let mediaType = Self.mediaType(head)
    switch head.uri.prefix(while: { $0 != "?" }) {
    case "/v1/traces": signal = .traces
    case "/v1/metrics", "/v1/logs": signal = .other(isJSON: mediaType == "application/json")
    default: throw .unknownPath
    }
    guard head.method == .POST else { throw .wrongMethod }
    if signal == .traces {
      guard mediaType != "application/json" else { throw .jsonNotServed }
      guard mediaType == "application/x-protobuf" else { throw .wrongContentType }
    }
    coding = try Self.coding(head)
    contentLength = head.headers.first(name: "content-length").flatMap { Int($0) }
    if let contentLength, contentLength > bodyLimit { throw .tooLarge(limit: bodyLimit) }
  }

  /// The content type without parameters, in lower case.
  private static func mediaType(_ head: HTTPRequestHead) -> String {
    let field = head.headers.first(name: "content-type") ?? ""
    return field.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
  }

  private static func coding(_ head: HTTPRequestHead) throws(Refusal) -> Coding {
    let codings = head.headers[canonicalForm: "content-encoding"].map { $0.lowercased() }
      .filter { $0 != "identity" && !$0.isEmpty }
    guard let coding = codings.first else { return .identity }
    guard codings.count == 1 else { throw .unknownContentEncoding }
    switch coding {
    // RFC 9110 §8.4.1.3: the two names are equivalent.
    case "gzip", "x-gzip": return .compressed(.gzip)
    case "deflate": return .compressed(.zlib)
    default: throw .unknownContentEncoding
    }
  }
}
