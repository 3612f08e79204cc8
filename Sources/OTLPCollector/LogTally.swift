import OTLPMessages

/// Counts the log records of one body by their exporters.
struct LogTally: LogSink {
  /// Records by the exporter's name: `service.name/service.instance.id`, as services of spans are called.
  private(set) var records: [String: UInt64] = [:]
  private var exporter = ""

  /// Exporters that one body may name; records of others are theirs together.
  private static let exporterLimit = 256
  static let others = "others"
  /// Bytes of a name that are looked at.
  private static let nameLimit = 1024

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
    exporter = serviceName.isEmpty ? "unknown_service" : Self.text(serviceName)
    if !serviceInstance.isEmpty { exporter += "/" + Self.text(serviceInstance) }
    if records.count >= Self.exporterLimit, records[exporter] == nil { exporter = Self.others }
  }

  mutating func append() { records[exporter, default: 0] += 1 }

  /// Adds the records of a body to those before, within the same bound.
  static func add(_ records: [String: UInt64], to sum: inout [String: UInt64]) {
    for (exporter, count) in records {
      let key = sum.count < exporterLimit || sum[exporter] != nil ? exporter : others
      sum[key, default: 0] += count
    }
  }

  private static func text(_ bytes: RawSpan) -> String {
    bytes.extracting(first: nameLimit).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}
