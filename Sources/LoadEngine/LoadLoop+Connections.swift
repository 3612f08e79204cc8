import Observations
import Planning
import Reactor
import Timing
import TransportSecurity
import VirtualUsers
import WebSocketProtocol

/// Opening, reading and ending connections.
extension LoadLoop {
  /// A connection's number in the scenario.
  func number(of index: Int) -> Int { firstConnection &+ index }

  mutating func connect(_ index: Int, at now: Instant) {
    let number = number(of: index)
    let key = Handshake.key(fromRandom: (randomWords.wide(), randomWords.wide()))
    let handshake = ClientHandshake(plan, connection: number, key: key)
    handshakes += 1
    connections[index].generation &+= 1
    connections[index].pinged = nil
    contexts.forget(index)
    connections[index].decoder = MessageDecoder(role: .client, limit: Self.messageLimit)
    connections[index].session.began(handshake, through: proxy, at: now)
    do throws(SystemFault) {
      connections[index].stream = try Stream(
        connectingTo: addresses[address(ofConnection: number)], from: source(ofConnection: number))
      let token = UInt64(connections[index].generation) << 32 | UInt64(index)
      try poller.add(connections[index].stream.descriptor, token: token)
    } catch {
      streamEnded(index, errno: error.errno, at: now)
    }
  }

  /// The index of the address that a connection goes to.
  private func address(ofConnection number: Int) -> Int { number % addresses.count }

  /// Nil leaves it to the kernel.
  private func source(ofConnection number: Int) -> SocketAddress? {
    guard !sources.isEmpty else { return nil }
    return sources[number / addresses.count / LoadReactor.connectionsPerSource % sources.count]
  }

  mutating func handle(_ event: Poller.Event) {
    let index = Int(event.token & 0xffff_ffff)
    guard connections.contains(index), connections[index].generation == event.token >> 32,
      connections[index].stream.descriptor >= 0
    else { return }
    if event.isWritable, !becameWritable(index) { return }
    guard event.isReadable else { return }
    if slowReading != nil, connections[index].isOpen, !event.isEnding {
      planSlowRead(of: index, at: .now)
    } else {
      receive(on: index, untilEnd: event.isEnding)
    }
  }

  /// Returns whether the connection lives on.
  private mutating func becameWritable(_ index: Int) -> Bool {
    if connections[index].isOpen, connections[index].stream.backlog == 0 { return true }
    if case .connecting = connections[index].session {
      let reason = connections[index].stream.connectError
      if reason != 0 {
        streamEnded(index, errno: reason, at: .now)
        return false
      }
      connected(index, at: .now)
    } else if connections[index].stream.backlog > 0, case .failed(let reason) = connections[index].stream.flush() {
      streamEnded(index, errno: reason, at: .now)
      return false
    }
    return connections[index].stream.descriptor >= 0
  }

  mutating func receive(on index: Int, untilEnd: Bool) {
    for _ in 0..<Self.readsPerEvent {
      guard connections[index].stream.descriptor >= 0 else { return }
      switch connections[index].stream.receive(sharing: receiveBuffer) {
      case .bytes(let bytes, let isShort):
        consume(bytes, on: index)
        if isShort, !untilEnd { return }
      case .wouldBlock: return
      case .ended: streamEnded(index, errno: nil, at: .now)
      case .failed(let reason): streamEnded(index, errno: reason, at: .now)
      case .secured: secured(index, at: .now)
      case .broken(let fault): broken(index, by: fault, at: .now)
      }
    }
    // There may be more, and no edge will tell: the others have their turn first.
    guard !connections[index].isUnread else { return }
    connections[index].isUnread = true
    unread.append((index, untilEnd))
  }

