import Observations
import Planning
import Reactor
import Scenarios
import Timing
import TraceContext
import TransportSecurity
import VirtualUsers
import WebSocketProtocol

/// What a load reactor knows and does; connections are numbered from 0 within it.
struct LoadLoop: ~Copyable {
  /// Handshakes under way at once.
  static let handshakeLimit = 512
  /// With TLS a handshake costs us and the server about half a millisecond each: more at once would only wait for each
  /// other, and the echoes of the open connections for them.
  static let tlsHandshakeLimit = 128
  /// Longest message that is accepted, in bytes.
  static let messageLimit = 16 << 20
  /// Messages that are sent before what has arrived is looked at, so that a rate beyond our reach neither keeps echoes
  /// waiting nor a stop unnoticed.
  /// How much longer than their time copies are waited for, so that a late one is not taken for lost.
  static let lateCopyWait: Int64 = 500_000_000
  static let sendsPerRound = 512
  /// Reads of one connection in one round, 64 KiB each: a server that never stops sending does not stop the others.
  static let readsPerEvent = 16
  /// How much later than planned a round of the reactor is a stall.
  static let stallBound: Int64 = 100_000_000
  /// How long no echo has come when the draining ends early: copies are counted, and some may be duplicates.
  static let quietTime: Int64 = 250_000_000
  /// Longest wait for events, so that a stop is noticed.
  static let tick: Int64 = 20_000_000
  /// How long before a message is due spinning begins: a sleeping thread wakes up to 50 µs late.
  static let spinTime: Int64 = 60_000

  let plan: Plan
  let identities: IdentityPermutation
  let addresses: [SocketAddress]
  let sources: [SocketAddress]
  let spins: Bool
  let limits: StageLimits
  let backlogBytes: Int
  let control: LoadControl
  let share: Share
  let part: Int
  /// The scenario's number of connection 0, which begins a group.
  let firstConnection: Int
  let groupSize: Int

