/// Builds ExportTraceServiceRequests of one resource and one instrumentation scope, one after another.
package struct ExportRequestEncoder: Sendable {
  /// The Resource as a field of ResourceSpans.
  private var resource = WireWriter()
  /// The InstrumentationScope as a field of ScopeSpans.
  private var scope = WireWriter()
  /// The spans so far as fields of ScopeSpans; its storage serves every request.
  private var spans = WireWriter()

  /// Spans that the next request holds.
  package private(set) var spanCount = 0

  package init(resource attributes: [Attribute], scopeName: String, scopeVersion: String = "") {
    resource.message(ResourceRecordsTag.resource, lengthWidth: 1) { writer in
      for attribute in attributes { attribute.write(ResourceTag.attribute, to: &writer) }
    }
    scope.message(ScopeRecordsTag.scope, lengthWidth: 1) { writer in
      if !scopeName.isEmpty { writer.field(ScopeTag.name, string: scopeName) }
      if !scopeVersion.isEmpty { writer.field(ScopeTag.version, string: scopeVersion) }
    }
  }

  /// Bytes that the spans so far take.
  package var spanBytes: Int { spans.bytes.count }

  package mutating func append(_ span: ExportedSpan) {
    span.write(to: &spans)
    spanCount += 1
  }

  /// The body of the request with every span since the last call; an empty request where there is none.
  package mutating func takeBody() -> [UInt8] {
    guard spanCount > 0 else { return [] }
    let scopeSpansSize = scope.bytes.count + spans.bytes.count
    let resourceSpansSize =
      resource.bytes.count + 1 + WireWriter.width(ofVarint: UInt64(scopeSpansSize)) + scopeSpansSize
    var body = WireWriter()
    body.reserve(resourceSpansSize + 11)
    body.varint(RequestTag.resource)
    body.varint(UInt64(resourceSpansSize))
    body.append(contentsOf: resource)
    body.varint(ResourceRecordsTag.scopeRecords)
    body.varint(UInt64(scopeSpansSize))
    body.append(contentsOf: scope)
    body.append(contentsOf: spans)
    spans.removeAllKeepingCapacity()
    spanCount = 0
    return body.bytes
  }
}
