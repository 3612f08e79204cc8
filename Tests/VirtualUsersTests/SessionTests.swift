import Observations
import TestInputs
import Testing
import Timing
import TransportSecurity
import WebSocketProtocol

@testable import VirtualUsers

/// A fact of a session's life.
enum SessionFact: CaseIterable, Sendable {
  case connected, connectedForTLS, secured, broken, accepted, incomplete, refused, garbage, closeFrame, beganClosing,
    streamEnded, reset, timedOut
  case failedByUs, abandoned, proxyOpened, proxyOpenedForTLS, proxyIncomplete, proxyRefused, proxyGarbage

  func happen(to session: inout Session) -> Session.Action {
    switch self {
    case .connected: return session.connected(withTLS: false, at: Self.later)
    case .connectedForTLS: return session.connected(withTLS: true, at: Self.later)
    case .secured: return session.secured(at: Instant(nanoseconds: 350))
    case .broken: return session.broken(by: .unknownIssuer, at: Self.last)
    case .accepted: return session.read(Self.acceptance)
    case .incomplete: return session.read("HTTP/1.1 101 Switching")
    case .refused: return session.read("HTTP/1.1 403 Forbidden\r\n\r\n")
    case .garbage: return session.read("SMTP\r\n\r\n")
    case .closeFrame: return session.received(close: .goingAway)
    case .beganClosing:
      if session.isOpen { session.beganClosing(at: Instant(nanoseconds: 600)) }
      return .nothing
    case .streamEnded: return session.streamEnded(errno: nil, at: Self.last)
    case .reset: return session.streamEnded(errno: 104, at: Self.last)
    case .timedOut: return session.timedOut()
    case .failedByUs: return session.failedByUs(.backlog)
    case .abandoned: return session.abandoned()
    case .proxyOpened: return session.read(fromProxy: Self.tunnel)
    case .proxyOpenedForTLS: return session.read(fromProxy: Self.tunnel, withTLS: true)
    case .proxyIncomplete: return session.read(fromProxy: "HTTP/1.1 200")
    case .proxyRefused: return session.read(fromProxy: "HTTP/1.1 407 Who\r\n\r\n")
    case .proxyGarbage: return session.read(fromProxy: "SMTP\r\n\r\n")
    }
  }

  static let later = Instant(nanoseconds: 250)
  static let last = Instant(nanoseconds: 900)

  static let key = "dGhlIHNhbXBsZSBub25jZQ=="
  static let handshake = ClientHandshake(host: "h", path: "/", headers: [], key: key)
  static let proxy = ProxyRequest(host: "h", port: 80, credentials: nil)
  static let tunnel = "HTTP/1.1 200 OK\r\n\r\n"
  static let acceptance =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    + "Sec-WebSocket-Accept: \(Handshake.accept(forKey: key))\r\n\r\n"
}

extension Session {
  mutating func read(_ answer: String) -> Action {
    Array(answer.utf8).withUnsafeBytes { received(answer: $0, at: Instant(nanoseconds: 500)) }
  }

  mutating func read(fromProxy answer: String, withTLS isSecured: Bool = false) -> Action {
    Array(answer.utf8).withUnsafeBytes {
      received(proxyAnswer: $0, withTLS: isSecured, at: Instant(nanoseconds: 300))
    }
  }

  static func lived(through facts: [SessionFact], behind proxy: ProxyRequest? = nil) -> Session {
    var session = Session.none
    session.began(SessionFact.handshake, through: proxy, at: Instant(nanoseconds: 100))
    for fact in facts { _ = fact.happen(to: &session) }
    return session
  }

  var name: String {
    switch self {
    case .none: "none"
    case .connecting(let opening): opening.proxy == nil ? "connecting" : "connecting to a proxy"
    case .proxying: "proxying"
    case .securing: "securing"
    case .upgrading: "upgrading"
    case .open: "open"
    case .closing: "closing"
    }
  }
}

/// What one fact does to one state; a fact that is not listed for a state does nothing to it.
struct Transition: CustomTestStringConvertible, Sendable {
  var from: String
  var fact: SessionFact
  var to: String
  var action: Session.Action
  var testDescription: String { "\(from) + \(fact) → \(to)" }

  private static let headLength = SessionFact.acceptance.utf8.count

  private static func times(tcp: Int64, tls: Int64? = nil, upgrade: Int64) -> StageTimes {
    var times = StageTimes()
    times[.tcp] = tcp
    times[.tls] = tls
    times[.upgrade] = upgrade
    return times
  }

