import Observations

extension CollectorBooks {
  /// Exporters that are told one by one; of more only how many there are.
  private static let exporterLimit = 20
  private static let scopeLimit = 6

  /// What the collector received and from whom, for people.
  var lines: [String] {
    var lines = [
      "  collector \(counts.requests) requests, \(counts.bytes) bytes; \(counts.refusedRequests) refused"
        + " (\(counts.decodeErrors) undecodable),"
        + " \(counts.pushedBack) pushed back, \(counts.invalidSpans) invalid spans, \(counts.duplicateSpans) spans"
        + " again by retries"
    ]
    if counts.slowAnswers > 0 || counts.longestStallNanoseconds > 100_000_000 {
      lines.append(
        "            \(counts.slowAnswers) slow answers; its own thread was late by "
          + "\(Report.time(UInt64(clamping: counts.longestStallNanoseconds))) at most")
    }
    if counts.filteredSpans > 0 { lines.append("            \(counts.filteredSpans) spans of other services") }
    if counts.forwarded + counts.forwardFailed > 0 {
      let reason = counts.forwardFailure.map { " (\($0))" } ?? ""
      lines.append("  forwarded \(counts.forwarded) requests, \(counts.forwardFailed) failed\(reason)")
    }
    lines += exporters.prefix(Self.exporterLimit).map(Self.line)
    if exporters.count > Self.exporterLimit {
      lines.append("  … \(exporters.count) exporters in all")
    }
    lines += balances.map(\.line)
    if !series.isEmpty {
      lines.append("  metrics   \(series.count) series" + (droppedPoints > 0 ? ", \(droppedPoints) points beyond" : ""))
    }
    return lines
  }

  private static func line(_ books: ExporterBooks) -> String {
    var parts = ["\(books.spans) spans in \(books.requests) requests of \(books.bytes) bytes"]
    if books.duplicateSpans > 0 { parts.append("\(books.duplicateSpans) again by retries") }
    if books.invalidSpans > 0 { parts.append("\(books.invalidSpans) invalid") }
    if books.dataPoints > 0 { parts.append("\(books.dataPoints) data points") }
    if books.logRecords > 0 { parts.append("\(books.logRecords) log records") }
    let scopes = books.scopes.prefix(scopeLimit).map { scope in
      "\(scope.name.isEmpty ? "(no scope)" : scope.name)\(scope.version.isEmpty ? "" : " " + scope.version)"
        + " \(scope.spans)"
    }
    let more = books.scopes.count > scopeLimit ? ", …" : ""
    if !scopes.isEmpty { parts.append("by scope: \(scopes.joined(separator: ", "))\(more)") }
    if books.queue.showOverflow { parts.append(books.queue.words) }
    return "  exporter  \(books.name): \(parts.joined(separator: "; "))"
  }
}

extension QueueSigns {
  /// What the signs of an overflow are.
  var words: String {
    "its queue was probably full: \(longestRun) batches of \(largestBatch) back to back, whose spans grew "
      + "\(Report.time(UInt64(clamping: ageGrowth))) older"
  }
}

extension SpanBalance {
  fileprivate var line: String {
    guard !beganBefore else {
      return "  balance   \(exporter): its SDK counts from before this tool listened, so nothing can be balanced"
    }
    var line =
      "  balance   \(exporter): \(started) started = \(received) received + \(dropped) dropped + \(sampledOut) sampled"
      + " out + \(unexplained) unexplained"
    if live != 0 { line += " + \(live) live" }
    if waiting != 0 { line += " + \(waiting) waiting" }
    return line
  }
}
