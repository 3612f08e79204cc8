package import Timing
package import TraceContext
package import TransportSecurity

/// A fact of a run with its instant and without opinion; fixed size, no references.
package enum Observation: Sendable, BitwiseCopyable {
  case opened(Opened)
  case failed(ConnectionFailed)
  case sent(Sent)
  case adopted(Adopted)
  case dropped(DroppedArrivals)
  case echoed(Echoed)
  case foreignEcho(ForeignEcho)
  case unreadable(Unreadable)
  case closed(Closed)
  case stalled(Stalled)
  case compressed(Compressed)
  case ponged(Ponged)
  case resolved(Resolved)

  /// A connection was upgraded to a WebSocket session.
  package struct Opened: Sendable, BitwiseCopyable {
    package var connection: UInt32
    package var security: ConnectionSecurity
    package var at: Instant
    /// From the first SYN to the end of the upgrade; each stage begins where the one before it ends.
    package var stages: StageTimes

    package init(
      connection: UInt32, security: ConnectionSecurity = .none, at: Instant, stages: StageTimes = StageTimes()
    ) {
      self.connection = connection
      self.security = security
      self.at = at
      self.stages = stages
    }
  }

  /// A connection did not become a session.
  package struct ConnectionFailed: Sendable, BitwiseCopyable {
    package var connection: UInt32
    /// Which of the run's addresses it went to.
    package var address: UInt16
    package var at: Instant
    package var reason: ConnectionFailure

    package init(connection: UInt32, address: UInt16 = 0, at: Instant, reason: ConnectionFailure) {
      self.connection = connection
      self.address = address
      self.at = at
      self.reason = reason
    }
  }

  /// A message was handed to the kernel.
  package struct Sent: Sendable, BitwiseCopyable {
    package var message: MessageIdentity
    package var connection: UInt32
    /// Index of its type in the scenario.
    package var type: UInt8
    /// Index of its phase in the scenario.
    package var phase: UInt8
    /// The flags of its traceparent; zero where it carries none.
    package var flags: TraceFlags
    /// Open members of the sender's group.
    package var members: UInt32
    package var due: Instant
    package var at: Instant

    package init(
      message: MessageIdentity, connection: UInt32, type: UInt8, phase: UInt8, flags: TraceFlags = .sampled,
      members: UInt32, due: Instant, at: Instant
    ) {
      self.message = message
      self.connection = connection
      self.type = type
      self.phase = phase
      self.flags = flags
      self.members = members
      self.due = due
      self.at = at
    }
  }

  /// The message that its connection sends next carries a context that it has received, and none of its own; told
  /// right before the message itself.
  package struct Adopted: Sendable, BitwiseCopyable {
    package var message: MessageIdentity
    package var context: Traceparent

    package init(message: MessageIdentity, context: Traceparent) {
      self.message = message
      self.context = context
    }
  }

  /// Messages were due and no session was free to carry them.
  package struct DroppedArrivals: Sendable, BitwiseCopyable {
    /// Computed, where nobody is left to count them by: for Poisson arrivals the expected number.
    package var count: UInt64
    /// When the first of them was due.
    package var due: Instant

    package init(count: UInt64, due: Instant) {
      self.count = count
      self.due = due
    }
  }

  /// A message arrived that some message type of the scenario matches.
  package struct Echoed: Sendable, BitwiseCopyable {
    /// The connection that received it.
    package var connection: UInt32
    package var type: UInt8
    /// What became of the tracestate and the baggage that messages of this type carry.
    package var tracestate: TracestateChange
    package var baggage: BaggageChange
    package var form: ContextForm
    /// The message that its text names, or nil where the type has no such text.
    package var message: MessageIdentity?
    package var context: EchoedContext
    package var at: Instant

    package init(
      connection: UInt32, type: UInt8, tracestate: TracestateChange = .kept, baggage: BaggageChange = .kept,
      form: ContextForm = [], message: MessageIdentity?, context: EchoedContext, at: Instant
    ) {
      self.connection = connection
      self.type = type
      self.tracestate = tracestate
      self.baggage = baggage
      self.form = form
      self.message = message
      self.context = context
      self.at = at
    }
  }

  /// A message arrived that looks like an echo, but its text names no message of this run: another sender's.
  package struct ForeignEcho: Sendable, BitwiseCopyable {
    package var connection: UInt32
    package var type: UInt8
    package var at: Instant

    package init(connection: UInt32, type: UInt8, at: Instant) {
      self.connection = connection
      self.type = type
      self.at = at
    }
  }

  /// Something arrived that is no message of the scenario.
  package struct Unreadable: Sendable, BitwiseCopyable {
    package var connection: UInt32
    package var reason: UnreadableReason
    package var at: Instant

    package init(connection: UInt32, reason: UnreadableReason, at: Instant) {
      self.connection = connection
      self.reason = reason
      self.at = at
    }
  }

  /// This tool itself stood still: its reactor came to its next round so much later than planned.
  package struct Stalled: Sendable, BitwiseCopyable {
    package var nanoseconds: Int64
    package var at: Instant

    package init(nanoseconds: Int64, at: Instant) {
      self.nanoseconds = nanoseconds
      self.at = at
    }
  }

  /// What permessage-deflate (RFC 7692) did on the connections of one reactor, at its end.
  package struct Compressed: Sendable, BitwiseCopyable {
    /// Connections that agreed on it.
    package var connections: UInt32
    /// Bytes of the compressed messages as the application has them, and as frames carried them.
    package var sentPlainBytes: UInt64
    package var sentWireBytes: UInt64
    package var receivedPlainBytes: UInt64
    package var receivedWireBytes: UInt64

    package init(
      connections: UInt32, sentPlainBytes: UInt64, sentWireBytes: UInt64, receivedPlainBytes: UInt64,
      receivedWireBytes: UInt64
    ) {
      self.connections = connections
      self.sentPlainBytes = sentPlainBytes
      self.sentWireBytes = sentWireBytes
      self.receivedPlainBytes = receivedPlainBytes
      self.receivedWireBytes = receivedWireBytes
    }
  }

  /// The server answered a ping of ours.
  package struct Ponged: Sendable, BitwiseCopyable {
    package var connection: UInt32
    package var at: Instant
    package var roundTripNanoseconds: Int64

    package init(connection: UInt32, at: Instant, roundTripNanoseconds: Int64) {
      self.connection = connection
      self.at = at
      self.roundTripNanoseconds = roundTripNanoseconds
    }
  }

  /// The resolver told the addresses of a name.
  package struct Resolved: Sendable, BitwiseCopyable {
    package var at: Instant
    package var nanoseconds: Int64

    package init(at: Instant, nanoseconds: Int64) {
      self.at = at
      self.nanoseconds = nanoseconds
    }
  }

  /// A session ended.
  package struct Closed: Sendable, BitwiseCopyable {
    package var connection: UInt32
    package var at: Instant
    package var cause: CloseCause
    /// The status code of the close frame that was received; 1006 where there was none (RFC 6455 §7.1.5).
    package var code: UInt16
    /// From our close frame to the end of the stream; nil where we sent none first, or the stream did not end in time.
    package var closeNanoseconds: Int64?

    package init(
      connection: UInt32, at: Instant, cause: CloseCause, code: UInt16, closeNanoseconds: Int64? = nil
    ) {
      self.connection = connection
      self.at = at
      self.cause = cause
      self.code = code
      self.closeNanoseconds = closeNanoseconds
    }
  }
}

