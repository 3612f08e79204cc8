/// Follows what the last copy of a message waited for, from the span that sent it back to the entry span.
///
/// It keeps its arrays between traces.
struct CriticalPath {
  /// By span: the one below it that ended last, and its sibling that ended before it; -1 for none.
  private var lastChild: [Int32] = []
  private var sibling: [Int32] = []
  /// Spans in the order of their ends.
  private var order: [Int32] = []

  /// Rules of a scenario are no deeper.
  private static let depthLimit = 64

  /// Sorts the spans of a trace, which fits, for `walk`.
  mutating func prepare(_ trace: borrowing GatheredTrace<SpanRow>, _ fit: borrowing TraceFit) {
    let ends = trace.spans
    order.removeAll(keepingCapacity: true)
    order.append(contentsOf: 0..<Int32(trace.count))
    order.sort { left, right in
      let (left, right) = (ends[Int(left)], ends[Int(right)])
      return (left.end, left.start, left.spanID) < (right.end, right.start, right.spanID)
    }
    while lastChild.count < trace.count {
      lastChild.append(-1)
      sibling.append(-1)
    }
    for place in 0..<trace.count { lastChild[place] = -1 }
    for place in order {
      guard let parent = fit.parent(of: Int(place)) else { continue }
      sibling[Int(place)] = lastChild[parent]
      lastChild[parent] = place
    }
  }

  /// - Parameter last: when the copy was sent, by the target's clock; not before the target began.
  /// - Returns: from the begin of the path to `last`, in nanoseconds: the sum of what is added to the parts.
  func walk(
    to target: Int, endingAt last: UInt64, _ trace: borrowing GatheredTrace<SpanRow>, _ fit: borrowing TraceFit,
    _ parts: inout TimeSplit.Parts
  ) -> Int64? {
    var span = target
    // All after it is shared out.
    var position = last
    var above: Int? = nil
    for _ in 0...trace.count {
      split(span, from: 0, until: position, besides: above, trace, fit, &parts, depth: 0)
      position = min(position, trace[span].pointee.start)
      guard let parent = fit.parent(of: span) else { return Int64(clamping: last - position) }
      let end = min(position, trace[parent].pointee.end)
      parts.handOver &+= Int64(clamping: position - end)
      position = end
      above = span
      span = parent
    }
    return nil
  }

  /// Shares the time of a span between two instants among itself and the spans below it that had ended by the second.
  private func split(
    _ span: Int, from begin: UInt64, until end: UInt64, besides other: Int?, _ trace: borrowing GatheredTrace<SpanRow>,
    _ fit: borrowing TraceFit, _ parts: inout TimeSplit.Parts, depth: Int
  ) {
    let start = max(trace[span].pointee.start, begin)
    var end = end
    var child = depth < Self.depthLimit ? Int(lastChild[span]) : -1
    while end > start, child >= 0 {
      let (childStart, childEnd) = (trace[child].pointee.start, trace[child].pointee.end)
      if childEnd <= start { break }
      if child != other, childEnd <= end, childEnd > childStart {
        parts.own[fit.node(of: span)] &+= Int64(clamping: end - childEnd)
        split(child, from: start, until: childEnd, besides: nil, trace, fit, &parts, depth: depth + 1)
        end = max(childStart, start)
      }
      child = Int(sibling[child])
    }
    if end > start { parts.own[fit.node(of: span)] &+= Int64(clamping: end - start) }
  }
}
