import Dispatch
import Glibc
import OTLPMessages
import Synchronization
import Timing

/// Sends ended spans to an OTLP/HTTP endpoint in batches, and metrics of what became of them, from a thread of its own.
///
/// Like the SDKs' batch processors it never blocks the server: a full queue drops spans, and counts them.
package final class SpanExporter: Sendable {
  package struct Configuration: Sendable {
    package var host: String
    package var port: UInt16
    /// Spans that may wait.
    package var queueSize = 200_000
    /// Spans of one request at most.
    package var batchSize = 8_192
    package var delayMilliseconds = 200
    /// Between two requests of metrics; they also go out at the end.
    package var metricsMilliseconds = 1000
    /// Longest that one batch is tried, as OTLP exporters do by default; at the end, that all of them are.
    package var timeLimit: Duration = .seconds(10)

    package init(host: String, port: UInt16) {
      self.host = host
      self.port = port
    }
  }

  package struct Counts: Hashable, Sendable {
    package var exported = 0
    /// Spans that found the queue full.
    package var overflowed = 0
    /// Spans of batches that the endpoint did not take.
    package var failed = 0
  }

  private struct State {
    var waiting: [ExportedSpan] = []
    var counts = Counts()
    var tracer = SpanCounts()
    var isStopping = false
  }

  /// Place of a scope that is not ours, for a fault.
  static let otherScope: UInt8 = 1

  private let configuration: Configuration
  private let state = Mutex(State())
  /// Nanoseconds since 1970, from which on the metrics count.
  private let start = WallClock.nanoseconds
  private let wakeUp = DispatchSemaphore(value: 0)
  private let finished = DispatchSemaphore(value: 0)

  /// Starts the thread.
  package init(_ configuration: Configuration) {
    self.configuration = configuration
    let thread = DispatchQueue(label: "span exporter")
    thread.async { self.run() }
  }

  package var counts: Counts { state.withLock { $0.counts } }

  /// - Parameter tracer: what the spans' tracer counted so far.
  func add(_ spans: [ExportedSpan], _ tracer: SpanCounts) {
    let isFull = state.withLock { state in
      state.tracer = tracer
      let room = max(configuration.queueSize - state.waiting.count, 0)
      state.waiting.append(contentsOf: spans.prefix(room))
      state.counts.overflowed += max(spans.count - room, 0)
      return state.waiting.count >= configuration.batchSize
    }
    if isFull { wakeUp.signal() }
  }

  /// Sends what waits and returns once it is done or has failed.
  func flushAndStop() {
    state.withLock { $0.isStopping = true }
    wakeUp.signal()
    finished.wait()
  }

  private func run() {
    let resource = Self.resource
    var encoder = ExportRequestEncoder(
      resource: resource, scope: InstrumentationScope("spanstorm.reference"),
      others: [InstrumentationScope("another.library")])
    let metrics = MetricRequestEncoder(resource: resource, scope: InstrumentationScope("spanstorm.reference.sdk"))
    let connection = ExportConnection(
      host: configuration.host, port: configuration.port, timeLimit: configuration.timeLimit)
    var metricsDue = Instant.now
    // Whether the endpoint is there, as far as is known.
    var isTaken = true
    while true {
      let isStopping = state.withLock { $0.isStopping }
      let batch = takeBatch()
      if !batch.isEmpty { isTaken = send(batch, &encoder, connection, isStopping: isStopping) }
      if batch.isEmpty, isStopping { break }
      if !isStopping, metricsDue <= .now {
        sendMetrics(metrics, connection, isRetried: false)
        metricsDue = Instant.now.advanced(byNanoseconds: Int64(configuration.metricsMilliseconds) * 1_000_000)
      }
      if batch.count < configuration.batchSize, !isStopping {
        _ = wakeUp.wait(timeout: .now() + .milliseconds(configuration.delayMilliseconds))
      }
    }
    sendMetrics(metrics, connection, isRetried: isTaken)
    connection.close()
    finished.signal()
  }

  /// Returns whether the batch was taken.
  private func send(
    _ batch: [ExportedSpan], _ encoder: inout ExportRequestEncoder, _ connection: ExportConnection, isStopping: Bool
  ) -> Bool {
    for span in batch { encoder.append(span) }
    let isTaken = connection.post(encoder.takeBody(), to: "/v1/traces", isRetried: true)
    state.withLock {
      if isTaken { $0.counts.exported += batch.count } else { $0.counts.failed += batch.count }
      // What an endpoint that is gone cost one batch at the end it would cost each.
      if isStopping, !isTaken {
        $0.counts.failed += $0.waiting.count
        $0.waiting = []
      }
    }
    return isTaken
  }

  /// Metrics that are not taken need no second try as long as others follow, which say the same and more.
  private func sendMetrics(_ encoder: MetricRequestEncoder, _ connection: ExportConnection, isRetried: Bool) {
    let metrics = state.withLock {
      SpanMetrics(spans: $0.tracer, exports: $0.counts, waiting: $0.waiting.count)
    }
    let body = encoder.body(metrics.sums, since: start, at: WallClock.nanoseconds)
    _ = connection.post(body, to: "/v1/metrics", isRetried: isRetried)
  }

  private static var resource: [Attribute] {
    [
      Attribute("service.name", .string("spanstorm-reference")),
      Attribute("service.instance.id", .string("\(getpid())")),
      Attribute("telemetry.sdk.language", .string("swift")),
    ]
  }

  private func takeBatch() -> [ExportedSpan] {
    state.withLock { state in
      let batch = Array(state.waiting.prefix(configuration.batchSize))
      state.waiting.removeFirst(batch.count)
      return batch
    }
  }
}