/// How a connection is secured.
package enum ConnectionSecurity: UInt8, Sendable, BitwiseCopyable {
  case none
  /// TLS, by a handshake of its own.
  case tls
  /// TLS, by the session of an earlier connection.
  case resumedTLS
}

/// What stood in the carrier of an echo.
package enum EchoedContext: Hashable, Sendable, BitwiseCopyable {
  /// No carrier, or none that holds a traceparent.
  case absent
  /// The carrier or its traceparent is not of the right JSON type.
  case wrongType
  case malformed(TraceparentFault)
  case present(Traceparent)
}

/// What is special in how a readable trace context is written.
package struct ContextForm: OptionSet, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The carrier, or a member of it that belongs to trace context, is there more than once; the last one was read.
  package static let repeated = ContextForm(rawValue: 1)
  /// The traceparent is of a version after 00.
  package static let laterVersion = ContextForm(rawValue: 2)
}

/// Why a connection did not become a session.
package enum ConnectionFailure: Hashable, Sendable, BitwiseCopyable {
  /// The `errno` of the connect, reset or read.
  case system(Int32)
  case tls(TLSFault)
  /// The proxy answered our CONNECT with this HTTP status.
  case refusedByProxy(status: UInt16)
  /// The proxy's answer is no HTTP.
  case malformedProxyAnswer(ProxyFault)
  /// The proxy closed the connection before it answered.
  case closedByProxy
  /// The server answered the upgrade with this HTTP status.
  case refusedUpgrade(status: UInt16)
  /// The answer to the upgrade breaks RFC 6455 §4.1 or HTTP.
  case malformedUpgrade(UpgradeFault)
  /// The server closed the connection before it answered.
  case closedEarly
  /// No session within the time limit, which ended in this stage.
  case timedOut(ConnectionStage)
  /// We gave up because the run was stopped.
  case abandoned

  /// Whether this machine lacked something (ports, descriptors, memory), or we gave up: nothing that the server did.
  package var isOurs: Bool {
    switch self {
    case .system(let errno): SystemError.isLocalShortage(errno)
    case .abandoned: true
    case .tls, .refusedByProxy, .malformedProxyAnswer, .closedByProxy, .refusedUpgrade, .malformedUpgrade, .closedEarly,
      .timedOut:
      false
    }
  }
}

