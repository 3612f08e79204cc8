/// What came from one exporter: from a resource with its service name and instance.
package struct ExporterBooks: Hashable, Sendable {
  /// `service.name`, or `unknown_service` as SDKs have it.
  package var service: String
  /// `service.instance.id`; empty where there is none.
  package var instance: String
  /// Requests with spans, data points or log records of it; a request may be several exporters'.
  package var requests: UInt64 = 0
  /// Bytes of their bodies as they arrived; where a request is several exporters', each has its part by the number of
  /// spans, data points or log records.
  package var bytes: UInt64 = 0
  /// Spans that were taken, each once.
  package var spans: UInt64 = 0
  /// Spans of batches that had been taken before, as retries bring them.
  package var duplicateSpans: UInt64 = 0
  /// Spans whose IDs are not what OTLP demands.
  package var invalidSpans: UInt64 = 0
  package var dataPoints: UInt64 = 0
  package var logRecords: UInt64 = 0
  package var scopes: [ScopeBooks] = []
  package var queue = QueueSigns()

  package init(service: String, instance: String) {
    self.service = service
    self.instance = instance
  }

  /// As people name it.
  package var name: String { instance.isEmpty ? service : "\(service)/\(instance)" }
}

/// What one instrumentation scope of an exporter sent.
package struct ScopeBooks: Hashable, Sendable {
  package var name: String
  package var version: String
  package var spans: UInt64 = 0

  package init(name: String, version: String) {
    self.name = name
    self.version = version
  }
}

/// What a span exporter's batches tell of the queue behind it.
///
/// A batch span processor sends once it has a batch full or a time is over. One that cannot keep up sends full batches
/// back to back, each of older spans than the one before, and drops what its queue does not hold.
package struct QueueSigns: Hashable, Sendable {
  /// Spans of the largest batch.
  package private(set) var largestBatch = 0
  /// The most batches of that size in a row.
  package private(set) var longestRun = 0
  /// How much older the newest span of a batch was, at worst in such a row, than in the freshest batch of all, in
  /// nanoseconds. A difference of ages, so that the two clocks need not agree.
  package private(set) var ageGrowth: Int64 = 0

  private var run = 0
  private var freshest = Int64.max

  package init() {}

  /// Fewer spans than these fill no batch of a processor that is worth having.
  private static let leastFullBatch = 64
  private static let tellingRun = 8
  private static let tellingGrowth: Int64 = 1_000_000_000

  /// Whether the exporter's queue was probably full.
  package var showOverflow: Bool { longestRun >= Self.tellingRun && ageGrowth >= Self.tellingGrowth }

  /// - Parameters:
  ///   - spans: how many the batch holds.
  ///   - age: from the end of its newest span, on the target's clock, to its arrival, on ours, in nanoseconds.
  package mutating func add(batch spans: Int, age: Int64) {
    if spans > largestBatch {
      largestBatch = spans
      run = 0
      longestRun = 0
      ageGrowth = 0
    }
    freshest = min(freshest, age)
    guard spans == largestBatch, spans >= Self.leastFullBatch else {
      run = 0
      return
    }
    run += 1
    longestRun = max(longestRun, run)
    if run >= Self.tellingRun {
      let (growth, overflow) = age.subtractingReportingOverflow(freshest)
      ageGrowth = max(ageGrowth, overflow ? .max : growth)
    }
  }
}
