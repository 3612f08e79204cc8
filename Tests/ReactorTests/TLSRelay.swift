import Glibc
import TestInputs
import Testing
import Timing

@testable import Reactor

/// A client and a server that speak TLS through a relay, which may do what it likes to the server's bytes.
final class TLSRelay {
  /// Client and relay, relay and server.
  private var near: SocketPair
  private var far: SocketPair
  var client = End()
  var server = End()
  private var toServer: [UInt8] = []
  private var toClient: [UInt8] = []
  /// Bytes of the server that the client has been given.
  private(set) var relayed = 0
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)

  /// What is done to the server's bytes.
  struct Damage {
    /// How many go on at once.
    var pieces: (inout Dice) -> Int = { _ in .max }
    /// Where one is changed, by which bits.
    var flip: (at: Int, bits: UInt8)?
    /// Where the stream ends.
    var cut: Int?
  }

  init(_ clientContext: TLSContext, _ serverContext: TLSContext) throws {
    near = try SocketPair()
    far = try SocketPair()
    let sent = (near.client.secure(with: clientContext), far.server.secure(with: serverContext))
    #expect(sent == (.done, .done))
  }

  deinit { buffer.deallocate() }

  func sendFromServer(_ bytes: [UInt8]) { _ = far.server.send(bytes) }
  func sendFromClient(_ bytes: [UInt8]) { _ = near.client.send(bytes) }

  /// Runs until it is as wanted, or nothing moves any more: then the relay ends the client's stream.
  func run(
    _ damage: Damage, dice: inout Dice, until isDone: (_ client: borrowing End, _ server: borrowing End) -> Bool
  ) {
    var lastMove = Instant.now
    while !isDone(client, server), !client.standing.isOver {
      var hasMoved = move()
      let count = min(damage.pieces(&dice), toClient.count, damage.cut.map { $0 - relayed } ?? .max)
      if count > 0 {
        var piece = Array(toClient[..<count])
        if let flip = damage.flip, piece.indices.contains(flip.at - relayed) { piece[flip.at - relayed] ^= flip.bits }
        _ = near.server.send(piece)
        toClient.removeFirst(count)
        relayed += count
        hasMoved = true
      }
      if !toServer.isEmpty {
        _ = far.client.send(toServer)
        toServer = []
        hasMoved = true
      }
      let now = Instant.now
      if hasMoved { lastMove = now }
      if relayed == damage.cut || now - lastMove > 100_000_000 { near.server.close() }
      if now - lastMove > 30 * nanosecondsPerSecond { return }
    }
  }

  /// Handles what has happened at all four ends; returns whether anything has.
  private func move() -> Bool {
    var hasMoved = false
    for index in 0..<near.poller.wait(until: .now) {
      let event = near.poller.event(index)
      if event.token == 0 {
        client.handle(&near.client, event)
      } else if event.token == 1, near.server.descriptor >= 0 {
        let (bytes, _) = near.server.drain(buffer)
        toServer += bytes
      }
      hasMoved = true
    }
    for index in 0..<far.poller.wait(until: .now) {
      let event = far.poller.event(index)
      if event.token == 1 {
        server.handle(&far.server, event)
      } else if event.token == 0 {
        let (bytes, _) = far.client.drain(buffer)
        toClient += bytes
      }
      hasMoved = true
    }
    return hasMoved
  }
}
