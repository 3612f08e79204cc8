import Observations
import Planning
import Reactor
import Scenarios
import Timing
import TraceContext
import VirtualUsers
import WebSocketProtocol

/// Sending messages and reading their echoes: nothing here allocates, locks or counts references.
extension LoadLoop {
  /// Sends the message that a step of the pacer asks for.
  mutating func send(_ step: Pacer.Step) {
    switch step {
    case .wait, .over: break
    case .arrival(let number, let due, let phase):
      send(on: nextOpenConnection(), type: mix.type(ofArrival: number), due: due, phase: phase)
    case .user(let index, let due, let phase):
      guard connections[index].isOpen else { return pacer.left(index) }
      // A user's messages are no arrivals; any number that no other message has will do.
      let number = UInt64(sequence) &* UInt64(share.count) &+ UInt64(share.index)
      send(on: index, type: mix.type(ofArrival: number), due: due, phase: phase)
    }
  }

  private mutating func nextOpenConnection() -> Int? {
    guard !openConnections.isEmpty else { return nil }
    if nextOpen >= openConnections.count { nextOpen = 0 }
    defer { nextOpen &+= 1 }
    return openConnections[nextOpen]
  }

  private mutating func send(on index: Int?, type: Int, due: Int64, phase: Int) {
    let due = loadStart.advanced(byNanoseconds: due)
    let now = Instant.now
    guard let index, connections[index].stream.backlog < backlogBytes else {
      drop(1, due: due, at: now)
      if let index { pacer.postponed(index, at: now - loadStart) }
      return
    }
    guard sequence < .max else { return control.stop() }
    let identity = MessageIdentity(shard: UInt32(share.index), sequence: sequence)
    let carried: Carried
    if let flags = contexts.fixedFlags[type] {
      carried = Carried(flags: flags, isAdopted: false)
    } else {
      carried = carryContext(of: identity, type: type, on: index)
    }
    // What is compressed is also sent: a frame left out would break the server's window.
    let frame: UnsafeRawBufferPointer
    if connections[index].decoder.isCompressing, let compression = connections[index].decoder.compression {
      frame = frames.write(type: type, identity, identities, maskKey: randomWords.word(), with: compression)
    } else {
      let count = frames.write(type: type, identity, identities, maskKey: randomWords.word(), to: sendBuffer)
      frame = UnsafeRawBufferPointer(rebasing: sendBuffer[..<count])
    }
    let result = connections[index].stream.send(frame)
    if case .failed(let reason) = result {
      drop(1, due: due, at: now)
      pacer.left(index)
      streamEnded(index, errno: reason, at: now)
      return
    }
    sequence &+= 1
    let members = openMembers[index / groupSize]
    copiesExpected &+= echoCopies[type] ?? members
    if pacer.model == .closed {
      pacer.sent(by: index, identity.sequence, giveUpAt: now - loadStart &+ echoWaits[type])
    }
    if carried.isAdopted { noteAdoption(by: identity, on: index, at: now) }
    observations.write(
      .sent(
        Observation.Sent(
          message: identity, connection: UInt32(truncatingIfNeeded: number(of: index)),
          type: UInt8(truncatingIfNeeded: type), phase: UInt8(truncatingIfNeeded: phase),
          flags: carried.flags, members: UInt32(truncatingIfNeeded: members), due: due, at: now)),
      at: now)
  }

  /// What has to be said of the context that a message carries.
  private struct Carried {
    var flags: TraceFlags
    var isAdopted: Bool
  }

  /// Writes into the frame what the message carries beside or instead of its own IDs.
  @inline(never)
  private mutating func carryContext(of message: MessageIdentity, type: Int, on index: Int) -> Carried {
    let number = UInt32(truncatingIfNeeded: number(of: index))
    let (context, isAdopted) = contexts.context(of: message, type: type, on: index, number: number, identities)
    frames.carry(context, type: type)
    return Carried(flags: context.flags, isAdopted: isAdopted)
  }

  @inline(never)
  private mutating func noteAdoption(by message: MessageIdentity, on index: Int, at now: Instant) {
    guard let context = contexts.received(on: index) else { return }
    observations.write(.adopted(Observation.Adopted(message: message, context: context)), at: now)
  }

  /// Messages that were due, and that no session was free to carry.
  mutating func drop(_ count: UInt64, due: Instant, at now: Instant) {
    guard count > 0 else { return }
    dropped += Int(clamping: count)
    observations.write(.dropped(Observation.DroppedArrivals(count: count, due: due)), at: now)
  }

  mutating func received(_ kind: MessageKind, _ text: UnsafeRawBufferPointer, on index: Int, at now: Instant) {
    let connection = UInt32(truncatingIfNeeded: number(of: index))
    switch kind {
    case .text: break
    case .binary:
      observations.write(
        .unreadable(Observation.Unreadable(connection: connection, reason: .binary, at: now)), at: now)
      return
    }
    switch reader.read(text) {
    case .unreadable(let reason):
      observations.addExcerpt(of: text)
      observations.write(.unreadable(Observation.Unreadable(connection: connection, reason: reason, at: now)), at: now)
    case .foreign(let type):
      observations.write(.foreignEcho(Observation.ForeignEcho(connection: connection, type: type, at: now)), at: now)
    case .echo(let echo):
      copiesReceived &+= 1
      lastEcho = now
      if echo.isOdd { observations.addExcerpt(of: text) }
      observations.write(
        .echoed(
          Observation.Echoed(
            connection: connection, type: echo.type, tracestate: echo.tracestate, baggage: echo.baggage,
            form: echo.form, message: echo.message, context: echo.context, at: now)),
        at: now)
      if case .present(let context) = echo.context { contexts.note(context, on: index) }
      if pacer.model == .closed { heard(echo.message ?? message(of: echo.context), on: index, at: now) }
    }
  }

  private func message(of context: EchoedContext) -> MessageIdentity? {
    if case .present(let traceparent) = context { identities.identity(of: traceparent.traceID) } else { nil }
  }

  /// Closed model: an echo is there; where no time to think is planned, its user sends again at once.
  private mutating func heard(_ message: MessageIdentity?, on index: Int, at now: Instant) {
    guard let message, message.shard == share.index, stage == .loading || stage == .draining,
      let next = pacer.heard(message.sequence, by: index, at: now - loadStart), stage == .loading, !control.isStopping
    else { return }
    send(next)
  }
}

extension EchoReader.Echo {
  /// Whether its text shows something that the other facts do not tell.
  fileprivate var isOdd: Bool {
    switch context {
    case .wrongType, .malformed: return true
    case .absent, .present: break
    }
    switch tracestate {
    case .truncated, .reordered, .altered, .misplaced, .malformed: return true
    case .kept, .lost: break
    }
    switch baggage {
    case .truncated, .altered: return true
    case .kept, .lost: return form.rawValue != 0
    }
  }
}
