import TraceContext

/// A span as it came to the endpoint, whole.
struct SeenSpan: Hashable {
  var traceID: TraceID
  var spanID: SpanID
  var parentID: SpanID
  var traceState: String
  var name: String
  var kind: SpanKind
  var start: UInt64
  var end: UInt64
  /// By key, as texts.
  var attributes: [String: String]
  var events: [String]
  /// Traces and spans that it links to.
  var links: [Traceparent]
  /// 0 unset, 1 OK, 2 error.
  var status: UInt64
  var flags: UInt64
  var scope: String

  var isRemote: Bool { flags & 0x200 != 0 }
  var isError: Bool { status == 2 }

  /// Every span of an ExportTraceServiceRequest.
  static func all(in body: [UInt8]) throws -> [SeenSpan] {
    try WireMessage(body).messages(1).flatMap { try $0.messages(2) }.flatMap { section in
      let scope = try section.messages(1).first?.text(1) ?? ""
      return try section.messages(2).map { try SeenSpan($0, scope: scope) }
    }
  }

  private init(_ span: WireMessage, scope: String) throws {
    traceID = span.traceID(1)
    spanID = SpanID(span.identifier(2).first ?? 0)
    parentID = SpanID(span.identifier(4).first ?? 0)
    traceState = span.text(3)
    name = span.text(5)
    kind = SpanKind(rawValue: UInt8(span.number(6))) ?? .unspecified
    start = span.number(7)
    end = span.number(8)
    attributes = try Dictionary(uniqueKeysWithValues: span.messages(9).map { try $0.attribute })
    events = try span.messages(11).map { $0.text(2) }
    links = try span.messages(13).map { link in
      Traceparent(traceID: link.traceID(1), parentID: SpanID(link.identifier(2).first ?? 0), flags: [])
    }
    status = try span.messages(15).first?.number(3) ?? 0
    flags = span.number(16)
    self.scope = scope
  }
}

extension WireMessage {
  fileprivate func traceID(_ field: Int) -> TraceID {
    let words = identifier(field)
    return words.count == 2 ? TraceID(high: words[0], low: words[1]) : .zero
  }

  fileprivate var attribute: (String, String) {
    get throws {
      let value = try messages(2).first
      let number = value?.numbers(3).first.map { "\(Int64(bitPattern: $0))" }
      let flag = value?.numbers(2).first.map { $0 == 0 ? "false" : "true" }
      return (text(1), number ?? flag ?? value?.text(1) ?? "")
    }
  }
}
