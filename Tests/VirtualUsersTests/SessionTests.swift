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
  case failedByUs

  func happen(to session: inout Session) -> Session.Action {
    switch self {
    case .connected: return session.connected(withTLS: false)
    case .connectedForTLS: return session.connected(withTLS: true)
    case .secured: return session.secured()
    case .broken: return session.broken(by: .unknownIssuer)
    case .accepted: return session.read(Self.acceptance)
    case .incomplete: return session.read("HTTP/1.1 101 Switching")
    case .refused: return session.read("HTTP/1.1 403 Forbidden\r\n\r\n")
    case .garbage: return session.read("SMTP\r\n\r\n")
    case .closeFrame: return session.received(close: .goingAway)
    case .beganClosing:
      if session.isOpen { session.beganClosing() }
      return .nothing
    case .streamEnded: return session.streamEnded(errno: nil)
    case .reset: return session.streamEnded(errno: 104)
    case .timedOut: return session.timedOut()
    case .failedByUs: return session.failedByUs(.backlog)
    }
  }

  static let key = "dGhlIHNhbXBsZSBub25jZQ=="
  static let handshake = ClientHandshake(host: "h", path: "/", headers: [], key: key)
  static let acceptance =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    + "Sec-WebSocket-Accept: \(Handshake.accept(forKey: key))\r\n\r\n"
}

extension Session {
  mutating func read(_ answer: String) -> Action {
    Array(answer.utf8).withUnsafeBytes { received(answer: $0, at: Instant(nanoseconds: 500)) }
  }

  static func lived(through facts: [SessionFact]) -> Session {
    var session = Session.none
    session.began(SessionFact.handshake, at: Instant(nanoseconds: 100))
    for fact in facts { _ = fact.happen(to: &session) }
    return session
  }

  var name: String {
    switch self {
    case .none: "none"
    case .connecting: "connecting"
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

  static let all = [
    Transition(
      from: "connecting", fact: .connected, to: "upgrading", action: .sendUpgrade(SessionFact.handshake.request)),
    Transition(from: "connecting", fact: .connectedForTLS, to: "securing", action: .beginTLS),
    Transition(from: "connecting", fact: .broken, to: "none", action: .failed(.tls(.unknownIssuer))),
    Transition(from: "connecting", fact: .streamEnded, to: "none", action: .failed(.closedEarly)),
    Transition(from: "connecting", fact: .reset, to: "none", action: .failed(.system(104))),
    Transition(from: "connecting", fact: .timedOut, to: "none", action: .failed(.timedOut(.tcp))),
    Transition(
      from: "securing", fact: .secured, to: "upgrading", action: .sendUpgrade(SessionFact.handshake.request)),
    Transition(from: "securing", fact: .broken, to: "none", action: .failed(.tls(.unknownIssuer))),
    Transition(from: "securing", fact: .streamEnded, to: "none", action: .failed(.closedEarly)),
    Transition(from: "securing", fact: .reset, to: "none", action: .failed(.system(104))),
    Transition(from: "securing", fact: .timedOut, to: "none", action: .failed(.timedOut(.tls))),
    Transition(from: "upgrading", fact: .broken, to: "none", action: .failed(.tls(.unknownIssuer))),
    Transition(
      from: "upgrading", fact: .accepted, to: "open",
      action: .opened(headLength: headLength, connectNanoseconds: 400)),
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
    Transition(from: "closing", fact: .streamEnded, to: "none", action: .ended(.ours, code: .abnormal)),
    Transition(from: "closing", fact: .reset, to: "none", action: .ended(.ours, code: .abnormal)),
    Transition(from: "closing", fact: .broken, to: "none", action: .ended(.ours, code: .abnormal)),
    Transition(from: "closing", fact: .timedOut, to: "none", action: .ended(.ours, code: .abnormal)),
    Transition(from: "closing", fact: .failedByUs, to: "none", action: .ended(.backlog, code: .abnormal)),
  ]

  static let paths: [(String, [SessionFact])] = [
    ("connecting", []), ("securing", [.connectedForTLS]), ("upgrading", [.connected]),
    ("open", [.connected, .accepted]),
    ("closing", [.connected, .accepted, .beganClosing]), ("none", [.streamEnded]),
  ]
}

@Suite("A session")
struct SessionTests {
  @Test("goes from state to state as the table has it", arguments: Transition.all)
  func transitions(_ transition: Transition) throws {
    let path = try #require(Transition.paths.first { $0.0 == transition.from }?.1)
    var session = Session.lived(through: path)
    #expect(session.name == transition.from)
    #expect(transition.fact.happen(to: &session) == transition.action)
    #expect(session.name == transition.to)
  }

  @Test("is unmoved by every other fact", arguments: Transition.paths)
  func otherFacts(state: String, path: [SessionFact]) {
    let listed = Transition.all.filter { $0.from == state }.map(\.fact)
    for fact in SessionFact.allCases where !listed.contains(fact) {
      var session = Session.lived(through: path)
      #expect(fact.happen(to: &session) == .nothing, "\(fact)")
      #expect(session.name == state, "\(fact)")
    }
  }

  @Test("tells the server's close code at the end of a closing handshake of ours")
  func closeCode() {
    var session = Session.lived(through: [.connected, .accepted, .beganClosing, .closeFrame])
    #expect(session.streamEnded(errno: nil) == .ended(.ours, code: .goingAway))
  }

  @Test("opens at most once and ends exactly once, whatever happens", arguments: 0..<500)
  func randomLives(seed: Int) {
    var generator = Dice(seed: UInt64(seed))
    var session = Session.none
    session.began(SessionFact.handshake, at: Instant(nanoseconds: 100))
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
      case .nothing, .beginTLS, .sendUpgrade: break
      }
    }
    #expect(openings <= 1, "seed \(seed)")
    #expect(ends == 1, "seed \(seed)")
  }
}
