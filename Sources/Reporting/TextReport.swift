import Observations
import Scenarios
import Timing
import Verification

extension Report {
  /// The report for people, in plain text of at most about 100 columns.
  package var text: String {
    var lines = [headline, fullVerdicts] + verdict.reasons.map { "  - \($0)" }
    lines += ["", "Latency" + (hasWarmUp ? " (warm-up left out)" : "")] + latencyLines
    lines += ["", "Delivery"] + deliveryLines
    lines += ["", "Propagation"] + propagationLines
    if verdict.tallies.tracesExpected > 0 || collector.counts.spans > 0 { lines += ["", "Traces"] + traceLines }
    lines += timeLines
    lines += ["", "Connections"] + connectionLines
    if !verdict.expectations.isEmpty { lines += ["", "Expectations"] + verdict.expectations.map(Self.line) }
    if !run.injected.isEmpty { lines += ["", "Faults of the reference server"] + injectionLines }
    for finding in verdict.findings { lines += [""] + Self.lines(finding) }
    // Span names, excerpts and the author's texts are all foreign to the terminal.
    return lines.map { $0.printable + "\n" }.joined()
  }

  private var headline: String {
    let interrupted = run.wasInterrupted ? " (interrupted: this is what was done)" : ""
    let subject =
      "\(run.scenario) against \(run.target), \(run.connections) connections, \(Self.decimal(run.seconds, 1)) s"
    return "\(verdict.outcome.rawValue.uppercased())\(interrupted)  \(subject)"
  }

  /// The share of messages of which everything is known that was asked.
  private var fullVerdicts: String {
    let t = verdict.tallies
    guard t.messagesSent > 0 else { return "no message was sent" }
    return "\(Self.percent(t.messagesJudged, of: t.messagesSent)) of \(t.messagesSent) messages have a full verdict"
  }

  private var injectionLines: [String] {
    run.injected.sorted { $0.key < $1.key }.map { name, count in
      "  " + name.padded(to: 32) + "acted on \(count) messages"
    }
  }

  private var hasWarmUp: Bool { verdict.measurements.sendLag.count < UInt64(verdict.tallies.messagesSent) }

  private var latencyLines: [String] {
    let header = Self.row("", ["p50", "p90", "p99", "p99.9", "max"])
    let rows = Expectation.Latency.allCases.compactMap { latency -> String? in
      let histogram = verdict.measurements[latency]
      if !latency.isAlwaysTold, histogram.count == 0 { return nil }
      let cells = [50, 90, 99, 99.9, 100].map { percentile in
        histogram.count == 0 ? "-" : Self.time(histogram.nanoseconds(atPercentile: percentile))
      }
      return Self.row(latency.words, cells)
    }
    return [header] + rows
  }

  private var deliveryLines: [String] {
    let t = verdict.tallies
    var lines = [
      "  messages  \(t.messagesSent) sent = \(t.messagesEchoed) echoed + \(t.messagesLost) lost"
        + (t.messagesWithoutEcho > 0 ? " + \(t.messagesWithoutEcho) without echo" : ""),
      "  copies    \(t.copiesExpected) expected = \(t.copiesReceived) received + \(t.copiesLost) lost"
        + "; \(t.copiesLate) late, \(t.copiesDuplicate) duplicate, \(t.copiesMisdelivered) misdelivered,"
        + " \(t.copiesOutOfOrder) out of order",
    ]
    if t.droppedArrivals > 0 {
      lines.append("  \(t.droppedArrivals) dropped arrivals: due, and no session free to carry them")
    }
    if t.foreignEchoes > 0 { lines.append("  \(t.foreignEchoes) messages of other senders") }
    for (reason, count) in Self.sorted(t.unreadable) { lines.append("  \(count) × \(reason.description)") }
    return lines
  }

  private var propagationLines: [String] {
    let classes = verdict.tallies.classes
    let seen = classes.values.reduce(0, +)
    guard seen > 0 else { return ["  no echo was seen"] }
    let right = seen - verdict.tallies.wrongContexts
    let kinds = EchoClass.allCases.compactMap { echoClass in
      classes[echoClass].map { "\($0) \(echoClass.rawValue)" }
    }
    return [
      "  \(Self.percent(right, of: seen)) of \(seen) echoes carried the context that was expected; "
        + kinds.joined(separator: ", ")
    ]
  }

