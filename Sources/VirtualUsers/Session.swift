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
  /// The proxy was asked for a tunnel.
  indirect case proxying(Opening)
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
    /// Nil where connections go to the server itself.
    let proxy: ProxyRequest?
    /// When its stage began: the first one with the first SYN.
    fileprivate(set) var since: Instant
    fileprivate(set) var times = StageTimes()

    init(_ handshake: ClientHandshake, through proxy: ProxyRequest?, at now: Instant) {
      self.handshake = handshake
      self.proxy = proxy
      since = now
    }

    /// The same with one stage behind it.
    func after(_ stage: ConnectionStage, at now: Instant) -> Opening {
      var next = self
      next.times[stage] = now - since
      next.since = now
      return next
    }

    /// What comes first of all that arrives at the server.
    func atServer(withTLS isSecured: Bool, headLength: Int) -> (Session, Action) {
      isSecured
        ? (.securing(self), .beginTLS(headLength: headLength))
        : (.upgrading(self), .sendUpgrade(handshake.request, headLength: headLength))
    }
  }

  package enum Action: Equatable, Sendable {
    case nothing
    /// Ask the proxy for a tunnel.
    case askProxy([UInt8])
    /// Begin the TLS handshake; `headLength` bytes of the input belong to the proxy's answer, and the rest to TLS.
    case beginTLS(headLength: Int = 0)
    /// Send the upgrade; `headLength` bytes of the input belong to the proxy's answer.
    case sendUpgrade([UInt8], headLength: Int = 0)
    /// The session is open, `headLength` bytes of the input belong to the handshake.
    case opened(headLength: Int, stages: StageTimes, compression: CompressionAgreement? = nil)
    case failed(ConnectionFailure)
    /// Answer with a close frame of this code, then end.
    case answerClose(CloseCode)
    /// End the connection; where our close frame began that, it took so long.
    case ended(CloseCause, code: CloseCode, closeNanoseconds: Int64? = nil)

    /// Bytes of the input that are done with.
    package var headLength: Int {
      switch self {
      case .beginTLS(let length), .sendUpgrade(_, let length), .opened(let length, _, _): length
      case .nothing, .askProxy, .failed, .answerClose, .ended: 0
      }
    }
  }

  package var isOpen: Bool {
    switch self {
    case .open: true
    case .none, .connecting, .proxying, .securing, .upgrading, .closing: false
    }
  }

  /// The stage of a connection that is no session yet, and since when it lasts.
  package var stage: (stage: ConnectionStage, since: Instant)? {
    switch self {
    case .connecting(let opening): (.tcp, opening.since)
    case .proxying(let opening): (.proxy, opening.since)
    case .securing(let opening): (.tls, opening.since)
    case .upgrading(let opening): (.upgrade, opening.since)
    case .none, .open, .closing: nil
    }
  }

  package mutating func began(_ handshake: ClientHandshake, through proxy: ProxyRequest? = nil, at now: Instant) {
    self = .connecting(Opening(handshake, through: proxy, at: now))
  }

  /// The TCP connection stands.
  package mutating func connected(withTLS isSecured: Bool, at now: Instant) -> Action {
    switch consume self {
    case .connecting(let opening):
      let next = opening.after(.tcp, at: now)
      if let proxy = next.proxy {
        self = .proxying(next)
        return .askProxy(proxy.bytes)
      }
      let (session, action) = next.atServer(withTLS: isSecured, headLength: 0)
      self = session
      return action
    case let other:
      self = other
      return .nothing
    }
  }

  /// Bytes that answer our CONNECT are there.
  package mutating func received(
    proxyAnswer bytes: UnsafeRawBufferPointer, withTLS isSecured: Bool, at now: Instant
  ) -> Action {
    switch consume self {
    case .proxying(let opening):
      guard let proxy = opening.proxy else {
        self = .none
        return .nothing
      }
      do throws(ProxyRequest.Fault) {
        switch try proxy.read(bytes) {
        case .incomplete:
          self = .proxying(opening)
          return .nothing
        case .opened(let headLength):
          let (session, action) = opening.after(.proxy, at: now).atServer(
            withTLS: isSecured, headLength: headLength)
          self = session
          return action
        case .refused(let status):
          self = .none
          return .failed(.refusedByProxy(status: status))
        }
      } catch {
        self = .none
        return .failed(.malformedProxyAnswer(ProxyFault(error)))
      }
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
    case .connecting, .proxying, .securing, .upgrading:
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
            headLength: headLength, stages: opening.after(.upgrade, at: now).times, compression: compression)
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
    case .proxying:
      self = .none
      return .failed(errno.map { .system($0) } ?? .closedByProxy)
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
    case .proxying:
      self = .none
      return .failed(.timedOut(.proxy))
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
    case .connecting, .proxying, .securing, .upgrading:
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
