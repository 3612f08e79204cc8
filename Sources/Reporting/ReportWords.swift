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
    case .refusedByProxy(let status): "refused by the proxy with HTTP status \(status)"
    case .malformedProxyAnswer(.malformedHead): "the proxy's answer is no HTTP"
    case .malformedProxyAnswer(.headTooLong): "the proxy's answer has a head above 16 KiB"
    case .closedByProxy: "closed by the proxy before it answered"
    case .refusedUpgrade(let status): "upgrade refused with HTTP status \(status)"
    case .malformedUpgrade(let fault): "the answer to the upgrade is no handshake: \(fault.words)"
    case .closedEarly: "closed by the server before the upgrade was answered"
    case .timedOut(.tcp): "not connected by TCP within the time limit"
    case .timedOut(.proxy): "not answered by the proxy within the time limit"
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
    case .malformedExtensions: "a Sec-WebSocket-Extensions that is no list of extensions"
    case .repeatedExtension: "permessage-deflate more than once"
    case .unknownCompressionParameter: "an unknown parameter of permessage-deflate (RFC 7692 §7.1)"
    case .repeatedCompressionParameter: "a parameter of permessage-deflate twice (RFC 7692 §7.1)"
    case .malformedCompressionValue: "a malformed parameter of permessage-deflate (RFC 7692 §7.1)"
    case .serverKeepsContext: "no server_no_context_takeover, which was asked for (RFC 7692 §7.1.1.1)"
    case .serverWindowTooLarge: "no server_max_window_bits as small as was asked for (RFC 7692 §7.1.2.1)"
    case .clientWindowNotOffered: "a client_max_window_bits that was not offered (RFC 7692 §7.1.2.2)"
    case .clientWindowTooLarge: "a client_max_window_bits beyond the offer (RFC 7692 §7.1.2.2)"
    case .unrequestedSubprotocol: "a subprotocol that was not offered"
    case .severalSubprotocols: "several subprotocols"
    }
  }
}

extension CloseCause {
  var words: String {
    switch self {
    case .ours: "by us, at the end of the run"
    case .unanswered: "by us, and not ended by the server within the time limit"
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
    case .dnsTime: "  name lookup, before"
    case .tcpTime: "  of it TCP"
    case .proxyTime: "  of it proxy"
    case .tlsTime: "  of it TLS"
    case .upgradeTime: "  of it upgrade"
    case .closeTime: "close frame to end of stream"
    case .pingTime: "ping to pong"
    case .fanOutSpread: "fan-out (first to last copy)"
    case .spanDelay: "last copy to last span"
    }
  }

  /// Whether it is told also where nothing of it was measured.
  var isAlwaysTold: Bool {
    switch self {
    case .responseTime, .serviceTime, .sendLag, .connectTime: true
    case .dnsTime, .tcpTime, .proxyTime, .tlsTime, .upgradeTime, .closeTime, .pingTime, .fanOutSpread, .spanDelay: false
    }
  }
}

/// What a close code means: RFC 6455 §7.4 and the registry that it founds.
enum CloseCodeWords {
  static func words(of code: UInt16) -> String {
    switch code {
    case 1000: "normal closure"
    case 1001: "going away"
    case 1002: "protocol error"
    case 1003: "unsupported data"
    case 1005: "a close frame without a code"
    case 1006: "no close frame"
    case 1007: "invalid payload"
    case 1008: "policy violation"
    case 1009: "message too big"
    case 1010: "an extension is missing"
    case 1011: "internal error"
    case 1012: "service restart"
    case 1013: "try again later"
    case 1014: "bad gateway"
    case 3000...3999: "registered by a library"
    case 4000...4999: "the application's own"
    default: "unknown"
    }
  }
}
