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

  var traceparent: Traceparent { Traceparent(traceID: traceID, parentID: spanID, flags: flags) }
}

/// A span that has begun and not ended.
struct OpenSpan {
  var context: SpanContext
  var parent: SpanContext?
  var name: String
  var kind: SpanKind
  var start: UInt64
  var attributes: [Attribute] = []
  var link: SpanContext?
}

/// Makes spans and gathers the ended ones for the exporter.
struct Tracer {
  private var random: IDGenerator
  private(set) var ended: [ExportedSpan] = []

  init(seed: UInt64) { random = IDGenerator(state: seed) }

  /// Begins a span under `parent`, or a new trace where there is none; such a trace is sampled and random (03).
  mutating func begin(
    _ name: String, _ kind: SpanKind = .internal, under parent: SpanContext?, at start: UInt64 = WallClock.nanoseconds,
    attributes: [Attribute] = [], link: SpanContext? = nil
  ) -> OpenSpan {
    let context = SpanContext(
      traceID: parent?.traceID ?? random.traceID(), spanID: random.spanID(),
      flags: parent?.flags ?? [.sampled, .random])
    return OpenSpan(
      context: context, parent: parent, name: name, kind: kind, start: start, attributes: attributes, link: link)
  }

  /// Ends a span; one of a trace that is not sampled is not recorded.
  mutating func end(_ span: OpenSpan, at end: UInt64 = WallClock.nanoseconds, status: ExportedSpan.Status = .unset) {
    guard span.context.flags.contains(.sampled) else { return }
    let isRemote = span.parent?.isRemote ?? false
    ended.append(
      ExportedSpan(
        traceID: span.context.traceID, spanID: span.context.spanID, parentID: span.parent?.spanID ?? .zero,
        name: span.name, kind: span.kind, start: span.start, end: end,
        attributes: span.attributes,
        link: span.link.map {
          ExportedSpan.Link(traceID: $0.traceID, spanID: $0.spanID, flags: ExportedSpan.hasIsRemote)
        }, status: status,
        flags: ExportedSpan.hasIsRemote | (isRemote ? ExportedSpan.isRemote : 0)))
  }

  mutating func randomSpanID() -> SpanID { random.spanID() }
  mutating func randomTraceID() -> TraceID { random.traceID() }

  mutating func takeEnded() -> [ExportedSpan] {
    defer { ended.removeAll(keepingCapacity: true) }
    return ended
  }
}

/// Random ids (SplitMix64), never zero.
private struct IDGenerator {
  var state: UInt64

  mutating func traceID() -> TraceID { TraceID(high: next(), low: next()) }
  mutating func spanID() -> SpanID { SpanID(next()) }

  private mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    z ^= z >> 31
    return z == 0 ? 1 : z
  }
}
