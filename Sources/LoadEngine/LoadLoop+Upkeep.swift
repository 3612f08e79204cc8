import Observations
import Reactor
import Scenarios
import Timing
import WebSocketProtocol

/// What happens to connections besides messages: they are opened again, pinged, and read slowly, as the scenario asks.
extension LoadLoop {
  /// Does what is due of that, and returns when the next of it will be.
  mutating func keepUp(at now: Instant) -> Instant {
    while stage < .draining, handshakes < handshakesAtOnce, let index = retries.removeDue(at: now) {
      connect(index, at: .now)
    }
    while let (index, due) = slowReads.first, due <= now {
      slowReads.removeFirst()
      readSlowly(index, at: now)
    }
    pingDue(at: now)
    // Where no more handshakes may begin, the end of one makes room, which is an event.
    let retry = stage < .draining && handshakes < handshakesAtOnce ? retries.next : Instant(nanoseconds: .max)
    return min(retry, slowReads.first?.due ?? Instant(nanoseconds: .max), nextPing)
  }

  // MARK: Opening again

  /// Plans the next attempt to open a connection that failed or ended, where the scenario asks for one, and tells
  /// whether it does.
  ///
  /// The wait is a random part of a bound that doubles with each attempt (full jitter), so that those who lost the
  /// server together do not come back together.
  mutating func planRetry(of index: Int, at now: Instant) -> Bool {
    guard let rule = reconnect, stage < .draining, !control.isStopping, connections[index].attempts < rule.attempts
    else { return false }
    let bound = rule.bound(afterAttempts: connections[index].attempts)
    connections[index].attempts += 1
    let wait = Int64(Double(randomWords.word()) / 4_294_967_296 * Double(bound))
    retries.add(index, due: now.advanced(byNanoseconds: wait))
    return true
  }

  // MARK: Pings

  /// Sends the pings that are due: they go around the open connections evenly.
  private mutating func pingDue(at now: Instant) {
    guard pingInterval > 0, stage > .connecting, stage < .closing else { return }
    if nextPing.nanoseconds == .max { nextPing = now }
    let gap = max(pingInterval / Int64(max(connections.count, 1)), 1)
    // A round that comes late sends what it has missed, but never more than one ping for each connection.
    var sent = 0
    while nextPing <= now, sent < connections.count {
      ping(pingCursor)
      pingCursor = (pingCursor + 1) % connections.count
      nextPing = nextPing.advanced(byNanoseconds: gap)
      sent += 1
    }
    if nextPing <= now { nextPing = now.advanced(byNanoseconds: gap) }
  }

  /// Pings a connection that has answered the ping before: the time of a slow answer counts, too.
  private mutating func ping(_ index: Int) {
    guard connections[index].isOpen, connections[index].pinged == nil else { return }
    let now = Instant.now
    connections[index].pinged = now
    let payload = withUnsafeBytes(of: now.nanoseconds) { Array($0) }
    transmit(FrameEncoding.frame(.ping, payload, maskKey: randomWords.word()), on: index)
  }

  /// A pong answers the last ping if it carries its payload (RFC 6455 §5.5.3); any other is unsolicited, which it may be.
  mutating func ponged(_ payload: UnsafeRawBufferPointer, on index: Int, at now: Instant) {
    guard payload.count == 8, let pinged = connections[index].pinged,
      payload.loadUnaligned(as: Int64.self) == pinged.nanoseconds
    else { return }
    connections[index].pinged = nil
    observations.write(
      .ponged(
        Observation.Ponged(connection: UInt32(number(of: index)), at: now, roundTripNanoseconds: now - pinged)),
      at: now)
  }

  // MARK: Slow reading

  /// Plans to read a little of a connection later.
  mutating func planSlowRead(of index: Int, at now: Instant) {
    guard let rule = slowReading, !connections[index].isReadPlanned else { return }
    connections[index].isReadPlanned = true
    slowReads.append((index, now.advanced(byNanoseconds: rule.every.clampedNanoseconds)))
  }

  private mutating func readSlowly(_ index: Int, at now: Instant) {
    connections[index].isReadPlanned = false
    guard let rule = slowReading, connections[index].stream.descriptor >= 0 else { return }
    let part = UnsafeMutableRawBufferPointer(rebasing: receiveBuffer[..<min(rule.bytes, receiveBuffer.count)])
    // A read that finds less than it may take is the last, until the kernel tells of more.
    if receiveOnce(on: index, into: part) { planSlowRead(of: index, at: now) }
  }
}

extension Reconnect {
  /// The longest wait after so many attempts, in nanoseconds.
  func bound(afterAttempts attempts: Int) -> Int64 {
    let first = max(shortest.clampedNanoseconds, 1)
    let last = max(longest.clampedNanoseconds, first)
    return attempts >= 62 || first > last >> Int64(attempts) ? last : first << Int64(attempts)
  }
}
