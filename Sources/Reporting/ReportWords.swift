import Observations
import Scenarios
import Timing
import TransportSecurity
import Verification

/// The words for what is counted by kind, the same in text and JSON.
extension ConnectionFailure {
  var words: String {
    switch self {
    case .system(let errno): "failed: \(SystemError.text(ofErrno: errno))"
    case .tls(let fault): "not secured by TLS: \(fault)"
    case .refusedUpgrade(let status): "upgrade refused with HTTP status \(status)"
    case .malformedUpgrade(let fault): "the answer to the upgrade is no handshake: \(fault.words)"
    case .closedEarly: "closed by the server before the upgrade was answered"
    case .timedOut(.tcp): "not connected by TCP within the time limit"
    case .timedOut(.tls): "not secured by TLS within the time limit"
    case .timedOut(.upgrade): "not upgraded within the time limit"
    case .abandoned: "given up, because the run was stopped"
    }
  }
}

extension UpgradeFault {
  var words: String {
    switch self {
    case .malformedHead: "no HTTP"
    case .headTooLong: "a head above 16 KiB"
    case .missingUpgrade: "no 'Upgrade: websocket'"
    case .missingConnection: "no 'Connection: Upgrade'"
    case .wrongAccept: "a wrong Sec-WebSocket-Accept"
    case .unrequestedExtension: "an extension that was not offered"
    case .unrequestedSubprotocol: "a subprotocol that was not offered"
    }
  }
}

extension CloseCause {
  var words: String {
    switch self {
    case .ours: "by us, at the end of the run"
    case .server: "by the server's close frame"
    case .streamEnded: "by the end of the stream, without a close frame"
    case .system(let errno): "by a failed socket: \(SystemError.text(ofErrno: errno))"
    case .tls(let fault): "by a broken TLS session: \(fault)"
    case .protocolError: "by us, because of what the server sent"
    case .backlog: "by us, because the server did not read"
    }
  }
}

extension Expectation.Latency {
  var words: String {
    switch self {
    case .responseTime: "response time (echoed − due)"
    case .serviceTime: "service time (echoed − sent)"
    case .sendLag: "send lag (sent − due)"
    case .connectTime: "connect time"
    }
  }
}
