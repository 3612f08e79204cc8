package import Timing
package import TraceContext

/// A span that the target exported, as far as the verifier uses it; fixed size, no references.
package struct SpanObservation: Hashable, Sendable {
  package var traceID: TraceID
  package var spanID: SpanID
  /// Zero for a root.
  package var parentID: SpanID
  /// The target's wall clock, nanoseconds since 1970.
  package var start: UInt64
  package var end: UInt64
  /// Index in the collector's table of names.
  package var name: NameIndex
  /// Index in the collector's table of services (`service.name` and `service.instance.id`).
  package var service: UInt16
  package var kind: SpanKind
  package var status: SpanStatus
  /// OTLP's Span.flags: 0x100 says that 0x200 (the parent is remote) is known.
  package var flags: UInt32
  /// One more than the place of what else is watched of it in its batch's `details`; 0 where nothing is.
  package var detail: UInt32

  package init(
    traceID: TraceID, spanID: SpanID, parentID: SpanID, start: UInt64, end: UInt64, name: NameIndex,
    service: UInt16, kind: SpanKind, status: SpanStatus, flags: UInt32, detail: UInt32 = 0
  ) {
    self.traceID = traceID
    self.spanID = spanID
    self.parentID = parentID
    self.start = start
    self.end = end
    self.name = name
    self.service = service
    self.kind = kind
    self.status = status
    self.flags = flags
    self.detail = detail
  }
}

/// Index of a span name in the collector's table.
package struct NameIndex: Hashable, Sendable {
  package var rawValue: UInt32
  package init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// The name of every span whose name no longer fitted the table.
  package static let overflow = NameIndex(.max)
}

/// OTLP's StatusCode.
package enum SpanStatus: UInt8, Hashable, Sendable, BitwiseCopyable {
  case unset = 0
  case ok = 1
  case error = 2
}

/// The spans of one export request, with the names and services that it was the first to use.
package struct SpanBatch: Sendable {
  package var spans: [SpanObservation]
  /// Of the spans that have one; empty where nothing is watched.
  package var details: [SpanDetail]
  package var newNames: [(index: NameIndex, text: String)]
  package var newServices: [(index: UInt16, text: String)]
  /// Scopes, names of events and values of attributes that it was the first to use.
  package var newWords: [(index: WordIndex, text: String)]
  package var receivedAt: Instant

  package init(
    spans: [SpanObservation], details: [SpanDetail] = [], newNames: [(index: NameIndex, text: String)],
    newServices: [(index: UInt16, text: String)], newWords: [(index: WordIndex, text: String)] = [],
    receivedAt: Instant
  ) {
    self.spans = spans
    self.details = details
    self.newNames = newNames
    self.newServices = newServices
    self.newWords = newWords
    self.receivedAt = receivedAt
  }
}

/// What the collector has received so far.
package struct CollectorCounts: Hashable, Sendable {
  package var requests: UInt64 = 0
  package var bytes: UInt64 = 0
  /// Spans that arrived, valid or not, each as often as it came.
  package var spans: UInt64 = 0
  /// Spans of batches that were taken before, as a retry brings them again.
  package var duplicateSpans: UInt64 = 0
  /// Spans of services that were not asked for.
  package var filteredSpans: UInt64 = 0
  /// Spans whose trace or span ID has a wrong length or is all zero.
  package var invalidSpans: UInt64 = 0
  /// Requests refused: bodies that are no OTLP, too large, of another type, on another path.
  package var refusedRequests: UInt64 = 0
  /// Of these, the ones whose body could not be decompressed or decoded.
  package var decodeErrors: UInt64 = 0
  /// Requests of metrics and logs.
  package var otherSignals: UInt64 = 0
  /// Names that no longer fitted the table.
  package var overflowedNames: UInt64 = 0
  /// Requests that we answered later than a second after they had arrived.
  package var slowAnswers: UInt64 = 0
  package var dataPoints: UInt64 = 0
  package var logRecords: UInt64 = 0
  /// Requests that were asked to come back because whoever takes the spans had no room; counted nowhere else.
  package var pushedBack: UInt64 = 0
  /// Requests that met a fault on purpose; those that it refused are counted nowhere else.
  package var faultedRequests: UInt64 = 0
  /// Bodies that were passed on and taken.
  package var forwarded: UInt64 = 0
  /// Bodies that should have been passed on and were not taken, or did not fit the queue.
  package var forwardFailed: UInt64 = 0
  /// Why the latest of them failed.
  package var forwardFailure: String?
  /// The longest time for which the collector's own thread was late.
  package var longestStallNanoseconds: Int64 = 0

  package init() {}
}
