package import Timing
package import TransportSecurity

/// What the author asks for: the target, the load, the messages and what is expected of them.
package struct Scenario: Sendable {
  package var name: String
  package var target: Target
  /// Where messages hold their trace context.
  package var carrier: Carrier
  /// How connections are grouped, or nil where each stands alone.
  package var group: Group?
  package var load: Load
  /// What the upgrade request carries and makes; nil where it carries no trace context.
  package var upgrade: UpgradeRule?
  /// In the order of the file; at most 255.
  package var messages: [MessageType]
  package var expectations: [Expectation]
  package var collector: CollectorSettings
}

/// The server under test.
package struct Target: Sendable {
  package var url: Template
  package var headers: [(name: String, value: Template)]
  /// For a `wss` URL.
  package var tls: TLSConfiguration
  /// Tokens, the preferred one first; empty where none are offered.
  package var subprotocols: [String] = []
  /// Nil where none is offered.
  package var compression: CompressionWish?
  package var auth: Credentials?
  package var cookies: [(name: String, value: Template)] = []
  package var reconnect: Reconnect?
  /// Time between two pings of one connection; nil sends none.
  package var pingInterval: Duration?
  package var slowReading: SlowReading?
  package var timeLimits = TimeLimits()
  /// Which addresses of the URL's host connections go to.
  package var addresses: AddressPolicy
  /// `host:port` of the servers that connections go to in turn, instead of the URL's host; empty for that.
  package var connectTo: [String]
  /// What connections go through; it looks the URL's host up itself. Nil for none, and then only `connectTo` may be.
  package var proxy: ProxyURL?
  /// Addresses of this machine, or ranges of them (`10.0.0.0/28`), that connections come from; empty leaves it to the
  /// kernel.
  package var sourceAddresses: [String]
}

package enum AddressPolicy: String, CaseIterable, Hashable, Sendable {
  /// The first that the resolver tells.
  case first
  /// All, in turn.
  case all
}

/// The part of a message that holds trace context.
package struct Carrier: Hashable, Sendable {
  /// Keys from the top of the message to the object that has `traceparent` as a member (RFC 6901, unescaped).
  package var path: [String]
}

/// Connections that belong together, in the order in which they open: the first `size` are the first group.
package struct Group: Hashable, Sendable {
  package var name: String
  package var size: Int
}

package struct Load: Sendable {
  package var connections: Int
  package var connectRate: Rate
  /// The send lag at p99 above which a phase is too late to answer questions of time.
  package var sendLagBound: Duration
  /// At most 255.
  package var phases: [Phase]
}

/// A stretch of the run with its own load.
package struct Phase: Hashable, Sendable {
  package var name: String
  package var duration: Duration
  package var pace: Pace
  /// Whether its latencies are left out of the histograms; its messages are verified like all others.
  package var isWarmUp: Bool
}

/// What decides when the next message is sent.
package enum Pace: Hashable, Sendable {
  /// Open model: messages are due over all connections, whatever the server does.
  case open(OpenLoad)
  /// Closed model: each connection sends, waits for its echo, thinks, and sends again.
  case closed(thinkTime: Duration)
}

/// When the messages of an open phase are due.
package struct OpenLoad: Hashable, Sendable {
  /// The rate at the phase's start.
  package var from: Rate
  /// The rate at its end, which it changes to evenly.
  package var to: Rate
  package var arrivals: Arrivals
  /// How many messages are due at the same instant; above 0.
  package var burst: Int

  package init(from: Rate, to: Rate? = nil, arrivals: Arrivals = .constant, burst: Int = 1) {
    self.from = from
    self.to = to ?? from
    self.arrivals = arrivals
    self.burst = max(burst, 1)
  }
}

package enum Arrivals: String, CaseIterable, Hashable, Sendable {
  case constant
  case poisson
}

/// One kind of message that virtual users send.
package struct MessageType: Sendable {
  package var name: String
  package var weight: Int
  package var body: BodyValue
  /// Bytes that the message's text is padded to; nil leaves it as it is.
  package var size: Int?
  package var trace: TraceSettings
  /// Nil where no answer is expected.
  package var echo: EchoRule?
  /// The spans that the target makes for it; empty where nothing is said of them.
  package var spans: [SpanRule]
}

/// How an echo is recognised and what it must carry.
package struct EchoRule: Sendable {
  /// Top-level members that an echo has, with their text.
  package var match: [(key: String, value: MatchValue)]
  package var copies: Count
  /// How long after the send an echo is waited for.
  package var within: Duration
  package var context: ContextRule
  /// The name of the span that each echo's parent ID must name, if the author says so.
  package var parent: NamePattern?
}

/// What a matched member must be.
package enum MatchValue: Sendable {
  case text(Template)
  case bool(Bool)
  case null
  /// A number, by its text.
  case number(String)
}

/// What an echo's trace context must be, seen from the message that it answers.
package enum ContextRule: String, CaseIterable, Hashable, Sendable {
  /// The same trace and a new parent ID.
  case continued
  /// The same trace; the parent ID may be ours still, as with a server that only returns what it gets.
  case unchanged
  /// A trace that is none of ours: what a message without a context, or with an invalid one, is answered with.
  case new
  /// None at all.
  case absent
}

package struct CollectorSettings: Hashable, Sendable {
  /// 0: the kernel chooses a port. Nil: 4318, or any where the tool starts the target itself. It serves gRPC as well.
  package var httpPort: Int?
  /// A second port, where exporters look for gRPC. Nil: 4317 beside the usual 4318, else none.
  package var grpcPort: Int?
  /// The services whose spans are verified, by `service.name`; empty for all. Spans of others are counted.
  package var services: [String]
  /// How long the verifier waits for spans after the last that it saw.
  package var settle: Duration
  /// Makes the collector answer slowly, to see what the target's exporter does then.
  package var answerDelay: Duration
  /// Bytes that spans may take while they wait for their verdict; what finds no room makes the run inconclusive.
  package var memory: Int

  package static let standard = CollectorSettings(
    httpPort: nil, grpcPort: nil, services: [], settle: .seconds(8), answerDelay: .zero, memory: 512 << 20)

  /// Spans that may wait for the verifier (80 bytes each), and as many again while it takes those: a quarter.
  package var waitingSpanLimit: Int { memory / 8 / 80 }
  /// Bytes of spans that may be kept until they are judged: the rest.
  package var keptBytes: Int { memory / 4 * 3 }

  /// What `memory` may be.
  package static let memoryRange = 1 << 20...1 << 40
}
