package import Observations
package import Planning
package import Reactor
import Scenarios
import Timing
import TraceContext
import TransportSecurity
import VirtualUsers
import WebSocketProtocol

/// Runs the load of one shard on the calling thread: it opens the connections, sends on time and observes.
///
/// It shares nothing but the queue and the control with other threads, and never judges.
package final class LoadReactor {
  /// Handshakes under way at once.
  private static let handshakeLimit = 512
  /// With TLS a handshake costs us and the server about half a millisecond each: more at once would only wait for each
  /// other, and the echoes of the open connections for them.
  private static let tlsHandshakeLimit = 128
  /// Longest message that is accepted, in bytes.
  private static let messageLimit = 16 << 20
  /// Messages that are sent before what has arrived is looked at, so that a rate beyond our reach neither keeps echoes
  /// waiting nor a stop unnoticed.
  private static let sendsPerLoop = 256
  /// Reads of one connection in one round, 64 KiB each: a server that never stops sending does not stop the others.
  private static let readsPerEvent = 16
  /// How much later than planned a round of the reactor is a stall.
  private static let stallBound: Int64 = 100_000_000
  /// How long no echo has come when the draining ends early: copies are counted, and some may be duplicates.
  private static let quietTime: Int64 = 250_000_000
  /// Longest wait for events, so that a stop is noticed.
  private static let tick: Int64 = 20_000_000

  private let plan: Plan
  private let address: SocketAddress
  private let control: LoadControl
  private let shard: UInt32
  private let limits: Limits
  private let connections: ConnectionTable
  private let tls: TLSContext?
  private var poller: Poller
  private var observations: ObservationWriter
  private var randomWords = RandomWords()
  private let reader: EchoReader
  private let receiveBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 64)
  private let sendBuffer: UnsafeMutableRawBufferPointer
  private var frames: FrameTable
  private var mix: MessageMix
  /// By message type: copies that an echo has, and nanoseconds that it is waited for. Plain values, so that a send
  /// counts no references.
  private let echoCopies: [Count]
  private let echoWaits: [Int64]

  /// Connections that were read so often in one round that the others came first.
  private var unread: [(index: Int, untilEnd: Bool)] = []
  private var lastRound = Instant.now

  private var stage = LoadControl.Stage.connecting
  private var openConnections: [Int] = []
  private var openMembers: [Int]
  private var nextOpen = 0
  private var nextConnect = 0
  private var connectStart = Instant.now
  private var handshakes = 0
  private var opened = 0
  private var failed = 0
  private var nextHandshakeCheck = Instant.now

  private var loadStart = Instant.now
  private var pacer: Pacer
  private var sequence: UInt32 = 0
  private var copiesExpected = 0
  private var copiesReceived = 0
  private var lastEcho = Instant.now
  private var dropped = 0
  private var deadline = Instant.now

  /// - Parameters:
  ///   - shard: this reactor's number, 0 to 255.
  package init(
    plan: Plan, address: SocketAddress, shard: UInt8 = 0, queue: ObservationQueue, control: LoadControl,
    limits: Limits = Limits()
  ) throws(LoadFault) {
    guard let reader = EchoReader(plan) else { throw .tooManyMatches }
    self.plan = plan
    self.address = address
    self.control = control
    self.shard = UInt32(shard)
    self.limits = limits
    self.reader = reader
    do throws(TLSContextFault) {
      tls = try plan.tls.map { configuration throws(TLSContextFault) in
        try TLSContext(client: configuration, host: plan.target.host)
      }
    } catch {
      throw .tls(error)
    }
    do throws(SystemFault) { poller = try Poller() } catch { throw .system(error) }
    let count = plan.scenario.load.connections
    connections = ConnectionTable(count: count, messageLimit: Self.messageLimit)
    openMembers = Array(repeating: 0, count: count == 0 ? 0 : plan.group(ofConnection: count - 1) + 1)
    openConnections.reserveCapacity(count)
    observations = ObservationWriter(queue)
    frames = FrameTable(plan, shard: UInt32(shard))
    sendBuffer = .allocate(byteCount: frames.longest + 16, alignment: 64)
    mix = MessageMix(plan.scenario.messages, seed: plan.seed)
    pacer = Pacer(plan)
    echoCopies = plan.scenario.messages.map { $0.echo?.copies ?? .fixed(0) }
    echoWaits = plan.scenario.messages.map { ($0.echo?.within ?? .zero).clampedNanoseconds }
  }

  deinit {
    receiveBuffer.deallocate()
    sendBuffer.deallocate()
  }

  /// Runs the load to its end. Returns when every session is closed and every observation handed over.
  package func run() {
    connectStart = .now
    lastRound = connectStart
    while stage != .over {
      let now = Instant.now
      noteStall(at: now)
      let next = advance(now)
      observations.flush(ifDueAt: now)
      publish()
      var wake = now.advanced(byNanoseconds: Self.tick)
      if next < wake { wake = next }
      if let flush = observations.deadline, flush < wake { wake = flush }
      let resumed = unread
      unread.removeAll(keepingCapacity: true)
      let count = poller.wait(until: resumed.isEmpty ? wake : now)
      for index in 0..<count { handle(poller.event(index)) }
      for (index, untilEnd) in resumed { receive(on: index, untilEnd: untilEnd) }
    }
    observations.flush()
    publish()
  }

  /// Observes that we stood still: what was late then is our fault, not the server's.
  private func noteStall(at now: Instant) {
    let gap = now - lastRound
    lastRound = now
    guard gap > Self.tick + Self.stallBound else { return }
    observations.write(.stalled(Observation.Stalled(nanoseconds: gap - Self.tick, at: now)), at: now)
  }

  private func publish() {
    control.publish(
      LoadControl.Progress(
        stage: stage, opened: opened, failed: failed, open: openConnections.count, sent: Int(sequence),
        copies: copiesReceived, dropped: dropped))
  }
}

