/// What the scenario demands of the whole run: `p99(response-time) < 50ms`.
package struct Expectation: Hashable, Sendable {
  package var metric: Metric
  package var comparison: Comparison
  /// Nanoseconds, per cent or a count, as the metric has it.
  package var bound: Double
  /// As the author wrote it.
  package var text: String

  package enum Metric: Hashable, Sendable {
    /// A percentile (0 to 100; 100 is the maximum) of a latency, in nanoseconds.
    case latency(Latency, percentile: Double)
    /// Echoes whose trace context is as expected, of those received, in per cent.
    case propagation
    /// Messages whose trace arrived whole, of those sent with a trace, in per cent.
    case completeTraces
    case count(Counter)
  }

  package enum Latency: String, CaseIterable, Hashable, Sendable {
    /// Echoed − due.
    case responseTime = "response-time"
    /// Echoed − sent.
    case serviceTime = "service-time"
    /// Sent − due.
    case sendLag = "send-lag"
    /// From the first SYN to the end of the upgrade.
    case connectTime = "connect-time"
    /// What the resolver took for a name, once a run.
    case dnsTime = "dns-time"
    /// Of the connect time: the TCP handshake.
    case tcpTime = "tcp-time"
    /// Of the connect time: from our CONNECT to the end of the proxy's answer.
    case proxyTime = "proxy-time"
    /// Of the connect time: the TLS handshake.
    case tlsTime = "tls-time"
    /// Of the connect time: from our request to the end of the server's answer.
    case upgradeTime = "upgrade-time"
    /// From our close frame to the end of the stream.
    case closeTime = "close-time"
    /// From a ping to its pong.
    case pingTime = "ping-time"
    /// From the first to the last copy of a message that has several.
    case fanOutSpread = "fan-out-spread"
    /// From the last copy of a message to the arrival of its last span, where its trace is complete.
    case spanDelay = "span-delay"
  }

  package enum Counter: String, CaseIterable, Hashable, Sendable {
    /// Messages that some expected copy of did not come in time.
    case lostMessages = "lost-messages"
    case lostCopies = "lost-copies"
    case duplicateCopies = "duplicate-copies"
    case failedConnections = "failed-connections"
    /// Sessions that ended before the run did.
    case lostConnections = "lost-connections"
    /// Sessions that we closed and whose server did not end them in time.
    case unansweredCloses = "unanswered-closes"
    case droppedArrivals = "dropped-arrivals"
  }

  package enum Comparison: String, CaseIterable, Hashable, Sendable {
    case atMost = "<="
    case atLeast = ">="
    case equal = "=="
    case below = "<"
    case above = ">"

    package func holds(_ value: Double, _ bound: Double) -> Bool {
      switch self {
      case .atMost: value <= bound
      case .atLeast: value >= bound
      case .equal: value == bound
      case .below: value < bound
      case .above: value > bound
      }
    }
  }
}
