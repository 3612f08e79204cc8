package import Scenarios
package import TraceContext

/// Where the trace context of a type's messages comes from; plain values, so that a send counts no references.
package struct ContextSource: Hashable, Sendable, BitwiseCopyable {
  private enum Origin: Hashable, Sendable, BitwiseCopyable {
    case message, connection, received, text, nothing
  }

  private let origin: Origin
  private let flags: FlagRule

  package init(_ trace: TraceSettings) {
    switch trace.mode {
    case .fresh: origin = .message
    case .connection: origin = .connection
    case .sticky: origin = .received
    case .raw: origin = .text
    case .none: origin = .nothing
    }
    flags = trace.mode.isTraced ? trace.flags : FlagRule(sampled: 0, isRandom: false)
  }

  /// Whether messages carry the context that their connection received last, once there is one.
  package var adopts: Bool { origin == .received }

  /// The flags of every message, where its own IDs are all that goes into it, or nothing does; nil where a context has
  /// to be made for each.
  package var fixedFlags: TraceFlags? {
    switch origin {
    case .message, .nothing: flags.common
    case .connection, .received, .text: nil
    }
  }

  /// Whether all that changes in a message's context are its own IDs.
  package var isMessageAlone: Bool { origin == .message && flags.common != nil }

  /// What a message carries where its connection has received no context.
  package func context(
    of message: MessageIdentity, connection: UInt32, in identities: IdentityPermutation
  ) -> Traceparent {
    let own = identities.traceID(of: message)
    let traceID = origin == .connection ? identities.traceID(ofConnection: connection) : own
    return Traceparent(traceID: traceID, parentID: identities.spanID(in: own), flags: flags.flags(of: message))
  }
}
