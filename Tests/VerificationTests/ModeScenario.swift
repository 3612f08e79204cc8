import Observations
import Scenarios
import TraceContext

@testable import Verification

/// One message type, `work`, in each way in which traces go from message to message; rooms are of three.
enum ModeScenario {
  /// The tree of a message: one reply for each member.
  static let spans = """
    [{ name: receive, children: [{ name: handle }, { name: reply, count: "{{ room.size }}" }] }]
    """
  static func shape(members: Int) -> [SpanShape] {
    [
      SpanShape(
        "receive", .server, [SpanShape("handle")] + Array(repeating: SpanShape("reply", .client), count: members))
    ]
  }

  /// - Parameters:
  ///   - trace: the mode, as the scenario has it.
  ///   - entry: what the entry span hangs on.
  ///   - others: further message types, a line each, indented by two.
  static func make(
    _ trace: String, entry: String = "client", echo: String = "continued", upgrade: String = "", others: String = "",
    spans: String = spans, settings: String = "collector: { settle: 6s }"
  ) throws -> Scenario {
    let spans = spans.replacing("[{ name: receive,", with: "[{ name: receive, parent: \(entry),")
    return try Scenario(
      yaml: """
        name: modes
        target: { url: "ws://127.0.0.1:8000/{{ room }}" }
        groups: { room: 3 }
        load: { connections: 6, phases: [{ for: 1s, rate: 1/s }] }
        \(upgrade)
        messages:
          work:
            body: { type: work, text: "w-{{ message.id }}" }
            trace: \(trace)
            echo: { match: { type: work, text: "w-{{ message.id }}" }, copies: "{{ room.size }}", trace-context: \(echo), within: 2s }
            spans: \(spans)
        \(others)
        \(settings)
        """, file: "modes.yaml")
  }
}

extension MadeUpRun {
  /// A right message of the type `work`, or of one like it.
  ///
  /// - Parameter context: what it carries; nil for a trace of its own.
  mutating func work(
    _ type: UInt8 = 0, on connection: UInt32 = 0, carrying context: Traceparent? = nil, members: Int = 1,
    shape: [SpanShape]? = nil
  ) -> Exchange {
    var exchange = exchange(
      type, connection: connection, members: members, shape: shape ?? ModeScenario.shape(members: members),
      echoNames: "reply")
    if let context { exchange.carry(context) }
    return exchange
  }

  /// The same of a message of connection mode.
  mutating func workInConnection(_ connection: UInt32 = 0, shape: [SpanShape]? = nil) -> Exchange {
    var exchange = work(on: connection, shape: shape)
    exchange.carry(
      Traceparent(
        traceID: identities.traceID(ofConnection: connection), parentID: identities.spanID(of: exchange.identity),
        flags: .sampled))
    return exchange
  }

  /// Adds a message that carries what its connection received.
  mutating func addAdopting(_ exchange: Exchange) {
    addFact(.adopted(exchange.adoption))
    add(exchange)
  }

  /// Spans of a connection's own: one root below the upgrade's context with these below it.
  mutating func addUpgrade(_ connection: UInt32, _ shape: [SpanShape], isOpened: Bool = true) {
    if isOpened { addOpened(connection) }
    let traceID = identities.traceID(ofConnection: connection)
    var clock = Self.wall
    for tree in shape {
      for span in make(tree, under: identities.spanID(in: traceID).rawValue, &clock) {
        addSpan(observation(span, in: traceID))
      }
    }
  }

  mutating func addOpened(_ connection: UInt32) {
    addFact(.opened(Observation.Opened(connection: connection, at: now, stages: StageTimes())))
  }
}

extension Exchange {
  /// Replaces its own trace by another context.
  mutating func carry(_ context: Traceparent) {
    let own = clientSpan.rawValue
    traceID = context.traceID
    clientSpan = context.parentID
    isInSharedTrace = true
    for index in spans.indices where spans[index].parent == own { spans[index].parent = clientSpan.rawValue }
    changeEchoes { $1.traceID = context.traceID }
  }

  var adoption: Observation.Adopted {
    Observation.Adopted(
      message: identity, context: Traceparent(traceID: traceID, parentID: clientSpan, flags: .sampled))
  }

  /// What its first echo carries.
  var answer: Traceparent {
    if case .present(let traceparent)? = echoes.first?.context { return traceparent }
    return Traceparent(traceID: traceID, parentID: clientSpan, flags: .sampled)
  }
}
