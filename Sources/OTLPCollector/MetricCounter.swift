import OTLPMessages

/// Counts data points and keeps nothing: the first look at a body, after which it is known to be whole.
struct MetricCounter: MetricSink {
  private(set) var points = 0

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {}

  mutating func beginScope(name: RawSpan, version: RawSpan) {}

  mutating func append(_ point: MetricPoint) { points += 1 }
}