  private var traceLines: [String] {
    let t = verdict.tallies
    var lines = [
      "  traces    \(t.tracesExpected) expected = \(t.tracesComplete) complete + \(t.tracesBroken) with findings"
        + " + \(t.tracesIncomplete) incomplete (\(t.tracesPartial) with some spans, \(t.tracesUnseen) with none)",
      "  spans     \(t.spansOfOurs) of our traces, \(t.spansOfOthers) of others; \(t.spansDuplicate) repeated,"
        + " \(t.spansLate) late, \(t.spansForgotten + t.spansDropped) not kept",
    ]
    if t.tracesUnsampled > 0 {
      lines.append("  unsampled \(t.tracesUnsampled) messages whose sampled flag was 0: no span expected")
    }
    if t.connectionTracesExpected > 0 {
      lines.append(
        "  upgrades  \(t.connectionTracesExpected) connections with a trace = \(t.connectionTracesComplete) complete"
          + " + \(t.connectionTracesBroken) with findings + \(t.connectionTracesIncomplete) incomplete"
          + (t.connectionsReopened > 0 ? "; \(t.connectionsReopened) opened again, not judged" : ""))
    }
    if let skew = verdict.skew { lines.append("  clocks    the target's is \(Self.words(of: skew)) this machine's") }
    if t.tracesExpected > 0 { lines.append(lossLine) }
    lines.append(verifierLine)
    return lines + collector.lines
  }

  /// Whether one core was enough to verify all.
  private var verifierLine: String {
    let keepsUp = droppedDeliveries == 0 && collector.counts.pushedBack == 0
    return
      "  verifier  \(Self.decimal(run.verifierBusy * 100, 1))% of one core, at most \(run.mostWaiting) deliveries waiting"
      + (keepsUp ? "" : "; it did not keep up, and one core is not enough for this load")
  }

  /// Whether missing spans were held against the server.
  private var lossLine: String {
    verdict.proof.isLossless
      ? "  loss      none: every exporter's own count is that of the spans that arrived"
      : "  loss      not excluded: \(verdict.proof.doubts[0])"
        + (verdict.proof.doubts.count > 1 ? " (and \(verdict.proof.doubts.count - 1) more)" : "")
  }

  /// How far a clock is ahead, by its bounds.
  private static func words(of skew: ClockSkew) -> String {
    func milliseconds(_ nanoseconds: Int64) -> String {
      (nanoseconds < 0 ? "−" : "+") + decimal(Double(nanoseconds.magnitude) / 1e6, 1) + " ms"
    }
    return skew.least <= 0 && skew.most >= 0
      ? "within \(milliseconds(skew.least)) and \(milliseconds(skew.most)) of"
      : "ahead by \(milliseconds(skew.least)) to \(milliseconds(skew.most)) of"
  }

  private var connectionLines: [String] {
    let t = verdict.tallies
    let resumed = t.resumed > 0 ? " (\(t.resumed) by a resumed TLS session)" : ""
    return ["  \(t.opened) opened\(resumed), \(t.failed) failed"]
      + Self.sorted(t.failures).map { "  \($1) × \($0.words)" + (t.firstFailures[$0].map(evidence) ?? "") }
      + Self.sorted(t.closes).filter { $0.0 != .ours }.map { "  \($1) × closed \($0.words)" } + compressionLines
      + closeCodeLines
  }

  private func evidence(_ first: Tallies.FirstFailure) -> String {
    let address = run.address(of: first).map { " to \($0)" } ?? ""
    return "; first connection \(first.connection)\(address), after "
      + Self.time(UInt64(clamping: first.at - run.start))
  }

