import Reactor
import Timing
import WebSocketProtocol

/// An echo to one member of a room.
struct EchoCopy {
  /// Slot of its client.
  var member: Int
  var text: String
}

/// Copies that a fault holds back.
struct HeldCopies {
  var due: Instant
  /// `copyLate` or `copyOutOfOrder`.
  var fault: Fault
  var sender: Client
  /// With the client, because its slot may be another's by then.
  var copies: [(copy: EchoCopy, client: Client)]
}

/// Where faults take the place of what is right, in the delivery.
extension ReferenceServer {
  /// - Parameter copies: one for each member of the room, in their order.
  func misdeliver(_ copies: [EchoCopy], _ broadcast: Broadcast, _ exchange: Exchange) {
    let faults = exchange.faults
    if faults.has(.contextLeak) { leak(broadcast.context, to: exchange.room) }
    if faults.has(.unreadableMessage) { transmit(.text, "no JSON at all", on: exchange.sender) }
    var copies = copies
    if faults.has(.copyDuplicated), let first = copies.first { copies.insert(first, at: 0) }
    if faults.has(.copyLost) { copies.removeLast() }
    if faults.has(.copyLate), let last = copies.popLast() { hold([last], .copyLate, exchange) }
    if faults.has(.copyMisdelivered), let first = copies.first, let stranger = stranger(to: exchange.room) {
      transmit(first.text, on: stranger)
    }
    if faults.has(.copyOutOfOrder) { return hold(copies, .copyOutOfOrder, exchange) }
    for copy in copies {
      transmit(copy.text, isMasked: faults.has(.protocolError) && copy.member == exchange.sender, on: copy.member)
    }
  }

  /// Slot of a member of another room, the next one in the server's list that has any.
  func stranger(to room: Int?) -> Int? {
    guard let room else { return nil }
    let next = rooms[(room + 1)...].first { !$0.members.isEmpty } ?? rooms[..<room].first { !$0.members.isEmpty }
    return next?.members.first
  }

  /// Whether a fault may hold back copies of a message by this client.
  func canHoldCopies(of sender: Client) -> (late: Bool, outOfOrder: Bool) {
    let hasRoom = heldCopies.count < HeldCopies.limit
    return (hasRoom, hasRoom && !heldCopies.contains { $0.fault == .copyOutOfOrder && $0.sender === sender })
  }

  private func hold(_ copies: [EchoCopy], _ fault: Fault, _ exchange: Exchange) {
    guard let sender = clients[exchange.sender] else { return }
    let delay = fault == .copyLate ? HeldCopies.lateness : HeldCopies.patience
    heldCopies.append(
      HeldCopies(
        due: Instant.now.advanced(byNanoseconds: delay), fault: fault, sender: sender,
        copies: copies.compactMap { copy in clients[copy.member].map { (copy, $0) } }))
  }

  /// Releases the copies of the sender's message before, now that this one's are out.
  func releaseCopies(behind exchange: Exchange) {
    guard !exchange.faults.has(.copyOutOfOrder), let sender = clients[exchange.sender] else { return }
    release(as: .copyOutOfOrder) { $0.fault == .copyOutOfOrder && $0.sender === sender }
  }

  /// Releases the copies that were held back long enough; those that waited for a message in vain are right again.
  func releaseCopies(_ now: Instant) {
    guard !heldCopies.isEmpty else { return }
    release(as: .copyLate) { $0.due <= now }
  }

  /// Releases all copies, before their time and so in the right way.
  func releaseAllCopies() { release(as: nil) { _ in true } }

  /// - Parameter fault: counted for each message of it whose copies found somebody.
  private func release(as fault: Fault?, where isDue: (HeldCopies) -> Bool) {
    let released = heldCopies.filter(isDue)
    heldCopies.removeAll(where: isDue)
    for held in released {
      let present = held.copies.filter { clients[$0.copy.member] === $0.client }
      for (copy, _) in present { transmit(copy.text, on: copy.member) }
      if held.fault == fault, !present.isEmpty { injector.count(FaultSet([held.fault])) }
    }
  }
}

extension HeldCopies {
  /// Nanoseconds that a late copy is late.
  fileprivate static let lateness: Int64 = 1_200_000_000
  /// Messages whose copies are held back at once, so that memory has a bound.
  fileprivate static let limit = 4096
  /// Nanoseconds that copies wait for the sender's next message.
  fileprivate static let patience: Int64 = 500_000_000
}
