package import Observations
package import Timing
package import TransportSecurity
package import WebSocketProtocol

/// The life of one virtual user's connection: facts go in, at most one action comes out.
///
/// It holds exactly what its state needs; the driver owns the socket and the bytes.
package enum Session: Sendable {
  /// Not begun, or over.
  case none
  // Boxed, so that a session that is open does not keep the room that opening it took.
  /// The TCP connection is under way.
  indirect case connecting(Opening)
  /// The TLS handshake is under way.
  indirect case securing(Opening)
  /// The upgrade was sent.
  indirect case upgrading(Opening)
  case open
  /// Our close frame was sent; the server's (whose code is kept) and the stream's end are awaited: the server closes
  /// TCP first (RFC 6455 §7.1.1).
  case closing(since: Instant, CloseCode?)

  /// What is known of a connection on its way to a session.
  package struct Opening: Sendable {
    let handshake: ClientHandshake
    /// When the first SYN went out.
    let begin: Instant
    /// When its stage began.
    fileprivate(set) var since: Instant
    fileprivate(set) var times = StageTimes()

    init(_ handshake: ClientHandshake, at now: Instant) {
      self.handshake = handshake
      begin = now
      since = now
    }

    /// The same with one stage behind it.
    func after(_ stage: ConnectionStage, at now: Instant) -> Opening {
      var next = self
      next.times[stage] = now - since
      next.since = now
      return next
    }
  }

  package enum Action: Equatable, Sendable {
    case nothing
    /// Begin the TLS handshake.
    case beginTLS
    /// Send the upgrade.
    case sendUpgrade([UInt8])
    /// The session is open, `headLength` bytes of the input belong to the handshake.
    case opened(
      headLength: Int, connectNanoseconds: Int64, stages: StageTimes, compression: CompressionAgreement? = nil)
    case failed(ConnectionFailure)
    /// Answer with a close frame of this code, then end.
    case answerClose(CloseCode)
    /// End the connection; where our close frame began that, it took so long.
    case ended(CloseCause, code: CloseCode, closeNanoseconds: Int64? = nil)
  }

  package var isOpen: Bool {
    switch self {
    case .open: true
    case .none, .connecting, .securing, .upgrading, .closing: false
    }
  }

  /// The stage of a connection that is no session yet, and since when it lasts.
  package var stage: (stage: ConnectionStage, since: Instant)? {
    switch self {
    case .connecting(let opening): (.tcp, opening.since)
    case .securing(let opening): (.tls, opening.since)
    case .upgrading(let opening): (.upgrade, opening.since)
    case .none, .open, .closing: nil
    }
  }

  package mutating func began(_ handshake: ClientHandshake, at now: Instant) {
    self = .connecting(Opening(handshake, at: now))
  }

  /// The TCP connection stands.
  package mutating func connected(withTLS isSecured: Bool, at now: Instant) -> Action {
    switch consume self {
    case .connecting(let opening):
      let next = opening.after(.tcp, at: now)
      if isSecured {
        self = .securing(next)
        return .beginTLS
      }
      self = .upgrading(next)
      return .sendUpgrade(next.handshake.request)
    case let other:
      self = other
      return .nothing
    }
  }

  /// The TLS handshake is over.
  package mutating func secured(at now: Instant) -> Action {
    switch consume self {
    case .securing(let opening):
      self = .upgrading(opening.after(.tls, at: now))
      return .sendUpgrade(opening.handshake.request)
    case let other:
      self = other
      return .nothing
    }
  }

  /// The TLS handshake failed, or the TLS session broke later.
  package mutating func broken(by fault: TLSFault, at now: Instant) -> Action {
    switch consume self {
    case .none:
      self = .none
      return .nothing
    case .connecting, .securing, .upgrading:
      self = .none
      return .failed(.tls(fault))
    case .open:
      self = .none
      return .ended(.tls(fault), code: .abnormal)
    case .closing(let since, let code):
      self = .none
      return .ended(.ours, code: code ?? .abnormal, closeNanoseconds: now - since)
    }
  }

  /// Bytes that answer the upgrade are there.
  package mutating func received(answer bytes: UnsafeRawBufferPointer, at now: Instant) -> Action {
    switch consume self {
    case .upgrading(let opening):
      do throws(ClientHandshake.Fault) {
        switch try opening.handshake.read(bytes) {
        case .incomplete:
          self = .upgrading(opening)
          return .nothing
        case .accepted(let headLength, let compression, _):
          self = .open
          return .opened(
            headLength: headLength, connectNanoseconds: now - opening.begin,
            stages: opening.after(.upgrade, at: now).times, compression: compression)
        case .refused(let status):
          self = .none
          return .failed(.refusedUpgrade(status: status))
        }
      } catch {
        self = .none
        return .failed(.malformedUpgrade(UpgradeFault(error)))
      }
    case let other:
      self = other
      return .nothing
    }
  }

  /// The server sent a close frame.
  package mutating func received(close code: CloseCode) -> Action {
    switch consume self {
    case .open:
      self = .none
      return .answerClose(code)
    case .closing(let since, _):
      self = .closing(since: since, code)
      return .nothing
    case let other:
      self = other
      return .nothing
    }
  }

  /// We sent a close frame because the run is over.
  package mutating func beganClosing(at now: Instant) {
    self = .closing(since: now, nil)
  }

  /// The TCP stream ended, or failed with an `errno`.
  package mutating func streamEnded(errno: Int32?, at now: Instant) -> Action {
    switch consume self {
    case .none:
      self = .none
      return .nothing
    case .connecting, .securing, .upgrading:
      self = .none
      return .failed(errno.map { .system($0) } ?? .closedEarly)
    case .open:
      self = .none
      return .ended(errno.map { .system($0) } ?? .streamEnded, code: .abnormal)
    case .closing(let since, let code):
      self = .none
      return .ended(.ours, code: code ?? .abnormal, closeNanoseconds: now - since)
    }
  }

  /// The time limit of the stage, or of the closing handshake, is over.
  package mutating func timedOut() -> Action {
    switch consume self {
    case .connecting:
      self = .none
      return .failed(.timedOut(.tcp))
    case .securing:
      self = .none
      return .failed(.timedOut(.tls))
    case .upgrading:
      self = .none
      return .failed(.timedOut(.upgrade))
    case .closing(_, let code):
      self = .none
      return .ended(.unanswered, code: code ?? .abnormal)
    case let other:
      self = other
      return .nothing
    }
  }

  /// The run is stopped before the session stands.
  package mutating func abandoned() -> Action {
    switch consume self {
    case .connecting, .securing, .upgrading:
      self = .none
      return .failed(.abandoned)
    case let other:
      self = other
      return .nothing
    }
  }

  /// We fail the connection.
  package mutating func failedByUs(_ cause: CloseCause) -> Action {
    switch consume self {
    case .open, .closing:
      self = .none
      return .ended(cause, code: .abnormal)
    case let other:
      self = other
      return .nothing
    }
  }
}

extension UpgradeFault {
  init(_ fault: ClientHandshake.Fault) {
    self =
      switch fault {
      case .malformedHead: .malformedHead
      case .headTooLong: .headTooLong
      case .missingUpgrade: .missingUpgrade
      case .missingConnection: .missingConnection
      case .wrongAccept: .wrongAccept
      case .unrequestedExtension: .unrequestedExtension
      case .malformedExtensions: .malformedExtensions
      case .repeatedExtension: .repeatedExtension
      case .compression(let fault): UpgradeFault(fault)
      case .unrequestedSubprotocol: .unrequestedSubprotocol
      case .severalSubprotocols: .severalSubprotocols
      }
  }
}

extension UpgradeFault {
  init(_ fault: CompressionFault) {
    self =
      switch fault {
      case .unknownParameter: .unknownCompressionParameter
      case .repeatedParameter: .repeatedCompressionParameter
      case .malformedValue: .malformedCompressionValue
      case .serverKeepsContext: .serverKeepsContext
      case .serverWindowTooLarge: .serverWindowTooLarge
      case .clientWindowNotOffered: .clientWindowNotOffered
      case .clientWindowTooLarge: .clientWindowTooLarge
      }
  }
}
