import NIOCore
import OTLPMessages
import Observations
import Reactor
import Timing

/// What all connections share; lives on the collector's one thread and is reached from nowhere else.
final class CollectorLoop {
  private(set) var configuration: Collector.Configuration
  let ledger: CountLedger
  /// The secrets of TLS; nil where connections are plain.
  let tls: TLSContext?
  private let intake: Intake
  private let token: BearerToken?
  private let forwarder: Forwarder?
  private var injector: FaultInjector
  private var connections: [ObjectIdentifier: Connection] = [:]
  /// Bytes of bodies that are not complete.
  private var waitingBytes = 0

  init(
    configuration: Collector.Configuration, ledger: CountLedger, forwarder: Forwarder?,
    deliver: @escaping @Sendable (SpanBatch) -> Bool
  ) throws {
    self.configuration = configuration
    self.configuration.bodyLimit = min(max(configuration.bodyLimit, 0), Collector.Configuration.greatestBodyLimit)
    self.ledger = ledger
    self.forwarder = forwarder
    token = configuration.token.map(BearerToken.init)
    tls = try configuration.tls.map { try TLSContext(server: $0, offersHTTP2: true) }
    injector = FaultInjector(configuration.faults)
    intake = try Intake(self.configuration, ledger: ledger, deliver: deliver)
  }

  /// Refuses who must not send here, before anything of the body is kept.
  ///
  /// - Parameters:
  ///   - authorization: the field of that name.
  ///   - via: the fields of that name, in which forwarders name themselves; asked for only where we forward.
  /// - Returns: the forwarders that the body has passed, where that matters.
  func admit(authorization: String?, via: @autoclosure () -> [String]) throws(Refusal) -> [String] {
    if let token, !token.isShown(by: authorization) { throw .unauthenticated }
    guard let forwarder else { return [] }
    let via = via()
    if via.contains(where: { $0.contains(forwarder.name) }) { throw .forwardedByUs }
    return via
  }

  /// What becomes of a request that has arrived, by whatever transport; what is taken is delivered before this returns.
  func reply(to request: ExportRequestHead, _ body: RequestBody, arrival: Instant) -> Reply {
    let faults = injector.next(request.signal)
    if !faults.isEmpty { ledger.recordFault() }
    if let injection = faults.first, injection.fault.storesNothing {
      return Reply(
        outcome: .refused(.injected(injection.fault)), manner: injection.fault == .reset ? .reset : .atOnce)
    }
    var reply = Reply(outcome: outcome(of: request, body, arrival: arrival))
    for injection in faults { injection.change(&reply) }
    if request.signal == .traces { reply.delay(by: configuration.answerDelay) }
    return reply
  }

  /// Books `count` more bytes of a connection's unfinished bodies; false where there are too many in all. The
  /// connection that takes longest over its body has to go then, if it takes very long.
  func reserve(_ count: Int, for connection: Connection) -> Bool {
    guard count <= configuration.bodyBudget - waitingBytes else {
      slowest(but: connection)?.close()
      return false
    }
    waitingBytes += count
    connection.book(count)
    return true
  }

  func release(_ count: Int, of connection: Connection) {
    waitingBytes -= count
    connection.unbook(count)
  }

  private func slowest(but other: Connection) -> Connection? {
    let now = Instant.now
    let since: (Connection) -> Instant = { $0.unfinishedSince ?? now }
    return connections.values
      .filter { $0 !== other && now - since($0) >= configuration.bodyPatience.clampedNanoseconds }
      .min { since($0) < since($1) }
  }

  /// Keeps a connection until it closes; nil where too many are open and each has sent something lately.
  func openConnection(_ channel: any Channel) -> Connection? {
    if connections.count >= configuration.connectionLimit {
      guard let silent = longestSilent() else { return nil }
      connections[ObjectIdentifier(silent)] = nil
      silent.close()
    }
    let connection = Connection(channel)
    let key = ObjectIdentifier(connection)
    connections[key] = connection
    channel.closeFuture.assumeIsolated().whenComplete { _ in self.connections[key] = nil }
    return connection
  }

  /// The connection that has sent nothing for the longest, if that is long and it waits for no answer of ours.
  private func longestSilent() -> Connection? {
    let now = Instant.now
    return connections.values
      .filter { $0.waitingAnswers == 0 && now - $0.lastRead >= configuration.silenceLimit.clampedNanoseconds }
      .min { $0.lastRead < $1.lastRead }
  }

  /// Takes a body, counts it and passes it on.
  private func outcome(of request: ExportRequestHead, _ body: RequestBody, arrival: Instant) -> Outcome {
    do throws(Refusal) {
      let outcome = try intake.take(request, body, arrival: arrival)
      forwarder?.forward(request, body.buffer)
      return outcome
    } catch .pushedBack {
      ledger.recordPushback()
      return .refused(.pushedBack)
    } catch {
      ledger.recordRefusal(bodyBytes: body.receivedBytes, isOfBody: error.isOfBody)
      return .refused(error)
    }
  }
}