/// What is wrong with a proxy's answer.
package enum ProxyFault: CaseIterable, Hashable, Sendable, BitwiseCopyable {
  case malformedHead
  case headTooLong
}

/// The rule of RFC 6455 §4.1 (or HTTP, or RFC 7692) that an answer to the upgrade breaks.
package enum UpgradeFault: CaseIterable, Hashable, Sendable, BitwiseCopyable {
  case malformedHead
  case headTooLong
  case missingUpgrade
  case missingConnection
  case wrongAccept
  case unrequestedExtension
  case malformedExtensions
  case repeatedExtension
  case unknownCompressionParameter
  case repeatedCompressionParameter
  case malformedCompressionValue
  case serverKeepsContext
  case serverWindowTooLarge
  case clientWindowNotOffered
  case clientWindowTooLarge
  case unrequestedSubprotocol
  case severalSubprotocols
}

/// Why something that arrived is no message of the scenario.
package enum UnreadableReason: Hashable, Sendable, BitwiseCopyable {
  case invalidJSON
  /// JSON, but not an object.
  case notAnObject
  /// A binary message, where the scenario knows only text.
  case binary
  /// A JSON object that no message type of the scenario matches.
  case unmatched
  /// The frames break RFC 6455 or, compressed, RFC 7692; the connection fails.
  case protocolError(section: StaticSection, code: UInt16)
}

/// A section number of a standard, held as two small numbers so that records stay plain bytes.
package struct StaticSection: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
  /// The number of the RFC.
  package var standard: UInt16
  package var major: UInt8
  /// 0 for the whole of `major`.
  package var minor: UInt8

  package init(_ major: UInt8, _ minor: UInt8, of standard: UInt16 = 6455) {
    self.standard = standard
    self.major = major
    self.minor = minor
  }

  package var description: String { "RFC \(standard) §\(major)" + (minor == 0 ? "" : ".\(minor)") }
}

/// Who ended a session, and how.
package enum CloseCause: Hashable, Sendable, BitwiseCopyable {
  /// We began the closing handshake, and the stream ended.
  case ours
  /// We began the closing handshake, and the stream did not end within the time limit.
  case unanswered
  /// The server sent a close frame first.
  case server
  /// The TCP stream ended without a close frame.
  case streamEnded
  /// The `errno` of the read or write that failed.
  case system(Int32)
  /// The TLS session broke.
  case tls(TLSFault)
  /// We failed the connection because of what the server sent.
  case protocolError
  /// The server did not read what we sent, or not fast enough: too much was waiting.
  case backlog

  /// Whether we ended it because the run was over.
  package var isOurWill: Bool {
    switch self {
    case .ours, .unanswered: true
    case .server, .streamEnded, .system, .tls, .protocolError, .backlog: false
    }
  }
}