  static let all = [
    Transition(
      from: "connecting", fact: .connected, to: "upgrading", action: .sendUpgrade(SessionFact.handshake.request)),
    Transition(from: "connecting", fact: .connectedForTLS, to: "securing", action: .beginTLS()),
    Transition(from: "connecting", fact: .broken, to: "none", action: .failed(.tls(.unknownIssuer))),
    Transition(from: "connecting", fact: .streamEnded, to: "none", action: .failed(.closedEarly)),
    Transition(from: "connecting", fact: .reset, to: "none", action: .failed(.system(104))),
    Transition(from: "connecting", fact: .timedOut, to: "none", action: .failed(.timedOut(.tcp))),
    Transition(from: "connecting", fact: .abandoned, to: "none", action: .failed(.abandoned)),
    Transition(
      from: "connecting to a proxy", fact: .connected, to: "proxying", action: .askProxy(SessionFact.proxy.bytes)),
    Transition(
      from: "connecting to a proxy", fact: .connectedForTLS, to: "proxying", action: .askProxy(SessionFact.proxy.bytes)),
    Transition(from: "connecting to a proxy", fact: .broken, to: "none", action: .failed(.tls(.unknownIssuer))),
    Transition(from: "connecting to a proxy", fact: .streamEnded, to: "none", action: .failed(.closedEarly)),
    Transition(from: "connecting to a proxy", fact: .reset, to: "none", action: .failed(.system(104))),
    Transition(from: "connecting to a proxy", fact: .timedOut, to: "none", action: .failed(.timedOut(.tcp))),
    Transition(from: "connecting to a proxy", fact: .abandoned, to: "none", action: .failed(.abandoned)),
    Transition(
      from: "proxying", fact: .proxyOpened, to: "upgrading",
      action: .sendUpgrade(SessionFact.handshake.request, headLength: SessionFact.tunnel.utf8.count)),
    Transition(
      from: "proxying", fact: .proxyOpenedForTLS, to: "securing",
      action: .beginTLS(headLength: SessionFact.tunnel.utf8.count)),
    Transition(from: "proxying", fact: .proxyIncomplete, to: "proxying", action: .nothing),
    Transition(from: "proxying", fact: .proxyRefused, to: "none", action: .failed(.refusedByProxy(status: 407))),
    Transition(
      from: "proxying", fact: .proxyGarbage, to: "none", action: .failed(.malformedProxyAnswer(.malformedHead))),
    Transition(from: "proxying", fact: .broken, to: "none", action: .failed(.tls(.unknownIssuer))),
    Transition(from: "proxying", fact: .streamEnded, to: "none", action: .failed(.closedByProxy)),
    Transition(from: "proxying", fact: .reset, to: "none", action: .failed(.system(104))),
    Transition(from: "proxying", fact: .timedOut, to: "none", action: .failed(.timedOut(.proxy))),
    Transition(from: "proxying", fact: .abandoned, to: "none", action: .failed(.abandoned)),
    Transition(from: "securing", fact: .abandoned, to: "none", action: .failed(.abandoned)),
    Transition(from: "upgrading", fact: .abandoned, to: "none", action: .failed(.abandoned)),
    Transition(
      from: "securing", fact: .secured, to: "upgrading", action: .sendUpgrade(SessionFact.handshake.request)),
    Transition(from: "securing", fact: .broken, to: "none", action: .failed(.tls(.unknownIssuer))),
    Transition(from: "securing", fact: .streamEnded, to: "none", action: .failed(.closedEarly)),
    Transition(from: "securing", fact: .reset, to: "none", action: .failed(.system(104))),
    Transition(from: "securing", fact: .timedOut, to: "none", action: .failed(.timedOut(.tls))),
    Transition(from: "upgrading", fact: .broken, to: "none", action: .failed(.tls(.unknownIssuer))),
    Transition(
      from: "upgrading", fact: .accepted, to: "open",
      action: .opened(headLength: headLength, stages: times(tcp: 150, upgrade: 250))),
    Transition(from: "upgrading", fact: .incomplete, to: "upgrading", action: .nothing),
    Transition(from: "upgrading", fact: .refused, to: "none", action: .failed(.refusedUpgrade(status: 403))),
    Transition(from: "upgrading", fact: .garbage, to: "none", action: .failed(.malformedUpgrade(.malformedHead))),
    Transition(from: "upgrading", fact: .streamEnded, to: "none", action: .failed(.closedEarly)),
    Transition(from: "upgrading", fact: .reset, to: "none", action: .failed(.system(104))),
    Transition(from: "upgrading", fact: .timedOut, to: "none", action: .failed(.timedOut(.upgrade))),
    Transition(from: "open", fact: .closeFrame, to: "none", action: .answerClose(.goingAway)),
    Transition(from: "open", fact: .beganClosing, to: "closing", action: .nothing),
    Transition(from: "open", fact: .streamEnded, to: "none", action: .ended(.streamEnded, code: .abnormal)),
    Transition(from: "open", fact: .reset, to: "none", action: .ended(.system(104), code: .abnormal)),
    Transition(from: "open", fact: .broken, to: "none", action: .ended(.tls(.unknownIssuer), code: .abnormal)),
    Transition(from: "open", fact: .failedByUs, to: "none", action: .ended(.backlog, code: .abnormal)),
    Transition(from: "closing", fact: .closeFrame, to: "closing", action: .nothing),
    Transition(
      from: "closing", fact: .streamEnded, to: "none",
      action: .ended(.ours, code: .abnormal, closeNanoseconds: 300)),
    Transition(
      from: "closing", fact: .reset, to: "none",
      action: .ended(.ours, code: .abnormal, closeNanoseconds: 300)),
    Transition(
      from: "closing", fact: .broken, to: "none",
      action: .ended(.ours, code: .abnormal, closeNanoseconds: 300)),
    Transition(from: "closing", fact: .timedOut, to: "none", action: .ended(.unanswered, code: .abnormal)),
    Transition(from: "closing", fact: .failedByUs, to: "none", action: .ended(.backlog, code: .abnormal)),
  ]

