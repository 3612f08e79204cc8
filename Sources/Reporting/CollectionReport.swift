import Foundation
package import Observations
package import Verification

/// All that is told of what the collector alone received.
package struct CollectionReport: Sendable {
  package var seconds: Double
  package var books: CollectorBooks
  package var traces: TraceBook.Counts
  package var findings: [InvariantFinding]

  package init(seconds: Double, books: CollectorBooks, traces: TraceBook.Counts, findings: [InvariantFinding]) {
    self.seconds = seconds
    self.books = books
    self.traces = traces
    self.findings = findings
  }

  /// For people, in plain text.
  package var text: String {
    var lines = [
      "Collected \(traces.spans) spans of \(traces.traces) traces in \(Report.decimal(seconds, 1)) s",
      "  traces    \(traces.settledTraces) judged, \(traces.unquietTraces) of them not quiet yet,"
        + " \(traces.cutTraces) cut for want of memory",
      "  spans     \(traces.repeatedSpans) repeated, \(traces.lateSpans) late, \(traces.droppedSpans) left out",
    ]
    lines += books.lines
    lines += seriesLines
    if findings.isEmpty { lines += ["", "No violation of what holds for every trace"] }
    for finding in findings { lines += [""] + Self.lines(finding) }
    return Self.printable(lines)
  }

  /// Lines of foreign text, fit for a terminal.
  package static func printable(_ lines: [String]) -> String { lines.map { $0.printable + "\n" }.joined() }

  private static let seriesLimit = 40

  private var seriesLines: [String] {
    guard !books.series.isEmpty else { return [] }
    var lines = ["", "Metrics"]
    lines += books.series.prefix(Self.seriesLimit).map { series in
      let exporter = books.exporters.indices.contains(series.exporter) ? books.exporters[series.exporter].name : "?"
      let attributes = series.attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      let labels = attributes.isEmpty ? "" : " {\(attributes.joined(separator: ", "))}"
      return "  \(exporter): \(series.name)\(labels) \(series.reading.words) \(series.unit)"
    }
    if books.series.count > Self.seriesLimit { lines.append("  … \(books.series.count) series in all") }
    return lines
  }

  private static func lines(_ finding: InvariantFinding) -> [String] {
    var lines = [
      "Violation \(finding.invariant.rawValue) × \(finding.count)",
      "  \(finding.invariant.requirement) [\(finding.invariant.source)]",
    ]
    for (index, evidence) in finding.evidence.enumerated() {
      lines.append("  trace \(evidence.traceID): \(evidence.detail)")
      guard index == 0 else { continue }
      lines += evidence.tree.map { "    | \($0)" }
    }
    return lines
  }
}

extension MetricReading {
  /// In one line.
  fileprivate var words: String {
    switch self {
    case .gauge(let number): number.text
    case .sum(let number, _): number.text
    case .histogram(let histogram): histogram.totals.words
    case .exponentialHistogram(let histogram): histogram.totals.words
    case .summary(let count, let sum): "\(count) measurements, sum \(Report.decimal(sum, 3))"
    }
  }
}

extension MetricNumber {
  fileprivate var text: String {
    switch self {
    case .int(let value): String(value)
    case .double(let value): Report.decimal(value, 3)
    }
  }
}

extension HistogramTotals {
  fileprivate var words: String {
    let parts = [("sum", sum), ("min", min), ("max", max)].compactMap { name, value in
      value.map { "\(name) \(Report.decimal($0, 3))" }
    }
    return (["\(count) measurements"] + parts).joined(separator: ", ")
  }
}
