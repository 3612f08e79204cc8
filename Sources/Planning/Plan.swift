package import Scenarios
import Timing
package import TraceContext
package import TransportSecurity

/// What will happen, to the nanosecond: the same scenario, seed and target give the same plan.
package struct Plan: Sendable {
  package let scenario: Scenario
  package let seed: UInt64
  package let target: TargetURL
  /// Which ids the messages of this run carry.
  package let identities: IdentityPermutation
  /// One for each message type of the scenario.
  package let templates: [MessageTemplate]

  /// - Parameter target: replaces the scenario's URL: whole, or its origin only where it has no path.
  package init(scenario: Scenario, seed: UInt64, target: String? = nil) throws(PlanFault) {
    self.scenario = scenario
    self.seed = seed
    identities = IdentityPermutation(seed: seed)
    self.target = try TargetURL(scenario.target.url, replacedBy: target)
    templates = scenario.messages.map { MessageTemplate($0, carrier: scenario.carrier) }
  }

  /// How connections are secured, or nil where they are plain.
  package var tls: TLSConfiguration? { target.isSecure ? scenario.target.tls : nil }

  /// The group of a connection, from 0.
  package func group(ofConnection index: Int) -> Int {
    scenario.group(ofConnection: index)
  }

  /// How many groups the connections are.
  package var groups: Int {
    Share.groups(of: scenario.load.connections, groupSize: scenario.group?.size ?? 1)
  }

  /// A template of the connection filled in.
  package func filled(_ template: Template, connection index: Int) -> String {
    scenario.filled(template, connection: index)
  }

  /// The path of a connection's upgrade, with its query.
  package func path(ofConnection index: Int) -> String { filled(target.path, connection: index) }

  /// The further header fields of a connection's upgrade.
  package func headers(ofConnection index: Int) -> [(name: String, value: String)] {
    scenario.target.headers.map { ($0.name, filled($0.value, connection: index)) } + traceHeaders(ofConnection: index)
  }

  /// Those of them that hold trace context; none where the scenario has no `upgrade`.
  package func traceHeaders(ofConnection index: Int) -> [(name: String, value: String)] {
    guard let trace = scenario.upgrade?.trace else { return [] }
    let connection = UInt32(truncatingIfNeeded: index)
    let traceID = identities.traceID(ofConnection: connection)
    let context = Traceparent(
      traceID: traceID, parentID: identities.spanID(in: traceID), flags: trace.flags.flags(ofConnection: connection))
    return [
      (.traceparent, context.description), (.tracestate, trace.tracestate?.text), (.baggage, trace.baggage?.text),
    ]
    .compactMap { (header: TraceHeader, value: String?) in value.map { (header.rawValue, $0) } }
  }

  /// When a connection begins to open, in nanoseconds after the first.
  package func connectDue(ofConnection index: Int) -> Int64 {
    scenario.load.connectRate.nanoseconds(at: UInt64(index))
  }

  /// The longest that any echo is waited for.
  package var longestWait: Duration { scenario.messages.compactMap { $0.echo?.within }.max() ?? .zero }
}

/// Why a scenario cannot be planned; the author's mistake, or the command line's.
package enum PlanFault: Error, Hashable, Sendable {
  case malformedURL(String)
  /// Neither ws nor wss.
  case unknownScheme(String)
}

extension PlanFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformedURL(let url):
      "'\(RedactedURL.text(url))' is no URL of a WebSocket server; write it as in 'ws://127.0.0.1:8000/path'"
    case .unknownScheme(let scheme):
      "the scheme '\(scheme)' is not that of a WebSocket server; write 'ws://' or 'wss://'"
    }
  }
}