  static func proxy(of state: String) -> ProxyRequest? {
    ["connecting to a proxy", "proxying"].contains(state) ? SessionFact.proxy : nil
  }

  static let paths: [(String, [SessionFact])] = [
    ("connecting to a proxy", []), ("proxying", [.connected]), ("connecting", []), ("securing", [.connectedForTLS]),
    ("upgrading", [.connected]),
    ("open", [.connected, .accepted]),
    ("closing", [.connected, .accepted, .beganClosing]), ("none", [.streamEnded]),
  ]
}

@Suite("A session")
struct SessionTests {
  @Test("goes from state to state as the table has it", arguments: Transition.all)
  func transitions(_ transition: Transition) throws {
    let path = try #require(Transition.paths.first { $0.0 == transition.from }?.1)
    var session = Session.lived(through: path, behind: Transition.proxy(of: transition.from))
    #expect(session.name == transition.from)
    #expect(transition.fact.happen(to: &session) == transition.action)
    #expect(session.name == transition.to)
  }

  @Test("is unmoved by every other fact", arguments: Transition.paths)
  func otherFacts(state: String, path: [SessionFact]) {
    let listed = Transition.all.filter { $0.from == state }.map(\.fact)
    for fact in SessionFact.allCases where !listed.contains(fact) {
      var session = Session.lived(through: path, behind: Transition.proxy(of: state))
      #expect(fact.happen(to: &session) == .nothing, "\(fact)")
      #expect(session.name == state, "\(fact)")
    }
  }

  @Test("tells the server's close code at the end of a closing handshake of ours")
  func closeCode() {
    var session = Session.lived(through: [.connected, .accepted, .beganClosing, .closeFrame])
    #expect(
      session.streamEnded(errno: nil, at: SessionFact.last) == .ended(.ours, code: .goingAway, closeNanoseconds: 300))
  }

  @Test("with TLS tells the time of that stage, too")
  func stagesWithTLS() {
    var session = Session.lived(through: [.connectedForTLS, .secured])
    guard case .opened(_, let stages, _) = SessionFact.accepted.happen(to: &session) else {
      Issue.record("not open")
      return
    }
    #expect(ConnectionStage.allCases.map { stages[$0] } == [150, nil, 100, 150])
  }

  @Test("that is open takes little room, whatever opening it took")
  func size() { #expect(MemoryLayout<Session>.size <= 16) }

  @Test("opens at most once and ends exactly once, whatever happens", arguments: 0..<500)
  func randomLives(seed: Int) {
    var generator = Dice(seed: UInt64(seed))
    var session = Session.none
    session.began(
      SessionFact.handshake, through: seed.isMultiple(of: 2) ? SessionFact.proxy : nil, at: Instant(nanoseconds: 100))
    var openings = 0
    var ends = 0
    for _ in 0..<200 {
      guard let fact = SessionFact.allCases.randomElement(using: &generator) else { return }
      let action = fact.happen(to: &session)
      if ends > 0 { #expect(action == .nothing, "seed \(seed)") }
      switch action {
      case .opened: openings += 1
      case .failed:
        #expect(openings == 0, "seed \(seed)")
        ends += 1
      case .answerClose, .ended:
        #expect(openings == 1, "seed \(seed)")
        ends += 1
      case .nothing, .askProxy, .beginTLS, .sendUpgrade: break
      }
    }
    #expect(openings <= 1, "seed \(seed)")
    #expect(ends == 1, "seed \(seed)")
  }
}
