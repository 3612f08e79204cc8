import JSONText
import OTLPMessages
import Timing
import TraceContext

/// What a span passes on to the spans below it.
struct SpanContext {
  var traceID: TraceID
  var spanID: SpanID
  var flags: TraceFlags
  /// Whether it came from outside, or through the channel layer.
  var isRemote = false
  /// Whether spans under it are recorded: a right server goes by the sampled flag.
  var isRecorded: Bool
  /// Unescaped; empty for none.
  var tracestate = ""

  var traceparent: Traceparent { Traceparent(traceID: traceID, parentID: spanID, flags: flags) }

  /// A context as it comes out of the channel layer or the task queue.
  var remote: SpanContext {
    var context = self
    context.isRemote = true
    return context
  }
}

extension SpanContext {
  /// A context from outside: flags that no level defines are not passed on.
  ///
  /// - Parameter tracestate: as it stood in JSON text.
  init(received: Traceparent, tracestate: String = "") {
    self.init(
      traceID: received.traceID, spanID: received.parentID, flags: received.flags.intersection(.defined),
      isRemote: true, isRecorded: received.flags.contains(.sampled), tracestate: tracestate.unescaped)
  }
}

extension String {
  /// Without JSON's escapes.
  fileprivate var unescaped: String {
    guard utf8.contains(UInt8(ascii: "\\")) else { return self }
    let bytes = Array(utf8)
    let string = JSONString(start: 0, end: bytes.count, isEscaped: true)
    return String(decoding: string.unescaped(bytes.span), as: UTF8.self)
  }
}

extension ExportedSpan.Link {
  fileprivate init(_ context: SpanContext) {
    self.init(traceID: context.traceID, spanID: context.spanID, flags: ExportedSpan.hasIsRemote)
  }
}

/// A span that has begun and not ended.
struct OpenSpan {
  var context: SpanContext
  /// Zero for a root.
  var parentID: SpanID
  /// OTLP's, which say whether the parent is remote.
  var flags: UInt32
  var name: String
  var kind: SpanKind
  var start: UInt64
  var attributes: [Attribute] = []
  var link: ExportedSpan.Link?
  var events: [ExportedSpan.Event] = []

  /// Says that something happens now.
  mutating func happened(_ event: String) {
    events.append(ExportedSpan.Event(event, time: WallClock.nanoseconds))
  }
}

/// How many spans a tracer began, and what became of them.
struct SpanCounts: Hashable, Sendable {
  /// Recorded and sampled.
  var started: Int64 = 0
  /// Not sampled, and so not recorded.
  var sampledOut: Int64 = 0
  var ended: Int64 = 0
  /// Ended, and lost before they came to the exporter.
  var lost: Int64 = 0
}

/// Makes spans and gathers the ended ones for the exporter.
struct Tracer {
  private var random: SplitMix64
  private(set) var counts = SpanCounts()
  private var ended: [ExportedSpan] = []

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  /// Begins a span under `parent`, or a new trace where there is none; such a trace is sampled and random (03).
  mutating func begin(
    _ name: String, _ kind: SpanKind = .internal, under parent: SpanContext?, at start: UInt64 = WallClock.nanoseconds,
    attributes: [Attribute] = [], link: SpanContext? = nil
  ) -> OpenSpan {
    let context = SpanContext(
      traceID: parent?.traceID ?? randomTraceID(), spanID: randomSpanID(), flags: parent?.flags ?? [.sampled, .random],
      isRecorded: parent?.isRecorded ?? true, tracestate: parent?.tracestate ?? "")
    if context.isRecorded { counts.started += 1 } else { counts.sampledOut += 1 }
    let isRemote = parent?.isRemote ?? false
    return OpenSpan(
      context: context, parentID: parent?.spanID ?? .zero,
      flags: ExportedSpan.hasIsRemote | (isRemote ? ExportedSpan.isRemote : 0), name: name, kind: kind, start: start,
      attributes: attributes, link: link.map { ExportedSpan.Link($0) })
  }

  /// Ends a span, and keeps it if it is recorded.
  mutating func end(_ span: OpenSpan, at end: UInt64 = WallClock.nanoseconds, status: ExportedSpan.Status = .unset) {
    guard span.context.isRecorded else { return }
    counts.ended += 1
    ended.append(
      ExportedSpan(
        traceID: span.context.traceID, spanID: span.context.spanID, traceState: span.context.tracestate,
        parentID: span.parentID, name: span.name, kind: span.kind, start: span.start, end: end,
        attributes: span.attributes, events: span.events, link: span.link, status: status, flags: span.flags))
  }

  mutating func randomSpanID() -> SpanID { SpanID(random.next()) }
  mutating func randomTraceID() -> TraceID { TraceID(high: random.next(), low: random.next()) }

  var hasEnded: Bool { !ended.isEmpty }
  /// A place among the ended spans, behind the last one.
  var mark: Int { ended.count }

  mutating func takeEnded() -> [ExportedSpan] {
    defer { ended.removeAll(keepingCapacity: true) }
    return ended
  }
}

// MARK: - Faults

extension Tracer {
  /// Rewrites the spans that ended since `mark`: those that are gone afterwards never were, new ones were begun and ended.
  mutating func rewrite(since mark: Int, _ change: (inout [ExportedSpan], inout Tracer) -> Void) {
    guard mark < ended.count else { return }
    var spans = Array(ended[mark...])
    let before = Int64(spans.count)
    change(&spans, &self)
    counts.started += Int64(spans.count) - before
    counts.ended += Int64(spans.count) - before
    ended.replaceSubrange(mark..., with: spans)
  }

  /// Loses the first span of a name that ended since `mark`, on its way to the exporter.
  mutating func lose(_ name: String, since mark: Int) {
    guard let place = ended[mark...].firstIndex(where: { $0.name == name }) else { return }
    ended.remove(at: place)
    counts.lost += 1
  }
}
