import Planning
import TraceContext

/// What decides which context each message of one reactor carries: its type, and what its connection has received.
struct SentContexts {
  /// The context of a message that carries not just its own IDs.
  struct Choice {
    var context: Traceparent
    /// Whether it was received, and is none of ours to make.
    var isAdopted: Bool
  }

  /// By message type: `ContextSource.fixedFlags`, looked at for each message.
  let fixedFlags: [TraceFlags?]
  private let sources: [ContextSource]
  /// By connection: the traceparent that it received last, with a trace ID of zero for none. Empty where no message
  /// type asks for it.
  private var received: [Traceparent]

  init(_ plan: Plan, connections: Int) {
    sources = plan.templates.map(\.context)
    fixedFlags = sources.map(\.fixedFlags)
    received = sources.contains { $0.adopts } ? Array(repeating: Self.none, count: connections) : []
  }

  private static let none = Traceparent(traceID: .zero, parentID: .zero, flags: [])

  /// - Parameters:
  ///   - index: of the connection within the reactor.
  ///   - number: of the connection in the scenario.
  func choice(
    of message: MessageIdentity, type: Int, on index: Int, number: UInt32, _ identities: IdentityPermutation
  ) -> Choice {
    let source = sources[type]
    if source.adopts, !received[index].traceID.isZero { return Choice(context: received[index], isAdopted: true) }
    return Choice(
      context: source.context(of: message, connection: number, in: identities), isAdopted: false)
  }

  /// A connection has received this context.
  mutating func note(_ context: Traceparent, on index: Int) {
    if !received.isEmpty { received[index] = context }
  }

  /// A connection begins anew, and has received nothing.
  mutating func forget(_ index: Int) {
    if !received.isEmpty { received[index] = Self.none }
  }
}
