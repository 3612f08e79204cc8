import TestInputs
import Testing

@testable import WebSocketProtocol

/// Damaged handshakes, both ends.
@Suite struct HandshakeFuzzTests {
  private static let key = "dGhlIHNhbXBsZSBub25jZQ=="
  private static let offer = CompressionOffer(serverMaxWindowBits: 12, clientMaxWindowBits: .atMost(10))
  private static let client = ClientHandshake(
    host: "h", path: "/chat?a=b", headers: [("Cookie", "a=b"), ("traceparent", "00-x")], subprotocols: ["a", "b"],
    compression: offer, key: key)
  private static let alphabet = Array("\r\n: \t,;=\"\\-_0189aZ".utf8)

  /// Feeds a growing buffer, as a connection does, and gives the last word.
  private static func fed<Answer>(
    _ pieces: [[UInt8]], _ read: (UnsafeRawBufferPointer) -> (answer: Answer, isLast: Bool), _ empty: Answer
  ) -> Answer {
    var kept: [UInt8] = []
    var answer = empty
    for piece in pieces {
      kept += piece
      let (next, isLast) = kept.withUnsafeBytes(read)
      answer = next
      if isLast { break }
    }
    return answer
  }

  private static func answer(_ bytes: UnsafeRawBufferPointer) -> (answer: String, isLast: Bool) {
    do throws(ClientHandshake.Fault) {
      let answer = try client.read(bytes)
      return ("\(answer)", answer != .incomplete)
    } catch {
      return ("\(error)", true)
    }
  }

  private static func request(_ bytes: UnsafeRawBufferPointer) -> (answer: String, isLast: Bool) {
    switch ServerHandshake.read(bytes) {
    case .incomplete: return ("incomplete", false)
    case .refused(let status): return ("refused \(status)", true)
    case .upgrade(let upgrade, let length):
      let agreement = upgrade.acceptableCompression.map(\.text) ?? "none"
      return ("\(length) \(upgrade.path) \(upgrade.subprotocols) \(agreement)", true)
    }
  }

  @Test func aDamagedAnswerIsReadTheSameHoweverItIsSplit() throws {
    guard case .upgrade(let upgrade, _) = Self.client.request.withUnsafeBytes({ ServerHandshake.read($0) }) else {
      Issue.record("the request is refused")
      return
    }
    let answers = [
      ServerHandshake.acceptance(of: upgrade),
      ServerHandshake.acceptance(of: upgrade, compression: upgrade.acceptableCompression, subprotocol: "b"),
      ServerHandshake.refusal(status: 403),
    ]
    var seen: Set<String> = []
    workload.each(percent: 10) { number, dice in
      let bytes = dice.damaged(dice.pick(answers), alphabet: Self.alphabet)
      let whole = bytes.withUnsafeBytes { Self.answer($0).answer }
      let split = Self.fed(dice.split(bytes), Self.answer, "incomplete")
      // A head that ends early is judged as soon as it ends: only then what follows may change the word.
      if whole != split { Issue.record("input \(number): \(whole) and \(split)") }
      seen.insert(whole)
    }
    #expect(seen.count > 12, "the damage is too tame: \(seen)")
  }

  @Test func aDamagedRequestIsReadTheSameHoweverItIsSplit() {
    var seen: Set<String> = []
    workload.each(percent: 10) { number, dice in
      let bytes = dice.damaged(Self.client.request, alphabet: Self.alphabet)
      let whole = bytes.withUnsafeBytes { Self.request($0).answer }
      let split = Self.fed(dice.split(bytes), Self.request, "incomplete")
      if whole != split { Issue.record("input \(number): \(whole) and \(split)") }
      if seen.count < 1000 { seen.insert(whole) }
    }
    #expect(seen.count > 100, "the damage is too tame: \(seen)")
  }
}
