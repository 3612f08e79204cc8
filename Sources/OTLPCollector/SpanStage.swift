import OTLPMessages
import Observations
import Timing
import TraceContext

/// Collects the spans of one body apart, so that a body that turns out to be broken leaves nothing behind but names
/// and words, which the next batch announces.
struct SpanStage: SpanPartSink {
  private let exporters: ExporterNames
  /// The services whose spans are handed on; empty for all.
  private let services: Set<[UInt8]>
  private var spans: [SpanObservation] = []
  private var details: DetailStage
  private let isWatching: Bool
  private var names = TextTable(countLimit: Int(UInt16.max), byteLimit: 32 << 20)
  private var exporter = ExporterNames.overflow
  private var isWanted = true
  private var scope = (name: "", version: "")
  private var isNewScope = true
  private var receipt = SpanReceipt()

  /// Scopes of one body that are told apart; the spans of others count as the last one's.
  private static let shareLimit = 4096
  /// Bytes of a span's name; a longer one is told like one that found no room, so that a few cannot fill the table.
  private static let nameLimit = 4096
  /// Bytes of a scope's name and version that are kept.
  private static let scopeTextLimit = 256

  init(_ exporters: ExporterNames, services: [String] = [], watch: SpanWatch = SpanWatch()) {
    self.exporters = exporters
    self.services = Set(services.map { Array($0.utf8) })
    details = DetailStage(watch)
    isWatching = !watch.isEmpty
  }

  /// Begins a body.
  mutating func begin() {
    spans.removeAll(keepingCapacity: true)
    details.begin()
    receipt = SpanReceipt()
    isNewScope = true
  }

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
    exporter = exporters.index(service: serviceName, instance: serviceInstance)
    isWanted = services.isEmpty || services.contains(serviceName.withUnsafeBytes { Array($0) })
    isNewScope = true
  }

  mutating func beginScope(name: RawSpan, version: RawSpan) {
    scope = (Self.text(name), Self.text(version))
    isNewScope = true
    if isWanted { details.beginScope(name) }
  }

  mutating func append(_ span: ScannedSpan, name: RawSpan) {
    if isNewScope { beginShare() }
    let share = receipt.shares.count - 1
    guard span.hasValidIDs else {
      receipt.shares[share].invalidSpans += 1
      if isWatching { details.drop() }
      return
    }
    receipt.shares[share].spans += 1
    receipt.shares[share].newestEnd = max(receipt.shares[share].newestEnd, span.end)
    receipt.fingerprint &+= RepeatedBatches.part(traceLow: span.traceID.low, spanID: span.spanID.rawValue)
    guard isWanted else {
      receipt.filteredSpans += 1
      return
    }
    var nameIndex = NameIndex.overflow
    if name.byteCount <= Self.nameLimit, let index = names.index(of: name) {
      nameIndex = NameIndex(index)
    } else {
      receipt.overflowedNames += 1
    }
    spans.append(
      SpanObservation(
        traceID: span.traceID, spanID: span.spanID, parentID: span.parentID, start: span.start, end: span.end,
        name: nameIndex, service: exporter, kind: SpanKind(rawValue: span.kind) ?? .unspecified,
        status: SpanStatus(rawValue: span.status) ?? .unset, flags: span.flags,
        detail: isWatching ? details.finish() : 0))
  }

  mutating func appendAttribute(at place: Int, _ type: AttributeType, text: RawSpan) {
    if isWanted { details.setAttribute(at: place, type, text) }
  }

  mutating func appendLink(traceID: TraceID, spanID: SpanID) {
    if isWanted { details.addLink(SpanDetail.SpanLink(traceID: traceID, spanID: spanID)) }
  }

  mutating func appendEvent(name: RawSpan) {
    if isWanted { details.addEvent(name) }
  }

  /// Whether just these spans were taken before.
  func isRepeated(_ batches: RepeatedBatches) -> Bool {
    receipt.validSpans > 0 && batches.contains(receipt.fingerprint)
  }

  /// Ends a body that was read to its end and that nothing is handed on of.
  mutating func abandon() -> SpanReceipt {
    spans.removeAll(keepingCapacity: true)
    return receipt
  }

  /// Ends a body that was read to its end: its books, and its batch unless it has no span to hand on.
  mutating func commit(receivedAt: Instant) -> (SpanReceipt, SpanBatch?) {
    guard !spans.isEmpty else { return (receipt, nil) }
    let batch = SpanBatch(
      spans: spans, details: details.take(),
      newNames: names.takeUnannounced().map { (index: NameIndex($0.index), text: $0.text) },
      newServices: exporters.takeUnannouncedTexts(), newWords: details.takeNewWords(), receivedAt: receivedAt)
    // The batch owns the storage now. The next body is probably as large; 16,384 spans take a megabyte.
    let capacity = min(spans.count, 16_384)
    spans = []
    spans.reserveCapacity(capacity)
    return (receipt, batch)
  }

  private mutating func beginShare() {
    isNewScope = false
    guard receipt.shares.count < Self.shareLimit else { return }
    receipt.shares.append(
      ExporterShare(exporter: Int(exporter), scopeName: scope.name, scopeVersion: scope.version))
  }

  private static func text(_ bytes: RawSpan) -> String {
    bytes.extracting(first: scopeTextLimit).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}

/// What one body held.
struct SpanReceipt: Equatable {
  /// By scope of an exporter.
  var shares: [ExporterShare] = []
  /// Spans whose name no longer fitted the table.
  var overflowedNames = 0
  /// Valid spans of services that are not asked for.
  var filteredSpans = 0
  /// Of the valid spans' IDs.
  var fingerprint: UInt64 = 0

  /// All of them, valid or not.
  var spans: Int { shares.reduce(0) { $0 + $1.spans + $1.invalidSpans } }
  /// Those that were not delivered, because their IDs are not what OTLP demands.
  var invalidSpans: Int { shares.reduce(0) { $0 + $1.invalidSpans } }
  var validSpans: Int { shares.reduce(0) { $0 + $1.spans } }
}