// MARK: - Stages

extension LoadReactor {
  /// Does what is due and returns when the next thing will be.
  private func advance(_ now: Instant) -> Instant {
    switch stage {
    case .connecting: return advanceConnecting(now)
    case .loading: return advanceLoading(now)
    case .draining:
      let quietAt = lastEcho.advanced(byNanoseconds: Self.quietTime)
      let isDone = copiesReceived >= copiesExpected && now >= quietAt
      if isDone || now >= deadline || openConnections.isEmpty { beginClosing(now) }
      return copiesReceived >= copiesExpected ? quietAt : deadline
    case .closing:
      if now >= deadline { abandonClosing(now) }
      if openConnections.isEmpty { stage = .over }
      return deadline
    case .over: return now
    }
  }

  private func advanceConnecting(_ now: Instant) -> Instant {
    if control.isStopping {
      beginClosing(now)
      return now
    }
    checkHandshakes(now)
    let limit = tls == nil ? Self.handshakeLimit : Self.tlsHandshakeLimit
    while nextConnect < connections.count, handshakes < limit {
      let due = connectStart.advanced(byNanoseconds: plan.connectDue(ofConnection: nextConnect))
      if due > now { return due }
      connect(nextConnect, at: now)
      nextConnect += 1
    }
    guard nextConnect == connections.count, handshakes == 0 else { return .init(nanoseconds: .max) }
    if openConnections.isEmpty {
      beginClosing(now)
      return now
    }
    stage = .loading
    loadStart = now
    pacer.begin(openConnections)
    return now
  }

  private func advanceLoading(_ now: Instant) -> Instant {
    if control.isStopping {
      beginDraining(now)
      return now
    }
    if openConnections.isEmpty {
      // Nobody is left to carry what would have been due.
      drop(pacer.skipRemainingArrivals(), due: now, at: now)
      beginDraining(now)
      return now
    }
    var now = now
    for _ in 0..<Self.sendsPerLoop {
      switch pacer.next(at: now - loadStart) {
      case .wait(let offset): return loadStart.advanced(byNanoseconds: offset)
      case .over:
        beginDraining(now)
        return now
      case .arrival(let due, let isWarmUp):
        send(at: nextOpenConnection(), due: loadStart.advanced(byNanoseconds: due), isWarmUp: isWarmUp)
      case .user(let index, let due, let isWarmUp):
        if connections[index].session.isOpen {
          send(at: index, due: loadStart.advanced(byNanoseconds: due), isWarmUp: isWarmUp)
        }
      case .giveUp(let index, let sequence):
        if connections[index].awaited == sequence { userIsFree(index, at: now) }
      }
      now = .now
    }
    return now
  }

