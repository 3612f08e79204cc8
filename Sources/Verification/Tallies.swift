package import Observations
package import Scenarios
package import Timing

/// What happened, counted.
package struct Tallies: Hashable, Sendable {
  package var opened = 0
  /// Of the opened, those whose TLS session was an earlier connection's.
  package var resumed = 0
  package var failures: [ConnectionFailure: Int] = [:]
  /// By kind: the earliest of them. Statuses, errors and faults are few enough to be kept all.
  package var firstFailures: [ConnectionFailure: FirstFailure] = [:]
  package var closes: [CloseCause: Int] = [:]
  package var closeCodes: [UInt16: Int] = [:]
  /// By close code: the first reason that a server gave, fit to be shown.
  package var closeReasons: [UInt16: String] = [:]
  package var compression = CompressionTally()

  package var messagesSent = 0
  /// Messages all of whose copies came in time.
  package var messagesEchoed = 0
  /// Messages of which at least one copy did not come in time.
  package var messagesLost = 0
  /// Messages of types without an echo.
  package var messagesWithoutEcho = 0
  package var droppedArrivals = 0
  /// The longest time that this tool stood still while it should have sent and received, in nanoseconds.
  package var longestStall: Int64 = 0

  package var copiesExpected = 0
  /// Copies that came in time.
  package var copiesReceived = 0
  package var copiesLost = 0
  /// Copies that came after their time; they are lost ones as well.
  package var copiesLate = 0
  /// How much after its time the latest of them came, in nanoseconds.
  package var greatestLateness: Int64 = 0
  /// Copies beyond the expected.
  package var copiesDuplicate = 0
  /// Copies to connections that are no members of the sender's group.
  package var copiesMisdelivered = 0
  /// Copies that came after that of a later message of the same sender.
  package var copiesOutOfOrder = 0
  /// Messages of other senders that look like echoes.
  package var foreignEchoes = 0
  package var classes: [EchoClass: Int] = [:]
  /// Of these echoes, the ones whose context breaks a rule.
  package var wrongContexts = 0
  package var unreadable: [UnreadableReason: Int] = [:]

  /// Messages whose spans are expected.
  package var tracesExpected = 0
  /// Messages whose spans would be expected, but for their sampled flag, which is 0.
  package var tracesUnsampled = 0
  package var tracesComplete = 0
  /// Traces whose spans show a finding; one of an echo alone leaves its trace complete.
  package var tracesBroken = 0
  /// Traces without a finding of which some expected span did not arrive.
  package var tracesPartial = 0
  /// Traces of which no span arrived.
  package var tracesUnseen = 0

  /// By name of an expected span: the partial traces that it is missing from.
  package var missingSpans: [String: Int] = [:]
  /// Of the partial and the unseen, those that are the server's fault if no telemetry was lost.
  var suspectedPartial = 0
  var suspectedUnseen = 0

  /// Connections whose spans are expected, because their upgrade carried a trace context.
  package var connectionTracesExpected = 0
  package var connectionTracesUnsampled = 0
  /// Connections that were tried more than once, whose traces are not judged.
  package var connectionsReopened = 0
  package var connectionTracesComplete = 0
  package var connectionTracesBroken = 0
  /// Those that leave the question open.
  package var connectionTracesIncomplete: Int {
    connectionTracesExpected - connectionTracesComplete - connectionTracesBroken
  }

  package var spansOfOurs = 0
  /// Spans of traces that the run did not begin: connections, other traffic.
  package var spansOfOthers = 0
  /// The same span again, as a retried export brings it.
  package var spansDuplicate = 0
  /// Expected spans that came after their trace was settled.
  package var spansLate = 0
  /// Spans of messages so old that nothing is known of them any more.
  package var spansForgotten = 0
  /// Spans that found no room.
  package var spansDropped = 0
  /// Spans of ours whose name found no room in the collector's table.
  package var spansUnnamed = 0

  package init() {}

  /// Evidence of one connection that did not open.
  package struct FirstFailure: Hashable, Sendable {
    package var connection: UInt32
    /// Which of the run's addresses it went to.
    package var address: UInt16
    package var at: Instant

    package init(connection: UInt32, address: UInt16, at: Instant) {
      self.connection = connection
      self.address = address
      self.at = at
    }
  }

  /// Counts a failure; reactors tell theirs out of turn, so the earliest may come later.
  mutating func add(_ failed: Observation.ConnectionFailed) {
    failures[failed.reason, default: 0] += 1
    if let first = firstFailures[failed.reason], (first.at, first.connection) <= (failed.at, failed.connection) {
      return
    }
    firstFailures[failed.reason] = FirstFailure(
      connection: failed.connection, address: failed.address, at: failed.at)
  }

  /// Connections that agreed on permessage-deflate, and the bytes of their compressed messages before and after.
  package struct CompressionTally: Hashable, Sendable {
    package var connections = 0
    package var sentPlainBytes: UInt64 = 0
    package var sentWireBytes: UInt64 = 0
    package var receivedPlainBytes: UInt64 = 0
    package var receivedWireBytes: UInt64 = 0
  }

  /// Connections that did not open, whoever's fault it was.
  package var failed: Int { failures.values.reduce(0, +) }
  /// Of these, the ones that this machine or this tool is to blame for.
  package var failedByUs: Int { failures.reduce(0) { $1.key.isOurs ? $0 + $1.value : $0 } }
  /// Sessions that ended otherwise than by us at the end of the run.
  package var lost: Int { closes.reduce(0) { $1.key.isOurWill ? $0 : $0 + $1.value } }
  /// Of those that we ended, the ones whose server did not end the stream in time.
  package var unansweredCloses: Int { closes[.unanswered] ?? 0 }
  /// Messages of which everything is known that was asked.
  package var messagesJudged: Int { max(0, messagesSent - tracesIncomplete) }
  /// Traces that leave the question open.
  package var tracesIncomplete: Int { tracesPartial + tracesUnseen }
}

