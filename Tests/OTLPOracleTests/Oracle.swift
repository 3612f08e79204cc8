import Foundation
import OTLPMessages
import SwiftProtobuf
import TraceContext

/// What swift-protobuf finds in a body.
enum Oracle {
  static func found(in body: [UInt8], as encoding: OTLPEncoding, of signal: OTLPSignal) throws -> [Found] {
    switch signal {
    case .traces: try request(WireTraceRequest.self, JSONTraceRequest.self, body, encoding).found(encoding)
    case .metrics: try request(WireMetricRequest.self, JSONMetricRequest.self, body, encoding).found
    case .logs: try request(WireLogRequest.self, JSONLogRequest.self, body, encoding).found
    }
  }

  /// JSON is read by its own messages and goes over to the others by way of protobuf.
  private static func request<Wire: Message, JSON: RequestWithEnumerations>(
    _: Wire.Type, _: JSON.Type, _ body: [UInt8], _ encoding: OTLPEncoding
  ) throws -> Wire {
    switch encoding {
    case .protobuf:
      var options = BinaryDecodingOptions()
      options.messageDepthLimit = 1000
      return try Wire(serializedBytes: body, options: options)
    case .json:
      var options = JSONDecodingOptions()
      options.ignoreUnknownFields = true
      options.messageDepthLimit = 1000
      let request = try JSON(jsonUTF8Bytes: body, options: options)
      guard request.enumerations.allSatisfy({ Int32(exactly: $0) != nil }) else { throw WideEnumeration() }
      return try Wire(serializedBytes: request.serializedBytes() as [UInt8])
    }
  }
}

/// swift-protobuf reads enumerations of 64 bits from JSON, and traps when it has to write one beyond 32.
private struct WideEnumeration: Error {}

/// A request that knows the numbers of all enumerations in it.
private protocol RequestWithEnumerations: Message {
  var enumerations: [Int] { get }
}

extension JSONTraceRequest: RequestWithEnumerations {
  fileprivate var enumerations: [Int] {
    resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans).flatMap { [$0.kind.rawValue, $0.status.code.rawValue] }
  }
}

extension JSONMetricRequest: RequestWithEnumerations {
  fileprivate var enumerations: [Int] {
    resourceMetrics.flatMap(\.scopeMetrics).flatMap(\.metrics).map { metric in
      switch metric.data {
      case nil, .gauge, .summary: 0
      case .sum(let sum): sum.aggregationTemporality.rawValue
      case .histogram(let histogram): histogram.aggregationTemporality.rawValue
      case .exponentialHistogram(let histogram): histogram.aggregationTemporality.rawValue
      }
    }
  }
}

extension JSONLogRequest: RequestWithEnumerations {
  fileprivate var enumerations: [Int] { [] }
}

extension WireTraceRequest {
  fileprivate func found(_ encoding: OTLPEncoding) throws -> [Found] {
    try resourceSpans.flatMap { resourceSpans in
      try [resourceSpans.resource.found]
        + resourceSpans.scopeSpans.flatMap { scopeSpans in
          try [scopeSpans.scope.found] + scopeSpans.spans.map { try $0.found(encoding) }
        }
    }
  }
}

extension WireMetricRequest {
  fileprivate var found: [Found] {
    resourceMetrics.flatMap { resourceMetrics in
      [resourceMetrics.resource.found]
        + resourceMetrics.scopeMetrics.flatMap { scopeMetrics in
          [scopeMetrics.scope.found] + scopeMetrics.metrics.flatMap(\.points).map(Found.point)
        }
    }
  }
}

extension WireLogRequest {
  fileprivate var found: [Found] {
    resourceLogs.flatMap { resourceLogs in
      [resourceLogs.resource.found]
        + resourceLogs.scopeLogs.flatMap { scopeLogs in
          [scopeLogs.scope.found] + scopeLogs.logRecords.map { _ in Found.logRecord }
        }
    }
  }
}

extension WireScope {
  fileprivate var found: Found { .scope(name: Array(name), version: Array(version)) }
}

extension WireResource {
  fileprivate var found: Found {
    .resource(name: text(of: "service.name"), instance: text(of: "service.instance.id"))
  }

  private func text(of key: String) -> [UInt8] {
    attributes.last { $0.key == Data(key.utf8) }.map { Array($0.value.text) } ?? []
  }
}

extension WireSpan {
  fileprivate func found(_ encoding: OTLPEncoding) throws -> Found {
    let isHex = encoding == .json
    var span = ScannedSpan()
    if let bytes = Self.identifier(traceID, count: 16, isHex: isHex) {
      span.traceID = TraceID(high: Self.number(bytes.prefix(8)), low: Self.number(bytes.suffix(8)))
    }
    span.spanID = SpanID(Self.identifier(spanID, count: 8, isHex: isHex).map(Self.number) ?? 0)
    let parent = Self.identifier(parentSpanID, count: 8, isHex: isHex)
    span.parentID = SpanID(parent.map(Self.number) ?? 0)
    span.hasMalformedParentID = parent == nil && !parentSpanID.isEmpty
    span.start = start
    span.end = end
    span.flags = flags
    span.kind = UInt8(exactly: kind.rawValue).flatMap { $0 <= 5 ? $0 : nil } ?? 0
    span.status = UInt8(exactly: status.code.rawValue).flatMap { $0 <= 2 ? $0 : nil } ?? 0
    return .span(span, name: Array(name), try parts)
  }

  static func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

  private static func identifier(_ field: Data, count: Int, isHex: Bool) -> [UInt8]? {
    guard isHex else { return field.count == count ? Array(field) : nil }
    let digits = String(decoding: field, as: UTF8.self).compactMap { $0.isASCII ? $0.hexDigitValue : nil }
    guard field.count == 2 * count, digits.count == 2 * count else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
  }
}