  private func beginDraining(_ now: Instant) {
    stage = .draining
    deadline = now.advanced(byNanoseconds: plan.longestWait.clampedNanoseconds)
  }

  private func beginClosing(_ now: Instant) {
    stage = .closing
    deadline = now.advanced(byNanoseconds: limits.close.clampedNanoseconds)
    for index in 0..<connections.count {
      if connections[index].session.isOpen {
        connections[index].session.beganClosing()
        transmit(FrameEncoding.close(.normal, maskKey: randomWords.word()), on: index)
      } else {
        perform(connections[index].session.abandoned(), on: index, at: now)
      }
    }
  }

  private func abandonClosing(_ now: Instant) {
    for index in 0..<connections.count { perform(connections[index].session.timedOut(), on: index, at: now) }
  }

  private func checkHandshakes(_ now: Instant) {
    guard now >= nextHandshakeCheck, handshakes > 0 else { return }
    let limit = limits.handshake.clampedNanoseconds
    nextHandshakeCheck = now.advanced(byNanoseconds: min(limit, nanosecondsPerSecond / 2))
    for index in 0..<nextConnect {
      if let since = connections[index].session.awaitedSince, now - since > limit {
        perform(connections[index].session.timedOut(), on: index, at: now)
      }
    }
  }

  private func nextOpenConnection() -> Int? {
    guard !openConnections.isEmpty else { return nil }
    if nextOpen >= openConnections.count { nextOpen = 0 }
    defer { nextOpen &+= 1 }
    return openConnections[nextOpen]
  }
}

// MARK: - Connections

extension LoadReactor {
  private func connect(_ index: Int, at now: Instant) {
    let key = Handshake.key(fromRandom: (randomWords.wide(), randomWords.wide()))
    let handshake = ClientHandshake(
      host: plan.target.authority, path: plan.path(ofConnection: index),
      headers: plan.headers(ofConnection: index), key: key)
    handshakes += 1
    connections[index].session.began(handshake, at: now)
    do throws(SystemFault) {
      connections[index].stream = try Stream(connectingTo: address)
      try poller.add(connections[index].stream.descriptor, token: UInt64(index))
    } catch {
      perform(connections[index].session.streamEnded(errno: error.errno), on: index, at: now)
    }
  }

  private func handle(_ event: Poller.Event) {
    // A connection index is used once in a run, so an event that is older than its socket's end finds no session.
    guard let index = Int(exactly: event.token), connections.contains(index),
      connections[index].stream.descriptor >= 0
    else { return }
    if event.isWritable, !becameWritable(index) { return }
    if event.isReadable { receive(on: index, untilEnd: event.isEnding) }
  }

  /// Returns whether the connection lives on.
  private func becameWritable(_ index: Int) -> Bool {
    if case .connecting = connections[index].session {
      let reason = connections[index].stream.connectError
      if reason != 0 {
        perform(connections[index].session.streamEnded(errno: reason), on: index, at: .now)
        return false
      }
      perform(connections[index].session.connected(withTLS: tls != nil), on: index, at: .now)
    } else if connections[index].stream.backlog > 0, case .failed(let reason) = connections[index].stream.flush() {
      perform(connections[index].session.streamEnded(errno: reason), on: index, at: .now)
      return false
    }
    return connections[index].stream.descriptor >= 0
  }

  private func receive(on index: Int, untilEnd: Bool) {
    for _ in 0..<Self.readsPerEvent {
      guard connections[index].stream.descriptor >= 0 else { return }
      switch connections[index].stream.receive(sharing: receiveBuffer) {
      case .bytes(let bytes, let isShort):
        consume(bytes, on: index)
        if isShort, !untilEnd { return }
      case .wouldBlock: return
      case .ended: perform(connections[index].session.streamEnded(errno: nil), on: index, at: .now)
      case .failed(let reason): perform(connections[index].session.streamEnded(errno: reason), on: index, at: .now)
      case .secured: perform(connections[index].session.secured(), on: index, at: .now)
      case .broken(let fault): perform(connections[index].session.broken(by: fault), on: index, at: .now)
      }
    }
    // There may be more, and no edge will tell: the others have their turn first.
    unread.append((index, untilEnd))
  }

