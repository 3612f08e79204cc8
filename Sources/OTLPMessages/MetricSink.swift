/// Takes the data points of an ExportMetricsServiceRequest.
package protocol MetricSink: ExportSink, ~Copyable {
  mutating func append(_ point: MetricPoint)
}
