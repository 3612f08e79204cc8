/// A cumulative sum of whole numbers that we export.
package struct ExportedSum: Hashable, Sendable {
  package struct Point: Hashable, Sendable {
    package var value: Int64
    package var attributes: [Attribute]

    package init(_ value: Int64, _ attributes: [Attribute] = []) {
      self.value = value
      self.attributes = attributes
    }
  }

  package var name: String
  /// As UCUM has it.
  package var unit: String
  /// Whether it never falls.
  package var isMonotonic: Bool
  package var points: [Point]

  package init(_ name: String, unit: String, isMonotonic: Bool = true, _ points: [Point]) {
    self.name = name
    self.unit = unit
    self.isMonotonic = isMonotonic
    self.points = points
  }
}

/// Builds ExportMetricsServiceRequests of one resource and one instrumentation scope.
package struct MetricRequestEncoder: Sendable {
  private let resource: WireWriter
  private let scope: WireWriter

  package init(resource attributes: [Attribute], scope: InstrumentationScope) {
    resource = WireWriter(resource: attributes)
    self.scope = WireWriter(scope: scope)
  }

  /// The body of a request.
  ///
  /// - Parameters:
  ///   - start: since when the sums count, in nanoseconds since 1970.
  ///   - time: at which they were read, likewise.
  package func body(_ sums: [ExportedSum], since start: UInt64, at time: UInt64) -> [UInt8] {
    var body = WireWriter()
    body.message(RequestTag.resource, lengthWidth: 2) { writer in
      writer.append(contentsOf: resource)
      writer.message(ResourceRecordsTag.scopeRecords, lengthWidth: 2) { writer in
        writer.append(contentsOf: scope)
        for sum in sums { sum.write(since: start, at: time, to: &writer) }
      }
    }
    return body.bytes
  }
}

extension ExportedSum {
  fileprivate func write(since start: UInt64, at time: UInt64, to writer: inout WireWriter) {
    writer.message(ScopeRecordsTag.record, lengthWidth: 2) { writer in
      if !name.isEmpty { writer.field(MetricTag.name, string: name) }
      if !unit.isEmpty { writer.field(MetricTag.unit, string: unit) }
      writer.message(MetricTag.sum, lengthWidth: 1) { writer in
        for point in points { point.write(since: start, at: time, to: &writer) }
        writer.field(MetricDataTag.temporality, varint: UInt64(MetricPoint.Temporality.cumulative.rawValue))
        if isMonotonic { writer.field(MetricDataTag.isMonotonic, varint: 1) }
      }
    }
  }
}

extension ExportedSum.Point {
  fileprivate func write(since start: UInt64, at time: UInt64, to writer: inout WireWriter) {
    writer.message(MetricDataTag.point, lengthWidth: 1) { writer in
      if start != 0 { writer.field(PointTag.start, fixed64: start) }
      if time != 0 { writer.field(PointTag.time, fixed64: time) }
      writer.field(NumberPointTag.int, fixed64: UInt64(bitPattern: value))
      for attribute in attributes { attribute.write(NumberPointTag.attribute, to: &writer) }
    }
  }
}
