import TraceContext

/// What a message's carrier held in the place of a traceparent.
enum ReceivedContext {
  case absent
  case valid(Traceparent)
  /// Refused: the text, unescaped, or nothing where it was no text.
  case invalid([UInt8])

  var traceparent: Traceparent? {
    switch self {
    case .valid(let traceparent): traceparent
    case .absent, .invalid: nil
    }
  }

  /// What a parser without scruples makes of a refused text: the first run of 32 hexadecimal digits is the trace ID, the
  /// next of 16 the parent ID, and two digits behind that are the flags.
  var lenientlyRead: Traceparent? {
    guard case .invalid(let text) = self else { return nil }
    let runs = text.split { !Self.isDigit($0) }.map { String(decoding: $0, as: UTF8.self) }
    guard let trace = runs.firstIndex(where: { $0.utf8.count == 32 }),
      let parent = runs[(trace + 1)...].firstIndex(where: { $0.utf8.count == 16 }),
      let high = UInt64(runs[trace].prefix(16), radix: 16), let low = UInt64(runs[trace].suffix(16), radix: 16),
      let parentID = UInt64(runs[parent], radix: 16)
    else { return nil }
    let flags = runs[(parent + 1)...].first { $0.utf8.count == 2 }.flatMap { UInt8($0, radix: 16) }
    let read = Traceparent(
      traceID: TraceID(high: high, low: low), parentID: SpanID(parentID),
      flags: flags.map { TraceFlags(rawValue: $0) } ?? .sampled)
    // Nobody can continue what names nothing.
    return read.traceID.isZero || read.parentID.isZero ? nil : read
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