  /// Reads once, and tells whether there may be more.
  mutating func receiveOnce(on index: Int, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
    switch connections[index].stream.receive(sharing: buffer) {
    case .bytes(let bytes, let isShort):
      consume(bytes, on: index)
      return !isShort && connections[index].stream.descriptor >= 0
    case .wouldBlock: return false
    case .ended: streamEnded(index, errno: nil, at: .now)
    case .failed(let reason): streamEnded(index, errno: reason, at: .now)
    case .secured: secured(index, at: .now)
    case .broken(let fault): broken(index, by: fault, at: .now)
    }
    return false
  }

  private mutating func consume(_ bytes: UnsafeMutableRawBufferPointer, on index: Int) {
    let now = Instant.now
    var offset = 0
    if connections[index].isOpen {
      readFrames(bytes, from: &offset, on: index, at: now)
      if connections[index].stream.descriptor >= 0 { connections[index].stream.keep(bytes, from: offset) }
      return
    }
    if case .proxying = connections[index].session {
      let action = connections[index].session.received(
        proxyAnswer: UnsafeRawBufferPointer(bytes), withTLS: tls != nil, at: now)
      offset = action.headLength
      if case .beginTLS = action { return secure(index, after: bytes, from: offset, action, at: now) }
      perform(action, on: index, at: now)
    }
    if case .upgrading = connections[index].session {
      let answer = UnsafeRawBufferPointer(rebasing: bytes[offset...])
      let action = connections[index].session.received(answer: answer, at: now)
      offset += action.headLength
      if case .opened(_, _, let agreement?) = action {
        connections[index].decoder.use(Compression(agreement, role: .client, pool: compressionPool))
      }
      perform(action, on: index, at: now)
    }
    switch connections[index].session {
    case .open, .closing: readFrames(bytes, from: &offset, on: index, at: now)
    case .none, .connecting, .proxying, .securing, .upgrading: break
    }
    if connections[index].stream.descriptor >= 0 { connections[index].stream.keep(bytes, from: offset) }
  }

