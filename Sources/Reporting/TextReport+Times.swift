import Verification

// Where the time went: the response time of each message type along the spans that its last copy waited for.
extension Report {
  var timeLines: [String] {
    guard !verdict.timeSplits.isEmpty else { return [] }
    return ["", "Where the time went"] + verdict.timeSplits.flatMap(Self.lines)
  }

  private static func lines(_ split: TimeSplitSummary) -> [String] {
    let slowest = split.slowest.indices.map { $0 == 0 ? "slowest" : "\($0 + 1)." }
    let header =
      "  " + "\(split.type) (\(split.messages) messages)".padded(to: 44)
      + (["p50", "p99"] + slowest).map { $0.leftPadded(to: 11) }.joined()
    let rows = split.rows.map { row in
      "  " + (String(repeating: "  ", count: row.depth) + row.name).padded(to: 44)
        + row.nanoseconds.map { time(UInt64(clamping: $0)).leftPadded(to: 11) }.joined()
    }
    let messages = split.slowest.isEmpty ? [] : ["    slowest: \(split.slowest.joined(separator: ", "))"]
    return [header] + rows + messages
  }
}