  let connections: ConnectionTable
  let proxy: ProxyRequest?
  let tls: TLSContext?
  var poller: Poller
  var observations: ObservationWriter
  var randomWords = RandomWords()
  let reader: EchoReader
  let compressionPool = CompressionPool()
  let receiveBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 64)
  let sendBuffer: UnsafeMutableRawBufferPointer
  var frames: FrameTable
  var contexts: SentContexts
  let mix: MessageMix
  /// By message type: copies that an echo has, nil for one for each member; and nanoseconds that it is waited for. Plain
  /// values, so that a send counts no references.
  let echoCopies: [Int?]
  let echoWaits: [Int64]

  /// Connections that were read so often in one round that the others came first.
  var unread: [(index: Int, untilEnd: Bool)] = []
  var lastRound = Instant.now

  var stage = LoadControl.Stage.connecting
  var openConnections: [Int] = []
  var openMembers: [Int]
  var nextOpen = 0
  var nextConnect = 0
  var connectStart = Instant.now
  var handshakes = 0
  var opened = 0
  var failed = 0
  var nextHandshakeCheck = Instant.now
  /// Connections that have been open once, or have been given up.
  var decided = 0

  let reconnect: Reconnect?
  /// Connections that are to be opened again.
  var retries = TimerHeap()
  /// Nanoseconds between two pings of one connection; 0 for none.
  let pingInterval: Int64
  var nextPing = Instant(nanoseconds: .max)
  var pingCursor = 0
  let slowReading: SlowReading?
  /// Connections that are read a little later; the wait is the same for all, so they stay in order.
  var slowReads = FIFO<(index: Int, due: Instant)>()

  var loadStart = Instant.now
  var pacer: Pacer
  var sequence: UInt32 = 0
  var copiesExpected = 0
  var copiesReceived = 0
  var lastEcho = Instant.now
  var dropped = 0
  var deadline = Instant.now

  init(
    plan: Plan, settings: LoadReactor.Settings, sink: any ObservationSink, control: LoadControl
  ) throws(LoadFault) {
    guard let reader = EchoReader(plan) else { throw .tooManyMatches }
    let tls: TLSContext?
    do throws(TLSContextFault) {
      tls = try plan.tls.map { configuration throws(TLSContextFault) in
        try TLSContext(client: configuration, host: plan.target.host)
      }
    } catch {
      throw .tls(error)
    }
    do throws(SystemFault) { poller = try Poller() } catch { throw .system(error) }
    self.tls = tls
    self.plan = plan
    proxy = plan.scenario.target.proxy.map {
      ProxyRequest(host: plan.target.host, port: plan.target.port, credentials: $0.credentials)
    }
    self.reader = reader
    self.control = control
    identities = plan.identities
    addresses = settings.addresses
    sources = settings.sources
    spins = settings.spins
    limits = StageLimits(plan.scenario.target.timeLimits)
    backlogBytes = settings.backlogBytes
    share = settings.share
    part = settings.part
    reconnect = plan.scenario.target.reconnect
    pingInterval = plan.scenario.target.pingInterval?.clampedNanoseconds ?? 0
    slowReading = plan.scenario.target.slowReading
    groupSize = plan.scenario.group?.size ?? 1
    let own = share.connections(of: plan.scenario.load.connections, groupSize: groupSize)
    firstConnection = own.lowerBound
    connections = ConnectionTable(count: own.count, messageLimit: Self.messageLimit)
    openMembers = Array(repeating: 0, count: (own.count + groupSize - 1) / groupSize)
    openConnections.reserveCapacity(own.count)
    observations = ObservationWriter(sink)
    frames = FrameTable(plan, shard: UInt32(share.index))
    contexts = SentContexts(plan, connections: own.count)
    sendBuffer = .allocate(byteCount: frames.longest + 16, alignment: 64)
    mix = MessageMix(plan.scenario.messages, seed: plan.seed)
    pacer = Pacer(plan, share: share, users: own.count)
    echoCopies = plan.scenario.messages.map { message in
      switch message.echo?.copies {
      case .fixed(let count)?: count
      case .groupSize?: nil
      case nil: 0
      }
    }
    echoWaits = plan.scenario.messages.map { ($0.echo?.within ?? .zero).clampedNanoseconds }
  }

  deinit {
    receiveBuffer.deallocate()
    sendBuffer.deallocate()
  }

  mutating func run() {
    connectStart = .now
    lastRound = connectStart
    while stage != .over {
      let now = Instant.now
      noteStall(at: now)
      let next = min(advance(now), keepUp(at: now))
      observations.flush(ifDueAt: now)
      publish()
      let count = wait(until: next, from: now)
      for index in 0..<count { handle(poller.event(index)) }
    }
    if let compressed = Observation.Compressed(compressionPool) {
      observations.write(.compressed(compressed), at: .now)
    }
    observations.flush()
    publish()
  }

  /// Waits for events until something is due, and reads on where reading was interrupted.
  private mutating func wait(until next: Instant, from now: Instant) -> Int {
    guard unread.isEmpty else {
      let resumed = unread
      unread.removeAll(keepingCapacity: true)
      for (index, untilEnd) in resumed {
        connections[index].isUnread = false
        receive(on: index, untilEnd: untilEnd)
      }
      return poller.wait(until: now)
    }
    let wake = min(next, observations.deadline, now.advanced(byNanoseconds: Self.tick))
    guard spins, stage == .loading else { return poller.wait(until: wake) }
    return poller.wait(until: wake.advanced(byNanoseconds: -Self.spinTime))
  }

  /// Observes that we stood still: what was late then is our fault, not the server's.
  private mutating func noteStall(at now: Instant) {
    let gap = now - lastRound
    lastRound = now
    guard gap > Self.tick + Self.stallBound else { return }
    observations.write(.stalled(Observation.Stalled(nanoseconds: gap - Self.tick, at: now)), at: now)
  }

  private func publish() {
    var progress = LoadControl.Progress()
    progress.stage = stage
    progress.opened = opened
    progress.failed = failed
    progress.open = openConnections.count
    progress.sent = Int(sequence)
    progress.copies = copiesReceived
    progress.dropped = dropped
    control.publish(progress, of: part)
  }
}

