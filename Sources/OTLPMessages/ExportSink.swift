/// Takes where the records of an export request come from, while the body is alive.
///
/// A scan that throws has already handed over what came before the fault: keep it apart until the scan has returned.
/// Texts should be UTF-8; in a JSON body they are, in a protobuf body nobody has checked that.
package protocol ExportSink: ~Copyable {
  /// The records that follow, up to the next call, belong to the resource with these attributes.
  ///
  /// - Parameters:
  ///   - serviceName: the bytes of `service.name`; empty where it is missing.
  ///   - serviceInstance: the bytes of `service.instance.id`; empty where it is missing.
  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan)

  /// The records that follow, up to the next call, were made by this instrumentation scope of the last resource.
  ///
  /// - Parameters:
  ///   - name: the scope's name; empty where it is missing.
  ///   - version: the scope's version; empty where it is missing.
  mutating func beginScope(name: RawSpan, version: RawSpan)
}