  private func consume(_ bytes: UnsafeMutableRawBufferPointer, on index: Int) {
    let now = Instant.now
    var offset = 0
    if case .upgrading = connections[index].session {
      let action = connections[index].session.received(answer: UnsafeRawBufferPointer(bytes), at: now)
      if case .opened(let headLength, _) = action { offset = headLength }
      perform(action, on: index, at: now)
    }
    switch connections[index].session {
    case .open, .closing: readFrames(bytes, from: &offset, on: index, at: now)
    case .none, .connecting, .securing, .upgrading: break
    }
    if connections[index].stream.descriptor >= 0 { connections[index].stream.keep(bytes, from: offset) }
  }

  private func readFrames(
    _ bytes: UnsafeMutableRawBufferPointer, from offset: inout Int, on index: Int, at now: Instant
  ) {
    do throws(ProtocolError) {
      while connections[index].stream.descriptor >= 0,
        let event = try connections[index].decoder.next(bytes, from: &offset)
      {
        switch event {
        case .message(let kind, let range):
          received(kind, UnsafeRawBufferPointer(rebasing: bytes[range]), on: index, at: now)
        case .assembled(let kind):
          let message = connections[index].decoder.takeAssembled()
          message.withUnsafeBytes { received(kind, $0, on: index, at: now) }
        case .ping(let range):
          let payload = UnsafeRawBufferPointer(rebasing: bytes[range])
          transmit(FrameEncoding.frame(.pong, payload, maskKey: randomWords.word()), on: index)
        case .pong: break
        case .close(let code, _): perform(connections[index].session.received(close: code), on: index, at: now)
        }
      }
    } catch {
      let reason = UnreadableReason.protocolError(
        section: StaticSection(error.section.major, error.section.minor), code: error.closeCode.rawValue)
      observations.write(
        .unreadable(Observation.Unreadable(connection: UInt32(index), reason: reason, at: now)),
        excerptOf: UnsafeRawBufferPointer(rebasing: bytes[min(offset, bytes.count)...]), at: now)
      transmit(FrameEncoding.close(error.closeCode, maskKey: randomWords.word()), on: index)
      perform(connections[index].session.failedByUs(.protocolError), on: index, at: now)
    }
  }

  /// Sends bytes that are no message of the plan: the upgrade and control frames.
  private func transmit(_ bytes: [UInt8], on index: Int) {
    guard connections[index].stream.descriptor >= 0 else { return }
    guard connections[index].stream.backlog < limits.backlogBytes else {
      perform(connections[index].session.failedByUs(.backlog), on: index, at: .now)
      return
    }
    let result = bytes.withUnsafeBytes { connections[index].stream.send($0) }
    if case .failed(let reason) = result {
      perform(connections[index].session.streamEnded(errno: reason), on: index, at: .now)
    }
  }

  /// Obeys a session.
  private func perform(_ action: Session.Action, on index: Int, at now: Instant) {
    switch action {
    case .nothing: break
    case .beginTLS: secure(index)
    case .sendUpgrade(let request): transmit(request, on: index)
    case .opened(_, let connectNanoseconds):
      handshakes -= 1
      opened += 1
      connections[index].place = openConnections.count
      openConnections.append(index)
      openMembers[plan.group(ofConnection: index)] += 1
      observations.write(
        .opened(
          Observation.Opened(
            connection: UInt32(index), security: security(of: index), at: now, connectNanoseconds: connectNanoseconds)),
        at: now)
    case .failed(let reason):
      handshakes -= 1
      failed += 1
      connections[index].stream.close()
      observations.write(
        .failed(Observation.ConnectionFailed(connection: UInt32(index), at: now, reason: reason)), at: now)
    case .answerClose(let code):
      let answer = code == .noStatus ? CloseCode.normal : code
      let frame = FrameEncoding.close(answer, maskKey: randomWords.word())
      _ = frame.withUnsafeBytes { connections[index].stream.send($0) }
      end(index, .server, code, at: now)
    case .ended(let cause, let code): end(index, cause, code, at: now)
    }
  }

  private func secure(_ index: Int) {
    guard let tls, case .failed(let reason) = connections[index].stream.secure(with: tls) else { return }
    perform(connections[index].session.streamEnded(errno: reason), on: index, at: .now)
  }

  private func security(of index: Int) -> ConnectionSecurity {
    tls == nil ? .none : connections[index].stream.resumedSession ? .resumedTLS : .tls
  }