  private mutating func readFrames(
    _ bytes: UnsafeMutableRawBufferPointer, from offset: inout Int, on index: Int, at now: Instant
  ) {
    do throws(ProtocolError) {
      while offset < bytes.count, connections[index].stream.descriptor >= 0,
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
        case .pong(let range):
          if pingInterval > 0 { ponged(UnsafeRawBufferPointer(rebasing: bytes[range]), on: index, at: now) }
        case .close(let code, let reason):
          observations.note(reason: UnsafeRawBufferPointer(rebasing: bytes[reason]), of: code.rawValue)
          perform(connections[index].session.received(close: code), on: index, at: now)
        }
      }
    } catch {
      let reason = UnreadableReason.protocolError(
        section: StaticSection(error.section.major, error.section.minor, of: error.standard),
        code: error.closeCode.rawValue)
      observations.addExcerpt(of: UnsafeRawBufferPointer(rebasing: bytes[min(offset, bytes.count)...]))
      observations.write(
        .unreadable(Observation.Unreadable(connection: UInt32(number(of: index)), reason: reason, at: now)), at: now)
      transmit(FrameEncoding.close(error.closeCode, maskKey: randomWords.word()), on: index)
      perform(connections[index].session.failedByUs(.protocolError), on: index, at: now)
    }
  }

  /// Sends bytes that are no message of the plan: the upgrade and control frames.
  mutating func transmit(_ bytes: [UInt8], on index: Int) {
    guard connections[index].stream.descriptor >= 0 else { return }
    // A message that began to be sent may still wait, however long it is; only what comes on top of it is bounded.
    guard connections[index].stream.backlog < backlogBytes + frames.longest else {
      perform(connections[index].session.failedByUs(.backlog), on: index, at: .now)
      return
    }
    let result = bytes.withUnsafeBytes { connections[index].stream.send($0) }
    if case .failed(let reason) = result {
      streamEnded(index, errno: reason, at: .now)
    }
  }

  /// Obeys a session.
  mutating func perform(_ action: Session.Action, on index: Int, at now: Instant) {
    switch action {
    case .nothing: break
    case .askProxy(let request): transmit(request, on: index)
    case .beginTLS: secure(index)
    case .sendUpgrade(let request, _): transmit(request, on: index)
    case .opened(_, let stages, _):
      handshakes -= 1
      opened += 1
      connections[index].attempts = 0
      decide(index)
      connections[index].place = openConnections.count
      openConnections.append(index)
      openMembers[index / groupSize] += 1
      if stage == .loading { pacer.returned(index, at: now - loadStart) }
      observations.write(
        .opened(
          Observation.Opened(
            connection: UInt32(number(of: index)), security: security(of: index), at: now, stages: stages)),
        at: now)
    case .failed(let reason):
      handshakes -= 1
      failed += 1
      connections[index].stream.close()
      let number = number(of: index)
      let failure = Observation.ConnectionFailed(
        connection: UInt32(number), address: UInt16(clamping: address(ofConnection: number)), at: now, reason: reason)
      observations.write(.failed(failure), at: now)
      if !planRetry(of: index, at: now) { decide(index) }
    case .answerClose(let code):
      let answer = code == .noStatus ? CloseCode.normal : code
      let frame = FrameEncoding.close(answer, maskKey: randomWords.word())
      _ = frame.withUnsafeBytes { connections[index].stream.send($0) }
      end(index, .server, code, nil, at: now)
    case .ended(let cause, let code, let closeNanoseconds): end(index, cause, code, closeNanoseconds, at: now)
    }
  }

  private mutating func connected(_ index: Int, at now: Instant) {
    perform(connections[index].session.connected(withTLS: tls != nil, at: now), on: index, at: now)
  }

  private mutating func secured(_ index: Int, at now: Instant) {
    perform(connections[index].session.secured(at: now), on: index, at: now)
  }

  private mutating func broken(_ index: Int, by fault: TLSFault, at now: Instant) {
    perform(connections[index].session.broken(by: fault, at: now), on: index, at: now)
  }

  mutating func streamEnded(_ index: Int, errno: Int32?, at now: Instant) {
    perform(connections[index].session.streamEnded(errno: errno, at: now), on: index, at: now)
  }

  /// The load waits for this connection no longer.
  private mutating func decide(_ index: Int) {
    guard !connections[index].isDecided else { return }
    connections[index].isDecided = true
    decided += 1
  }

  private mutating func secure(_ index: Int) {
    guard let tls, case .failed(let reason) = connections[index].stream.secure(with: tls) else { return }
    streamEnded(index, errno: reason, at: .now)
  }

  /// Begins TLS behind a proxy's answer: what stands behind that is TLS's.
  private mutating func secure(
    _ index: Int, after bytes: UnsafeMutableRawBufferPointer, from offset: Int, _ action: Session.Action,
    at now: Instant
  ) {
    let isFollowed = offset < bytes.count
    connections[index].stream.keep(bytes, from: offset)
    perform(action, on: index, at: now)
    // No edge will tell of what is there already.
    if isFollowed { unread.append((index, false)) }
  }

  private func security(of index: Int) -> ConnectionSecurity {
    tls == nil ? .none : connections[index].stream.resumedSession ? .resumedTLS : .tls
  }

  private mutating func end(
    _ index: Int, _ cause: CloseCause, _ code: CloseCode, _ closeNanoseconds: Int64?, at now: Instant
  ) {
    connections[index].stream.close()
    connections[index].decoder.end()
    openMembers[index / groupSize] -= 1
    let place = connections[index].place
    let last = openConnections.removeLast()
    if last != index {
      openConnections[place] = last
      connections[last].place = place
    }
    observations.write(
      closed: Observation.Closed(
        connection: UInt32(number(of: index)), at: now, cause: cause, code: code.rawValue,
        closeNanoseconds: closeNanoseconds),
      at: now)
    _ = planRetry(of: index, at: now)
  }
}
