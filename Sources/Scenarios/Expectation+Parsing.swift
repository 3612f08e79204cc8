import Timing
import Yams

extension DocumentReader {
  mutating func readExpectations(_ node: Node) -> [Expectation] {
    guard let nodes = list(node, named: "expect") else { return [] }
    return nodes.compactMap { readExpectation($0) }
  }

  private mutating func readExpectation(_ node: Node) -> Expectation? {
    guard let line = text(node, named: "expect") else { return nil }
    let comparisons = Expectation.Comparison.allCases
    guard
      let (comparison, range) = comparisons.lazy.compactMap({ comparison in
        line.firstRange(of: comparison.rawValue).map { (comparison, $0) }
      }).first
    else {
      report(
        "\(quoted(line)) compares nothing", at: node,
        hint: "write a metric, one of \(comparisons.map(\.rawValue).joined(separator: " ")), and a bound")
      return nil
    }
    let left = line[..<range.lowerBound].filter { $0 != " " }
    let right = line[range.upperBound...].filter { $0 != " " }
    guard let metric = metric(String(left), at: node), let bound = bound(String(right), of: metric, at: node) else {
      return nil
    }
    return Expectation(metric: metric, comparison: comparison, bound: bound, text: line)
  }

  private mutating func metric(_ word: String, at node: Node) -> Expectation.Metric? {
    if word == "propagation" { return .propagation }
    if word == "complete-traces" { return .completeTraces }
    if let counter = Expectation.Counter(rawValue: word) { return .count(counter) }
    let latencies = Expectation.Latency.allCases.map(\.rawValue)
    if let open = word.firstIndex(of: "("), word.hasSuffix(")") {
      let name = String(word[word.index(after: open)...].dropLast())
      guard let latency = Expectation.Latency(rawValue: name) else {
        reportUnknown(name, what: "latency", among: latencies, at: node)
        return nil
      }
      let statistic = word[..<open]
      if statistic == "max" { return .latency(latency, percentile: 100) }
      if statistic.first == "p", let percentile = Quantities.number(String(statistic.dropFirst())), percentile <= 100 {
        return .latency(latency, percentile: percentile)
      }
      report("\(quoted(statistic)) is no percentile", at: node, hint: "write 'p50', 'p99.9' or 'max'")
      return nil
    }
    let known =
      ["propagation", "complete-traces"] + Expectation.Counter.allCases.map(\.rawValue)
      + latencies.map { "p99(\($0))" }
    reportUnknown(word, what: "metric", among: known, at: node)
    return nil
  }

  private mutating func bound(_ word: String, of metric: Expectation.Metric, at node: Node) -> Double? {
    switch metric {
    case .latency:
      if let duration = Quantities.duration(word) { return Double(duration.clampedNanoseconds) }
      report("the bound \(quoted(word)) is no time", at: node, hint: "write it with its unit, as in '50ms'")
    case .propagation, .completeTraces:
      if let value = Quantities.percentage(word) { return value }
      report("the bound \(quoted(word)) is no percentage", at: node, hint: "write it as in '99.9%', at most '100%'")
    case .count:
      if Self.isJSONNumber(word), let value = Int(word), value >= 0 { return Double(value) }
      report("the bound \(quoted(word)) is no count", at: node, hint: "write a whole number, as in '0'")
    }
    return nil
  }
}