// MARK: - Stages

extension LoadLoop {
  /// Does what is due and returns when the next thing will be.
  private mutating func advance(_ now: Instant) -> Instant {
    checkHandshakes(now)
    switch stage {
    case .connecting: return advanceConnecting(now)
    case .ready: return advanceReady(now)
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

  var handshakesAtOnce: Int { tls == nil ? Self.handshakeLimit : Self.tlsHandshakeLimit }

  private mutating func advanceConnecting(_ now: Instant) -> Instant {
    if control.isStopping {
      beginClosing(now)
      return now
    }
    while nextConnect < connections.count, handshakes < handshakesAtOnce {
      let due = connectStart.advanced(byNanoseconds: plan.connectDue(ofConnection: firstConnection + nextConnect))
      if due > now { return due }
      connect(nextConnect, at: .now)
      nextConnect += 1
    }
    // One that was open and is lost again is waited for no longer, or a server that drops all would stop the load.
    guard decided == connections.count else { return .init(nanoseconds: .max) }
    stage = .ready
    control.becameReady(at: now)
    return now
  }

  private mutating func advanceReady(_ now: Instant) -> Instant {
    if control.isStopping {
      beginClosing(now)
      return now
    }
    guard let start = control.start else { return .init(nanoseconds: .max) }
    guard now >= start else { return start }
    stage = .loading
    loadStart = start
    pacer.begin(openConnections)
    return now
  }

  private mutating func advanceLoading(_ now: Instant) -> Instant {
    if control.isStopping {
      beginDraining(now)
      return now
    }
    if openConnections.isEmpty, handshakes == 0, retries.isEmpty {
      // Nobody is left to carry what would have been due.
      drop(pacer.skipRemainingArrivals(), due: now, at: now)
      beginDraining(now)
      return now
    }
    var now = now
    for _ in 0..<Self.sendsPerRound {
      let step = pacer.next(at: now - loadStart)
      switch step {
      case .wait(let offset): return loadStart.advanced(byNanoseconds: offset)
      case .over:
        beginDraining(now)
        return now
      case .arrival, .user: send(step)
      }
      now = .now
    }
    return now
  }

  private mutating func beginDraining(_ now: Instant) {
    stage = .draining
    deadline = now.advanced(byNanoseconds: plan.longestWait.clampedNanoseconds &+ Self.lateCopyWait)
  }

  private mutating func beginClosing(_ now: Instant) {
    stage = .closing
    retries.removeAll()
    nextPing = Instant(nanoseconds: .max)
    deadline = now.advanced(byNanoseconds: limits.close)
    for index in 0..<connections.count {
      guard connections[index].isOpen else {
        perform(connections[index].session.abandoned(), on: index, at: now)
        continue
      }
      // All waiting is over: this server will not read a close frame behind so much either.
      guard connections[index].stream.backlog < backlogBytes else {
        perform(connections[index].session.failedByUs(.backlog), on: index, at: now)
        continue
      }
      connections[index].session.beganClosing(at: now)
      transmit(FrameEncoding.close(.normal, maskKey: randomWords.word()), on: index)
    }
  }

  private mutating func abandonClosing(_ now: Instant) {
    for index in 0..<connections.count { perform(connections[index].session.timedOut(), on: index, at: now) }
  }

  /// Gives up connections whose stage has lasted too long.
  private mutating func checkHandshakes(_ now: Instant) {
    guard now >= nextHandshakeCheck, handshakes > 0 else { return }
    nextHandshakeCheck = now.advanced(byNanoseconds: limits.checkInterval)
    for index in 0..<nextConnect {
      if let (stage, since) = connections[index].session.stage, now - since > limits[stage] {
        perform(connections[index].session.timedOut(), on: index, at: now)
      }
    }
  }
}
