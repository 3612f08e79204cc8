/// Who makes spans or metrics: a library's name and version; empty texts are left out.
package struct InstrumentationScope: Hashable, Sendable {
  package var name: String
  package var version: String

  package init(_ name: String, version: String = "") {
    self.name = name
    self.version = version
  }
}

/// Builds ExportTraceServiceRequests of one resource and a few instrumentation scopes, one after another.
package struct ExportRequestEncoder: Sendable {
  /// The spans of one scope.
  private struct Section {
    /// The InstrumentationScope as a field of ScopeSpans.
    var scope = WireWriter()
    /// The spans so far as fields of ScopeSpans; its storage serves every request.
    var spans = WireWriter()

    var size: Int { scope.bytes.count + spans.bytes.count }
    var sizeAsField: Int { spans.bytes.isEmpty ? 0 : 1 + WireWriter.width(ofVarint: UInt64(size)) + size }
  }

  /// The Resource as a field of ResourceSpans.
  private let resource: WireWriter
  /// Never empty.
  private var sections: [Section]

  /// Spans that the next request holds.
  package private(set) var spanCount = 0

  package init(resource attributes: [Attribute], scopeName: String, scopeVersion: String = "") {
    self.init(resource: attributes, scope: InstrumentationScope(scopeName, version: scopeVersion))
  }

  /// - Parameter others: scopes from number 1 on.
  package init(resource attributes: [Attribute], scope: InstrumentationScope, others: [InstrumentationScope] = []) {
    resource = WireWriter(resource: attributes)
    sections = ([scope] + others).map { Section(scope: WireWriter(scope: $0)) }
  }

  /// Bytes that the spans so far take.
  package var spanBytes: Int { sections.reduce(0) { $0 + $1.spans.bytes.count } }

  /// A span of a scope that the encoder does not know counts to the last one.
  package mutating func append(_ span: ExportedSpan) {
    span.write(to: &sections[min(Int(span.scope), sections.count - 1)].spans)
    spanCount += 1
  }

  /// The body of the request with every span since the last call, scope by scope; an empty request where there is
  /// none.
  package mutating func takeBody() -> [UInt8] {
    guard spanCount > 0 else { return [] }
    let size = resource.bytes.count + sections.reduce(0) { $0 + $1.sizeAsField }
    var body = WireWriter()
    body.reserve(size + 11)
    body.varint(RequestTag.resource)
    body.varint(UInt64(size))
    body.append(contentsOf: resource)
    for index in sections.indices where !sections[index].spans.bytes.isEmpty {
      body.varint(ResourceRecordsTag.scopeRecords)
      body.varint(UInt64(sections[index].size))
      body.append(contentsOf: sections[index].scope)
      body.append(contentsOf: sections[index].spans)
      sections[index].spans.removeAllKeepingCapacity()
    }
    spanCount = 0
    return body.bytes
  }
}

extension WireWriter {
  /// A Resource as a field of ResourceSpans or ResourceMetrics.
  init(resource attributes: [Attribute]) {
    self.init()
    message(ResourceRecordsTag.resource, lengthWidth: 1) { writer in
      for attribute in attributes { attribute.write(ResourceTag.attribute, to: &writer) }
    }
  }

  /// An InstrumentationScope as a field of ScopeSpans or ScopeMetrics.
  init(scope: InstrumentationScope) {
    self.init()
    message(ScopeRecordsTag.scope, lengthWidth: 1) { writer in
      if !scope.name.isEmpty { writer.field(ScopeTag.name, string: scope.name) }
      if !scope.version.isEmpty { writer.field(ScopeTag.version, string: scope.version) }
    }
  }
}
