import TraceContext

/// Whose the spans of shared traces were that are judged already, so that what comes late is told from what is nobody's.
///
/// It remembers the latest of them only.
struct SettledSpans {
  /// Spans that are remembered: 8 MB.
  static let limit = 1 << 17

  private var owners: [SpanKey: MessageIdentity] = [:]
  private var order: [SpanKey] = []
  /// The place in `order` of the next to forget.
  private var oldest = 0

  /// Whose a span was, or what hung on a span ID that a message carried.
  subscript(key: SpanKey) -> MessageIdentity? { owners[key] }

  mutating func add(_ key: SpanKey, of message: MessageIdentity) {
    guard owners.updateValue(message, forKey: key) == nil else { return }
    if order.count < Self.limit {
      order.append(key)
      return
    }
    owners[order[oldest]] = nil
    order[oldest] = key
    oldest = (oldest + 1) % Self.limit
  }
}
