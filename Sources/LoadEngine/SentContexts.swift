import Planning
import TraceContext

/// What decides which context each message of one reactor carries: its type, and what its connection has received.
struct SentContexts {
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

  /// What a message of this type carries, and whether that was received, and is none of ours to make.
  ///
  /// - Parameters:
  ///   - index: of the connection within the reactor.
  ///   - number: of the connection in the scenario.
  func context(
    of message: MessageIdentity, type: Int, on index: Int, number: UInt32, _ identities: IdentityPermutation
  ) -> (context: Traceparent, isAdopted: Bool) {
    let source = sources[type]
    if source.adopts, let context = received(on: index) { return (context, true) }
    return (source.context(of: message, connection: number, in: identities), false)
  }

  /// The context that a connection has received last.
  func received(on index: Int) -> Traceparent? {
    guard !received.isEmpty, !received[index].traceID.isZero else { return nil }
    return received[index]
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
