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
  /// The TCP connection is under way.
  case connecting(since: Instant, ClientHandshake)
  /// The TLS handshake is under way.
  case securing(since: Instant, ClientHandshake)
  /// The upgrade was sent.
  case upgrading(since: Instant, ClientHandshake)
  case open
  /// Our close frame was sent; the server's (whose code is kept) and the stream's end are awaited: the server closes
  /// TCP first (RFC 6455 §7.1.1).
  case closing(CloseCode?)

  package enum Action: Equatable, Sendable {
    case nothing
    /// Begin the TLS handshake.
    case beginTLS
    /// Send the upgrade.
    case sendUpgrade([UInt8])
    /// The session is open, `headLength` bytes of the input belong to the handshake.
    case opened(headLength: Int, connectNanoseconds: Int64, compression: CompressionAgreement? = nil)
    case failed(ConnectionFailure)
    /// Answer with a close frame of this code, then end.
    case answerClose(CloseCode)
    /// End the connection.
    case ended(CloseCause, code: CloseCode)
  }

  package var isOpen: Bool {
    switch self {
    case .open: true
    case .none, .connecting, .securing, .upgrading, .closing: false
    }
  }

  /// Since when a session has been awaited, or nil where none is.
  package var awaitedSince: Instant? {
    switch self {
    case .connecting(let since, _), .securing(let since, _), .upgrading(let since, _): since
    case .none, .open, .closing: nil
    }
  }

  package mutating func began(_ handshake: ClientHandshake, at now: Instant) {
    self = .connecting(since: now, handshake)
  }

  /// The TCP connection stands.
  package mutating func connected(withTLS isSecured: Bool) -> Action {
    switch consume self {
    case .connecting(let since, let handshake):
      if isSecured {
        self = .securing(since: since, handshake)
        return .beginTLS
      }
      self = .upgrading(since: since, handshake)
      return .sendUpgrade(handshake.request)
    case let other:
      self = other
      return .nothing
    }
  }

  /// The TLS handshake is over.
  package mutating func secured() -> Action {
    switch consume self {
    case .securing(let since, let handshake):
      self = .upgrading(since: since, handshake)
      return .sendUpgrade(handshake.request)
    case let other:
      self = other
      return .nothing
    }
  }

  /// The TLS handshake failed, or the TLS session broke later.
  package mutating func broken(by fault: TLSFault) -> Action {
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
    case .closing(let code):
      self = .none
      return .ended(.ours, code: code ?? .abnormal)
    }
  }

  /// Bytes that answer the upgrade are there.
  package mutating func received(answer bytes: UnsafeRawBufferPointer, at now: Instant) -> Action {
    switch consume self {
    case .upgrading(let since, let handshake):
      do throws(ClientHandshake.Fault) {
        switch try handshake.read(bytes) {
        case .incomplete:
          self = .upgrading(since: since, handshake)
          return .nothing
        case .accepted(let headLength, let compression, _):
          self = .open
          return .opened(headLength: headLength, connectNanoseconds: now - since, compression: compression)
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
    case .closing:
      self = .closing(code)
      return .nothing
    case let other:
      self = other
      return .nothing
    }
  }

  /// We sent a close frame because the run is over.
  package mutating func beganClosing() {
    self = .closing(nil)
  }

  /// The TCP stream ended, or failed with an `errno`.
  package mutating func streamEnded(errno: Int32?) -> Action {
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
    case .closing(let code):
      self = .none
      return .ended(.ours, code: code ?? .abnormal)
    }
  }

  /// The time limit for the upgrade, or for the server's close frame, is over.
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
    case .closing(let code):
      self = .none
      return .ended(.ours, code: code ?? .abnormal)
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
