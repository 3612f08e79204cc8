import NIOHTTP1
import OTLPMessages

/// A misbehaviour that the collector shows on demand, so that an exporter's retries can be tested against it.
///
/// Every exporter may meet each of them in earnest; OTLP says what it must do then (OTLP specification, "Failures").
package enum CollectorFault: String, CaseIterable, Sendable {
  /// 503 or UNAVAILABLE, and when to come back.
  case unavailable
  /// 429 or RESOURCE_EXHAUSTED, and when to come back.
  case tooManyRequests = "too-many-requests"
  /// 502 or UNAVAILABLE without a word about when to come back, as of a proxy.
  case badGateway = "bad-gateway"
  /// 400 or INVALID_ARGUMENT: the exporter must not send it again.
  case badRequest = "bad-request"
  /// Success, but so many items rejected; all of them are stored.
  case partialSuccess = "partial-success"
  /// Stored at once, answered later.
  case slow
  /// The connection is reset once the body has arrived.
  case reset
  /// Stored, never answered: what the exporter sends again is a duplicate.
  case dropAnswer = "drop-answer"

  /// What it does, in a sentence.
  package var summary: String {
    switch self {
    case .unavailable: "answers 503 (gRPC: UNAVAILABLE) and to come back after a second; stores nothing"
    case .tooManyRequests: "answers 429 (gRPC: RESOURCE_EXHAUSTED) and to come back after a second; stores nothing"
    case .badGateway: "answers 502 (gRPC: UNAVAILABLE) as a proxy would; stores nothing"
    case .badRequest: "answers 400 (gRPC: INVALID_ARGUMENT), which is final; stores nothing"
    case .partialSuccess: "claims to have rejected as many items as it says (partial-success=5); stores all"
    case .slow: "answers as late as it says (slow=2s); stores at once"
    case .reset: "resets the connection once the body has arrived; stores nothing"
    case .dropAnswer: "stores and never answers"
    }
  }

  /// Whether the request is not even looked at.
  var storesNothing: Bool { refusal != nil || self == .reset }

  /// What is answered instead of taking the request; nil where it is taken, or nothing is answered.
  var refusal: (status: HTTPResponseStatus, code: RPCStatus.Code, retryAfterSeconds: Int?)? {
    switch self {
    case .unavailable: (.serviceUnavailable, .unavailable, 1)
    case .tooManyRequests: (.tooManyRequests, .resourceExhausted, 1)
    case .badGateway: (.badGateway, .unavailable, nil)
    case .badRequest: (.badRequest, .invalidArgument, nil)
    case .partialSuccess, .slow, .reset, .dropAnswer: nil
    }
  }
}

/// A fault and the requests that meet it; traces, metrics and logs are counted apart.
package struct FaultInjection: Hashable, Sendable {
  /// Which requests.
  package enum Portion: Hashable, Sendable {
    case all
    /// The first so many.
    case first(Int)
    /// So many of a hundred, evenly spread and always the same ones; 1 to 100.
    case percent(Int)
  }

  package var fault: CollectorFault
  package var portion: Portion
  /// How much later than possible `slow` answers.
  package var delay: Duration
  /// How many items `partialSuccess` claims to have rejected.
  package var rejectedItems: Int64

  package init(
    _ fault: CollectorFault, _ portion: Portion = .all, delay: Duration = .seconds(1), rejectedItems: Int64 = 1
  ) {
    self.fault = fault
    self.portion = portion
    self.delay = delay
    self.rejectedItems = rejectedItems
  }
}

extension FaultInjection {
  /// What it makes of the answer to a request that was looked at.
  func change(_ reply: inout Reply) {
    switch fault {
    case .slow: reply.delay(by: delay)
    case .dropAnswer: reply.manner = .never
    case .partialSuccess:
      guard reply.outcome == .taken else { return }
      reply.outcome = .partlyTaken(rejected: rejectedItems, message: Refusal.injected(fault).message)
    case .unavailable, .tooManyRequests, .badGateway, .badRequest, .reset: break
    }
  }
}

extension FaultInjection.Portion {
  /// Whether the request with this number, from 0, is one of them.
  func contains(_ number: UInt64) -> Bool {
    switch self {
    case .all: true
    case .first(let count): number < UInt64(clamping: count)
    case .percent(let share):
      // A request is met whenever the share of those so far passes the next whole number.
      (number % 100 + 1) * UInt64(clamping: share) / 100 > number % 100 * UInt64(clamping: share) / 100
    }
  }
}