  private var compressionLines: [String] {
    let compression = verdict.tallies.compression
    guard run.offersCompression || compression.connections > 0 else { return [] }
    let agreed = "  compression agreed on \(compression.connections) of \(verdict.tallies.opened) connections"
    guard compression.connections > 0 else { return [agreed] }
    return [
      agreed + "; messages out \(Self.ratio(compression.sentWireBytes, compression.sentPlainBytes)), in "
        + Self.ratio(compression.receivedWireBytes, compression.receivedPlainBytes)
    ]
  }

  /// How sessions ended, by the code of the server's close frame; left out where all ended as they should.
  private var closeCodeLines: [String] {
    let t = verdict.tallies
    guard t.closeCodes.keys.contains(where: { $0 != 1000 }) || !t.closeReasons.isEmpty else { return [] }
    let header = "  " + "close code".padded(to: 12) + "sessions".leftPadded(to: 9) + "  meaning, and the first reason"
    return [header]
      + t.closeCodes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { code, count in
        let reason = t.closeReasons[code].map { ": '\($0)'" } ?? ""
        return "  " + String(code).padded(to: 12) + String(count).leftPadded(to: 9)
          + "  \(CloseCodeWords.words(of: code))\(reason)"
      }
  }

  /// Bytes on the wire as a share of the bytes before.
  private static func ratio(_ wire: UInt64, _ plain: UInt64) -> String {
    guard plain > 0 else { return "-" }
    return "\(decimal(Double(wire) / Double(plain) * 100, 1))% of \(plain) bytes"
  }

  private static func line(_ judged: JudgedExpectation) -> String {
    let actual = judged.actual.map { value in
      switch judged.expectation.metric {
      case .latency: time(UInt64(value))
      case .propagation, .completeTraces: decimal(floor(value, digits: 3), 3) + "%"
      case .count: String(Int(value))
      }
    }
    return
      "  \(judged.outcome.rawValue.padded(to: 6))\(judged.expectation.text)   actual: \(actual ?? "nothing was seen")"
  }

  // MARK: Numbers

  private static func row(_ name: String, _ cells: [String]) -> String {
    "  " + name.padded(to: 32) + cells.map { $0.leftPadded(to: 11) }.joined()
  }

  /// A time in the unit that suits it.
  static func time(_ nanoseconds: UInt64) -> String {
    switch nanoseconds {
    case 0..<10_000: "\(nanoseconds) ns"
    case 10_000..<1_000_000: "\(decimal(Double(nanoseconds) / 1e3, 1)) µs"
    case 1_000_000..<10_000_000_000: "\(decimal(Double(nanoseconds) / 1e6, 2)) ms"
    default: "\(decimal(Double(nanoseconds) / 1e9, 2)) s"
    }
  }

  /// A share in per cent, never rounded up to 100.
  static func percent(_ part: Int, of whole: Int) -> String {
    whole == 0 ? "-" : decimal(floor(Double(part) / Double(whole) * 100, digits: 3), 3) + "%"
  }

  private static func floor(_ value: Double, digits: Int) -> Double {
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    return (value * scale).rounded(.down) / scale
  }

  static func decimal(_ value: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = (value * scale).rounded()
    guard scaled.magnitude < 9e15 else { return "\(value)" }
    let whole = Int64(scaled)
    let fraction = String(whole.magnitude % UInt64(scale))
    let padding = String(repeating: "0", count: max(digits - fraction.utf8.count, 0))
    return "\(whole < 0 ? "-" : "")\(whole.magnitude / UInt64(scale)).\(padding)\(fraction)"
  }

  static func sorted<Key>(_ counts: [Key: Int]) -> [(Key, Int)] {
    counts.map { ($0.key, $0.value) }.sorted { ($1.1, "\($0.0)") < ($0.1, "\($1.0)") }
  }
}

extension String {
  func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(width - count, 0)) }
  func leftPadded(to width: Int) -> String { String(repeating: " ", count: Swift.max(width - count, 0)) + self }

  /// Without characters that control a terminal, break a line or turn the direction of text.
  var printable: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { scalar in
          switch scalar.properties.generalCategory {
          case .control, .format, .lineSeparator, .paragraphSeparator: "\u{fffd}"
          default: scalar
          }
        }))
  }
}