/// How long things took; warm-up phases are left out, but not of what
/// belongs to connections.
package struct Measurements: Sendable {
  /// Echoed − due, for each copy.
  package var responseTime = LatencyHistogram()
  /// Echoed − sent, for each copy.
  package var serviceTime = LatencyHistogram()
  /// Sent − due, for each message.
  package var sendLag = LatencyHistogram()
  /// The same by phase, from the first; nil for a phase that has sent nothing yet, or is a warm-up.
  package var sendLagByPhase: [LatencyHistogram?] = []
  package var connectTime = LatencyHistogram()
  package var dnsTime = LatencyHistogram()
  package var tcpTime = LatencyHistogram()
  package var proxyTime = LatencyHistogram()
  package var tlsTime = LatencyHistogram()
  package var upgradeTime = LatencyHistogram()
  package var closeTime = LatencyHistogram()
  package var pingTime = LatencyHistogram()
  /// From the first to the last copy of a message that has several.
  package var fanOutSpread = LatencyHistogram()
  /// From the last copy of a message to the last of its spans, where its trace is complete.
  package var spanDelay = LatencyHistogram()

  mutating func record(_ opened: Observation.Opened) {
    connectTime.record(nanoseconds: opened.stages.total)
    for stage in ConnectionStage.allCases {
      guard let nanoseconds = opened.stages[stage] else { continue }
      switch stage {
      case .tcp: tcpTime.record(nanoseconds: nanoseconds)
      case .proxy: proxyTime.record(nanoseconds: nanoseconds)
      case .tls: tlsTime.record(nanoseconds: nanoseconds)
      case .upgrade: upgradeTime.record(nanoseconds: nanoseconds)
      }
    }
  }

  mutating func record(sendLag nanoseconds: Int64, phase: Int) {
    sendLag.record(nanoseconds: nanoseconds)
    while sendLagByPhase.count <= phase { sendLagByPhase.append(nil) }
    if sendLagByPhase[phase] == nil { sendLagByPhase[phase] = LatencyHistogram() }
    sendLagByPhase[phase]?.record(nanoseconds: nanoseconds)
  }

  package subscript(latency: Expectation.Latency) -> LatencyHistogram {
    switch latency {
    case .responseTime: responseTime
    case .serviceTime: serviceTime
    case .sendLag: sendLag
    case .connectTime: connectTime
    case .dnsTime: dnsTime
    case .tcpTime: tcpTime
    case .proxyTime: proxyTime
    case .tlsTime: tlsTime
    case .upgradeTime: upgradeTime
    case .closeTime: closeTime
    case .pingTime: pingTime
    case .fanOutSpread: fanOutSpread
    case .spanDelay: spanDelay
    }
  }
}

extension Tallies.CompressionTally {
  /// Adds what one reactor saw.
  mutating func add(_ compressed: Observation.Compressed) {
    connections += Int(compressed.connections)
    sentPlainBytes &+= compressed.sentPlainBytes
    sentWireBytes &+= compressed.sentWireBytes
    receivedPlainBytes &+= compressed.receivedPlainBytes
    receivedWireBytes &+= compressed.receivedWireBytes
  }
}
