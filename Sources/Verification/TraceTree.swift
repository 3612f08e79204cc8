/// Draws the spans of a trace as a tree of text, a line a span; long ones are cut.
enum TraceTree {
  static let lineLimit = 48

  /// - Parameters:
  ///   - parents: by span: its parent's place, or nil for one at the top.
  ///   - starts: by span: siblings are shown in the order in which they began.
  ///   - describe: a span's line, without its indentation.
  static func lines(parents: [Int?], starts: [UInt64], describe: (Int) -> String) -> [String] {
    var children = [[Int]](repeating: [], count: parents.count)
    var tops: [Int] = []
    for (place, parent) in parents.enumerated() {
      if let parent { children[parent].append(place) } else { tops.append(place) }
    }
    func latestFirst(_ places: [Int]) -> [Int] { places.sorted { (starts[$0], $0) > (starts[$1], $1) } }
    var lines: [String] = []
    var stack = latestFirst(tops).map { (place: $0, depth: 1) }
    while let (place, depth) = stack.popLast(), lines.count < lineLimit {
      lines.append(String(repeating: "  ", count: min(depth, 40)) + describe(place))
      stack += latestFirst(children[place]).map { ($0, depth + 1) }
    }
    if lines.count < parents.count, lines.count >= lineLimit { lines.append("… \(parents.count) spans in all") }
    return lines
  }

  /// A span's times, relative to the first of its trace.
  static func times(start: UInt64, end: UInt64, origin: UInt64) -> String {
    "+\(milliseconds(start - min(start, origin))) for \(milliseconds(end - min(end, start)))"
  }
}
