/// Takes what a scan finds, while the body is alive.
///
/// A scan that throws has already handed over what came before the fault: keep it apart until the scan has returned.
package protocol SpanSink: ~Copyable {
  /// The spans that follow, up to the next call, belong to the resource with these attributes.
  ///
  /// - Parameters:
  ///   - serviceName: the bytes of `service.name`; empty where it is missing.
  ///   - serviceInstance: the bytes of `service.instance.id`; empty where it is missing.
  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan)

  /// A span with the bytes of its name. They should be UTF-8, but nobody has checked that.
  mutating func append(_ span: ScannedSpan, name: RawSpan)
}
