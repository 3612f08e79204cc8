/// The 16 bytes that name a trace, as two big-endian halves (W3C Trace Context, trace-id).
package struct TraceID: Hashable, Sendable, BitwiseCopyable {
  package var high: UInt64
  package var low: UInt64

  @inlinable package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// All zero: forbidden on the wire (W3C Trace Context, trace-id); here it also says "none".
  @inlinable package var isZero: Bool { high | low == 0 }

  package static let zero = TraceID(high: 0, low: 0)
}

/// The 8 bytes that name a span; a traceparent's parent ID is the sender's (W3C Trace Context, parent-id).
package struct SpanID: Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt64

  @inlinable package init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// All zero: forbidden on the wire (W3C Trace Context, parent-id); here it also says "none".
  @inlinable package var isZero: Bool { rawValue == 0 }

  package static let zero = SpanID(0)
}

/// The 8 flag bits of a traceparent (W3C Trace Context, trace-flags).
package struct TraceFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The caller may have recorded the trace.
  package static let sampled = TraceFlags(rawValue: 0x01)
  /// The right-most 7 bytes of the trace ID are random (level 2).
  package static let random = TraceFlags(rawValue: 0x02)
  /// Every bit that some level defines; the others must be sent as zero.
  package static let defined: TraceFlags = [.sampled, .random]
}

extension TraceID: CustomStringConvertible {
  package var description: String { HexText.string(high) + HexText.string(low) }
}

extension SpanID: CustomStringConvertible {
  package var description: String { HexText.string(rawValue) }
}
