/// What a `traceparent` says: which trace, under which span, with which flags (W3C Trace Context, traceparent).
package struct Traceparent: Hashable, Sendable, BitwiseCopyable {
  package var traceID: TraceID
  /// The sender's span ID.
  package var parentID: SpanID
  package var flags: TraceFlags

  @inlinable package init(traceID: TraceID, parentID: SpanID, flags: TraceFlags) {
    self.traceID = traceID
    self.parentID = parentID
    self.flags = flags
  }

  /// Bytes of the text form of version 00, the only one that we write.
  package static let textLength = 55
  /// Where in the text the parts' digits begin.
  package static let traceIDOffset = 3
  package static let parentIDOffset = 36
  package static let flagsOffset = 53
}

extension Traceparent: CustomStringConvertible {
  /// The text form in version 00: `00-<32 hex>-<16 hex>-<2 hex>`.
  package var description: String {
    let flagText = String(flags.rawValue, radix: 16)
    return "00-\(traceID)-\(parentID)-\(flagText.count == 1 ? "0" : "")\(flagText)"
  }
}

/// Why a text is no traceparent; each case is a rule of W3C Trace Context, traceparent.
package enum TraceparentFault: Error, Hashable, Sendable, BitwiseCopyable {
  /// Not 55 bytes in version 00, or fewer in a later version.
  case wrongLength(Int)
  /// The two version digits are not lowercase hexadecimal.
  case malformedVersion
  /// Version ff is forbidden.
  case forbiddenVersion
  /// A dash is missing at this byte offset.
  case missingDash(at: Int)
  case malformedTraceID
  case zeroTraceID
  case malformedParentID
  case zeroParentID
  case malformedFlags
}
