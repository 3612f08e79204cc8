import OTLPMessages
import Observations
import Timing
import TraceContext

/// Collects the spans of one body apart, so that a body that turns out to be broken leaves nothing behind but names,
/// which the next batch announces.
struct SpanStage: SpanSink {
  private var spans: [SpanObservation] = []
  private var names = TextTable(countLimit: 65_536, byteLimit: 8 << 20)
  /// UInt16.max stands for every service that no longer fits.
  private var services = TextTable(countLimit: Int(UInt16.max), byteLimit: 8 << 20)
  private var service = UInt16.max
  private var serviceText: [UInt8] = []
  private var receipt = SpanReceipt()

  /// Begins a body.
  mutating func begin() {
    spans.removeAll(keepingCapacity: true)
    receipt = SpanReceipt()
  }

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
    serviceText.removeAll(keepingCapacity: true)
    if serviceName.isEmpty {
      // The name that every SDK gives a service without one (OTel semantic conventions, service.name).
      serviceText.append(contentsOf: "unknown_service".utf8)
    } else {
      serviceName.withUnsafeBytes { serviceText.append(contentsOf: $0) }
    }
    if !serviceInstance.isEmpty {
      serviceText.append(UInt8(ascii: "/"))
      serviceInstance.withUnsafeBytes { serviceText.append(contentsOf: $0) }
    }
    let text = serviceText
    service = services.index(of: text.span.bytes).map { UInt16(truncatingIfNeeded: $0) } ?? .max
  }

  /// Keeps nothing: scopes are not told apart here yet.
  mutating func beginScope(name: RawSpan, version: RawSpan) {}

  mutating func append(_ span: ScannedSpan, name: RawSpan) {
    receipt.spans += 1
    guard span.hasValidIDs else {
      receipt.invalidSpans += 1
      return
    }
    var nameIndex = NameIndex.overflow
    if let index = names.index(of: name) {
      nameIndex = NameIndex(index)
    } else {
      receipt.overflowedNames += 1
    }
    spans.append(
      SpanObservation(
        traceID: span.traceID, spanID: span.spanID, parentID: span.parentID, start: span.start, end: span.end,
        name: nameIndex, service: service, kind: SpanKind(rawValue: span.kind) ?? .unspecified,
        status: SpanStatus(rawValue: span.status) ?? .unset, flags: span.flags))
  }

  /// Ends a body that was read to its end: its books, and its batch unless it has no valid span.
  mutating func commit(receivedAt: Instant) -> (SpanReceipt, SpanBatch?) {
    guard !spans.isEmpty else { return (receipt, nil) }
    let batch = SpanBatch(
      spans: spans, newNames: names.takeUnannounced().map { (index: NameIndex($0.index), text: $0.text) },
      newServices: services.takeUnannounced().map { (index: UInt16(truncatingIfNeeded: $0.index), text: $0.text) },
      receivedAt: receivedAt)
    // The batch owns the storage now. The next body is probably as large; 16,384 spans take a megabyte.
    let capacity = min(spans.count, 16_384)
    spans = []
    spans.reserveCapacity(capacity)
    return (receipt, batch)
  }
}

/// What one body held.
struct SpanReceipt: Equatable {
  /// All of them, valid or not.
  var spans = 0
  /// Those that were not delivered, because their IDs are not what OTLP demands.
  var invalidSpans = 0
  /// Spans whose name no longer fitted the table.
  var overflowedNames = 0
}
