import OTLPMessages

/// Counts the data points or log records of one body by their exporters, and keeps nothing of them.
struct RecordTally: MetricSink, LogSink {
  private(set) var records: [UInt16: UInt64] = [:]
  private let exporters: ExporterNames
  private var exporter = ExporterNames.overflow

  init(_ exporters: ExporterNames) { self.exporters = exporters }

  var total: UInt64 { records.values.reduce(0, +) }

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
    exporter = exporters.index(service: serviceName, instance: serviceInstance)
  }

  mutating func beginScope(name: RawSpan, version: RawSpan) {}

  mutating func append(_ point: MetricPoint) { append() }

  mutating func append() { records[exporter, default: 0] += 1 }
}
