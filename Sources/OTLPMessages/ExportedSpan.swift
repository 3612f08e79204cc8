package import TraceContext

/// A span that we export; a plain value, whose allocations are those of its attributes and its events.
package struct ExportedSpan: Hashable, Sendable {
  package var traceID: TraceID
  package var spanID: SpanID
  /// W3C's tracestate as it travelled; empty for none.
  package var traceState: String
  /// Zero for a root.
  package var parentID: SpanID
  package var name: String
  package var kind: SpanKind
  /// Nanoseconds since 1970.
  package var start: UInt64
  package var end: UInt64
  package var attributes: [Attribute]
  package var events: [Event]
  package var link: Link?
  package var status: Status
  /// OTLP's Span.flags: the low 8 bits are W3C's; see `hasIsRemote` and `isRemote`.
  package var flags: UInt32
  /// Place of its instrumentation scope among those of the encoder.
  package var scope: UInt8

  package init(
    traceID: TraceID, spanID: SpanID, traceState: String = "", parentID: SpanID = SpanID(0), name: String,
    kind: SpanKind = .internal, start: UInt64, end: UInt64, attributes: [Attribute] = [], events: [Event] = [],
    link: Link? = nil, status: Status = .unset, flags: UInt32 = 0, scope: UInt8 = 0
  ) {
    self.traceID = traceID
    self.spanID = spanID
    self.traceState = traceState
    self.parentID = parentID
    self.name = name
    self.kind = kind
    self.start = start
    self.end = end
    self.attributes = attributes
    self.events = events
    self.link = link
    self.status = status
    self.flags = flags
    self.scope = scope
  }

  /// Bit of `flags`: `isRemote` says something.
  package static let hasIsRemote: UInt32 = 0x100
  /// Bit of `flags`: the parent, or the linked span, is in another process.
  package static let isRemote: UInt32 = 0x200

  /// OTLP's Status; the message is worth sending only with an error.
  package enum Status: Hashable, Sendable {
    case unset
    case ok
    case error(message: String)
  }

  /// Something that happened while the span was open.
  package struct Event: Hashable, Sendable {
    package var name: String
    /// Nanoseconds since 1970.
    package var time: UInt64

    package init(_ name: String, time: UInt64) {
      self.name = name
      self.time = time
    }
  }

  /// A reference to a span that is no parent.
  package struct Link: Hashable, Sendable {
    package var traceID: TraceID
    package var spanID: SpanID
    /// As in the span: the low 8 bits are W3C's.
    package var flags: UInt32

    package init(traceID: TraceID, spanID: SpanID, flags: UInt32 = 0) {
      self.traceID = traceID
      self.spanID = spanID
      self.flags = flags
    }
  }
}

extension ExportedSpan {
  /// Writes the Span as an element of ScopeSpans, fields in the order of their numbers, defaults left out.
  func write(to writer: inout WireWriter) {
    // A span with a few attributes takes between 128 and 16,383 bytes, whose length takes two.
    writer.message(ScopeRecordsTag.record, lengthWidth: 2) { writer in
      writer.field(SpanTag.traceID, bigEndian: traceID.high, traceID.low)
      writer.field(SpanTag.spanID, bigEndian: spanID.rawValue)
      if !traceState.isEmpty { writer.field(SpanTag.traceState, string: traceState) }
      if !parentID.isZero { writer.field(SpanTag.parentID, bigEndian: parentID.rawValue) }
      if !name.isEmpty { writer.field(SpanTag.name, string: name) }
      if kind != .unspecified { writer.field(SpanTag.kind, varint: UInt64(kind.rawValue)) }
      if start != 0 { writer.field(SpanTag.start, fixed64: start) }
      if end != 0 { writer.field(SpanTag.end, fixed64: end) }
      for attribute in attributes { attribute.write(SpanTag.attribute, to: &writer) }
      for event in events { event.write(to: &writer) }
      link?.write(to: &writer)
      status.write(to: &writer)
      if flags != 0 { writer.field(SpanTag.flags, fixed32: flags) }
    }
  }
}

extension ExportedSpan.Event {
  fileprivate func write(to writer: inout WireWriter) {
    writer.message(SpanTag.event, lengthWidth: 1) { writer in
      if time != 0 { writer.field(EventTag.time, fixed64: time) }
      if !name.isEmpty { writer.field(EventTag.name, string: name) }
    }
  }
}

extension ExportedSpan.Link {
  fileprivate func write(to writer: inout WireWriter) {
    writer.message(SpanTag.link, lengthWidth: 1) { writer in
      writer.field(LinkTag.traceID, bigEndian: traceID.high, traceID.low)
      writer.field(LinkTag.spanID, bigEndian: spanID.rawValue)
      if flags != 0 { writer.field(LinkTag.flags, fixed32: flags) }
    }
  }
}

extension ExportedSpan.Status {
  fileprivate func write(to writer: inout WireWriter) {
    switch self {
    case .unset: break
    case .ok: writer.message(SpanTag.status, lengthWidth: 1) { $0.field(StatusTag.code, varint: 1) }
    case .error(let message):
      writer.message(SpanTag.status, lengthWidth: 1) { writer in
        if !message.isEmpty { writer.field(StatusTag.message, string: message) }
        writer.field(StatusTag.code, varint: 2)
      }
    }
  }
}
