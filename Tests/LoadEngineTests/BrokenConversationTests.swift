import Foundation
import LoadEngine
import Observations
import Synchronization
import Testing
import WebSocketProtocol

/// A server's whole side of a conversation, of which each connection gets one byte more than the one before.
@Suite("A load against a server that breaks off")
struct BrokenConversationTests {
  enum End: String, CaseIterable {
    case reset, close
  }

  /// After the upgrade, plain: an object that nobody expects, a fragmented one with a pong inside, a close. Nothing that
  /// we answer but the close: an answer to a connection that is reset by then is where the reset would be met.
  private static let frames: [[UInt8]] = {
    let news = Array("{\"type\":\"news\"}".utf8)
    let first = news[..<5].withUnsafeBytes { FrameEncoding.frame(.text, $0, maskKey: nil, isFinal: false) }
    let last = news[5...].withUnsafeBytes { FrameEncoding.frame(.continuation, $0, maskKey: nil) }
    return [
      FrameEncoding.frame(.pong, [1, 2, 3], maskKey: nil), FrameEncoding.frame(.text, news, maskKey: nil), first,
      FrameEncoding.frame(.pong, [], maskKey: nil), last, FrameEncoding.close(.goingAway, reason: "bye", maskKey: nil),
    ]
  }()

  private static func compressedFrames() -> [[UInt8]] {
    let compression = Compression(CompressionAgreement(), role: .server, pool: CompressionPool())
    return (0..<3).map { _ in
      Array("{\"type\":\"news\"}".utf8).withUnsafeBytes { Array(compression.frame(.text, $0, maskKey: nil)) }
    } + [FrameEncoding.close(.goingAway, maskKey: nil)]
  }

  @Test(
    "at every byte of its conversation counts each end as what it was", arguments: End.allCases, [false, true])
  func everyByte(end: End, isCompressed: Bool) throws {
    let frames = isCompressed ? Self.compressedFrames() : Self.frames
    let tail = Array(frames.joined())
    // The answer to any key has the same length.
    let handshakeLength =
      ServerHandshake.acceptance(of: try Self.anyUpgrade(), compression: isCompressed ? CompressionAgreement() : nil)
      .count
    let total = handshakeLength + tail.count
    let next = Atomic(0)
    let server = try ScriptedServer { peer in
      let request = try peer.request()
      let answer = ServerHandshake.acceptance(of: request, compression: isCompressed ? CompressionAgreement() : nil)
      let count = next.wrappingAdd(1, ordering: .relaxed).oldValue
      try peer.send(Array((answer + tail).prefix(count)))
      switch end {
      case .reset: peer.reset()
      case .close: peer.endSending()
      }
      // What the client still says is read, so that no unread byte turns the end into a reset.
      while true { _ = try peer.next() }
    }
    let run = try LoadRun(
      port: server.port, connections: total + 1, phases: "{ name: a, for: 50ms, rate: 100/s }", within: "100ms",
      target: isCompressed ? ", compression: true" : "")
    let observations = try #require(run.observations())
    let failure: ConnectionFailure = end == .reset ? .system(ECONNRESET) : .closedEarly
    let cause: CloseCause = end == .reset ? .system(ECONNRESET) : .streamEnded
    #expect(observations.failures == Array(repeating: failure, count: handshakeLength))
    #expect(observations.opened == tail.count + 1)
    // Only who has the whole close frame was told so.
    #expect(observations.closed.count { $0.cause == .server && $0.code == 1001 } == 1)
    #expect(observations.closed.count { $0.cause == cause && $0.code == 1006 } == tail.count)
    #expect(observations.unreadable == Array(repeating: .unmatched, count: Self.messages(frames, isCompressed)))
  }

  /// How many whole messages all connections together got.
  private static func messages(_ frames: [[UInt8]], _ isCompressed: Bool) -> Int {
    let total = frames.reduce(0) { $0 + $1.count }
    var end = 0
    return frames.enumerated().reduce(0) { sum, frame in
      end += frame.element.count
      let isMessage = isCompressed ? frame.offset < 3 : frame.offset == 1 || frame.offset == 4
      return isMessage ? sum + total - end + 1 : sum
    }
  }

  private static func anyUpgrade() throws -> ServerHandshake.Upgrade {
    let request = ClientHandshake(host: "h", path: "/", headers: [], key: Handshake.key(fromRandom: (1, 2))).request
    guard case .upgrade(let upgrade, _) = request.withUnsafeBytes({ ServerHandshake.read($0) }) else {
      throw ScriptFault.ended
    }
    return upgrade
  }

  @Test("never, but sends each byte alone, misses nothing", arguments: [false, true])
  func drips(isCompressed: Bool) throws {
    let server = try ScriptedServer { peer in
      let request = try peer.request()
      let agreement = isCompressed ? request.acceptableCompression : nil
      for byte in ServerHandshake.acceptance(of: request, compression: agreement) { try peer.send([byte]) }
      let compression = agreement.map { peer.use($0) }
      try peer.answer { message, _ in
        let frame = message.withUnsafeBytes { text in
          compression.map { Array($0.frame(.text, text, maskKey: nil)) }
            ?? FrameEncoding.frame(.text, text, maskKey: nil)
        }
        for byte in frame { try peer.send([byte]) }
      }
    }
    let target = isCompressed ? ", compression: true" : ""
    let observations = try #require(try LoadRun(port: server.port, target: target).observations())
    #expect(observations.sent.count == 20)
    #expect(observations.echoed.count == 20)
    #expect(observations.unreadable == [])
    #expect(observations.closed.map(\.cause) == [.ours, .ours])
    #expect(observations.compressed.map(\.connections) == (isCompressed ? [2] : []))
  }
}