  private func end(_ index: Int, _ cause: CloseCause, _ code: CloseCode, at now: Instant) {
    connections[index].stream.close()
    openMembers[plan.group(ofConnection: index)] -= 1
    let place = connections[index].place
    let last = openConnections.removeLast()
    if last != index {
      openConnections[place] = last
      connections[last].place = place
    }
    observations.write(
      .closed(Observation.Closed(connection: UInt32(index), at: now, cause: cause, code: code.rawValue)), at: now)
  }
}

// MARK: - Messages

extension LoadReactor {
  private func send(at index: Int?, due: Instant, isWarmUp: Bool) {
    let now = Instant.now
    guard let index, connections[index].stream.backlog < limits.backlogBytes else {
      drop(1, due: due, at: now)
      return
    }
    guard sequence < .max else { return control.stop() }
    let type = mix.next()
    let identity = MessageIdentity(shard: shard, sequence: sequence)
    let count = frames.write(
      type: type, identity, plan.identities, maskKey: randomWords.word(), to: sendBuffer)
    let result = connections[index].stream.send(UnsafeRawBufferPointer(rebasing: sendBuffer[..<count]))
    if case .failed(let reason) = result {
      drop(1, due: due, at: now)
      perform(connections[index].session.streamEnded(errno: reason), on: index, at: now)
      return
    }
    sequence &+= 1
    let members = openMembers[plan.group(ofConnection: index)]
    copiesExpected += echoCopies[type].value(members: members)
    if case .closed = pacer.model {
      connections[index].awaited = identity.sequence
      pacer.sent(by: index, identity.sequence, giveUpAt: now - loadStart &+ echoWaits[type])
    }
    observations.write(
      .sent(
        Observation.Sent(
          message: identity, connection: UInt32(index), type: UInt8(type), isWarmUp: isWarmUp,
          members: UInt32(members), due: due, at: now)),
      at: now)
  }

  /// Messages that were due, and that no session was free to carry.
  private func drop(_ count: UInt64, due: Instant, at now: Instant) {
    guard count > 0 else { return }
    dropped += Int(clamping: count)
    observations.write(.dropped(Observation.DroppedArrivals(count: count, due: due)), at: now)
  }

  private func received(_ kind: MessageKind, _ text: UnsafeRawBufferPointer, on index: Int, at now: Instant) {
    guard kind == .text else {
      observations.write(
        .unreadable(Observation.Unreadable(connection: UInt32(index), reason: .binary, at: now)), at: now)
      return
    }
    switch text.withMemoryRebound(to: UInt8.self, { reader.read($0.span) }) {
    case .unreadable(let reason):
      observations.write(
        .unreadable(Observation.Unreadable(connection: UInt32(index), reason: reason, at: now)), excerptOf: text,
        at: now)
    case .foreign(let type):
      observations.write(
        .foreignEcho(Observation.ForeignEcho(connection: UInt32(index), type: type, at: now)), at: now)
    case .echo(let type, let message, let context):
      copiesReceived += 1
      lastEcho = now
      let observation = Observation.echoed(
        Observation.Echoed(connection: UInt32(index), type: type, message: message, context: context, at: now))
      switch context {
      case .absent, .present: observations.write(observation, at: now)
      case .wrongType, .malformed: observations.write(observation, excerptOf: text, at: now)
      }
      if let awaited = connections[index].awaited,
        awaited == (message ?? self.message(of: context))?.sequence
      {
        userIsFree(index, at: now)
      }
    }
  }

  private func message(of context: EchoedContext) -> MessageIdentity? {
    if case .present(let traceparent) = context { plan.identities.identity(of: traceparent.traceID) } else { nil }
  }

  /// Closed model: the echo is there, or was waited for long enough.
  private func userIsFree(_ index: Int, at now: Instant) {
    connections[index].awaited = nil
    pacer.isFree(index, at: now - loadStart)
  }
}

/// Why a load cannot be run.
package enum LoadFault: Error, Hashable, Sendable, CustomStringConvertible {
  case system(SystemFault)
  case tls(TLSContextFault)
  /// The message types match more than 64 members together.
  case tooManyMatches

  package var description: String {
    switch self {
    case .system(let fault): fault.description
    case .tls(let fault): fault.description
    case .tooManyMatches: "the message types' echoes match more than 64 members together"
    }
  }
}
