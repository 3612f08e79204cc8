import TestInputs
import Testing
import WebSocketProtocol

@Suite struct MessageDecoderTests {
  private static let limit = 70_000

  @Test(
    arguments: [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, limit - 1, limit], [nil, 0x1234_5678] as [UInt32?])
  func aMessageOfEachLengthIsRead(count: Int, maskKey: UInt32?) {
    var dice = Dice(seed: UInt64(count))
    let payload = dice.bytes(count)
    let role: Role = maskKey == nil ? .client : .server
    let bytes = FrameEncoding.frame(.binary, payload, maskKey: maskKey)
    // Header and payload, and the last byte, come apart.
    for cut in [0, 1, 2, 3, 4, 5, 9, 10, 13, 14, bytes.count - 1] where cut < bytes.count {
      let said = decode([Array(bytes[..<cut]), Array(bytes[cut...])], role: role, limit: Self.limit)
      let isWhole = said == [.binary(payload)]
      #expect(isWhole, "cut at \(cut)")
    }
  }

  @Test func aMessageOfNoByteThatIsSplitIntoNothingIsRead() {
    let bytes = frame(text, isFinal: false) + frame(continuation, isFinal: false) + frame(continuation)
    #expect(decode([bytes], role: .client) == [.text("")])
  }

  @Test(
    arguments: [
      ("in one frame", frame(binary, bytes(limit + 1))),
      ("in two frames", frame(binary, bytes(limit), isFinal: false) + frame(continuation, [1])),
      ("by its header alone", Array(frame(binary, bytes(limit + 1)).prefix(10))),
      ("by its first fragment's header alone", Array(frame(binary, bytes(limit + 1), isFinal: false).prefix(10))),
      ("by a length of 63 bits", [0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ] as [(String, [UInt8])])
  func aMessageOverTheLimitIsRefused(label: String, bytes: [UInt8]) {
    #expect(decode([bytes], role: .client, limit: Self.limit) == [.failed(.messageTooLarge)])
  }

  @Test func theLimitCountsEachMessageAnew() {
    let one = frame(binary, Self.bytes(Self.limit - 1), isFinal: false) + frame(continuation, [7])
    let said = decode([one + one + frame(binary, Self.bytes(Self.limit))], role: .client, limit: Self.limit)
    let isWhole = said == Array(repeating: .binary(Self.bytes(Self.limit)), count: 3)
    #expect(isWhole)
  }

  /// Each row breaks one rule; that every rule is broken by some row is checked below.
  static let faults: [(label: String, error: ProtocolError, role: Role, bytes: [UInt8])] = [
    ("RSV1", .reservedBits, .client, frame(text, reserved: 0x40)),
    ("RSV2", .reservedBits, .client, frame(text, reserved: 0x20)),
    ("RSV3", .reservedBits, .client, frame(ping, reserved: 0x10)), ("opcode 3", .reservedOpcode, .client, frame(0x3)),
    ("opcode 7", .reservedOpcode, .client, frame(0x7)), ("opcode 11", .reservedOpcode, .client, frame(0xb)),
    ("opcode 15", .reservedOpcode, .server, frame(0xf, maskKey: 1)),
    ("no mask", .unmaskedFrame, .server, frame(text, [0x61])),
    ("no mask on a ping", .unmaskedFrame, .server, frame(ping)),
    ("a mask", .maskedFrame, .client, frame(text, [0x61], maskKey: 1)),
    ("a mask of zero", .maskedFrame, .client, frame(close, maskKey: 0)),
    ("a ping of 126 bytes", .longControlFrame, .client, frame(ping, bytes(126))),
    ("a close of 65536 bytes", .longControlFrame, .client, frame(close, bytes(65536))),
    ("a ping in fragments", .fragmentedControlFrame, .client, frame(ping, isFinal: false)),
    ("a close in fragments", .fragmentedControlFrame, .client, frame(close, isFinal: false)),
    ("125 in 16 bits", .lengthNotMinimal, .client, [0x82, 126, 0, 125]),
    ("0 in 16 bits", .lengthNotMinimal, .client, [0x82, 126, 0, 0]),
    ("65535 in 64 bits", .lengthNotMinimal, .client, [0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]),
    ("0 in 64 bits", .lengthNotMinimal, .server, [0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]),
    ("the top bit", .lengthTooLarge, .client, [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]),
    ("a continuation first", .unexpectedContinuation, .client, frame(continuation)),
    (
      "a continuation of nothing that is not the last", .unexpectedContinuation, .client,
      frame(continuation, isFinal: false)
    ),
    ("a continuation behind a message", .unexpectedContinuation, .client, frame(text) + frame(continuation)),
    (
      "a continuation behind the last", .unexpectedContinuation, .client,
      frame(text, isFinal: false) + frame(continuation) + frame(continuation)
    ),
    ("a text inside of a message", .interleavedMessages, .client, frame(text, isFinal: false) + frame(text)),
    (
      "a binary inside of a text", .interleavedMessages, .client,
      frame(text, isFinal: false) + frame(binary, isFinal: false)
    ),
    ("a byte that is no UTF-8", .invalidUTF8, .client, frame(text, [0xff])),
    ("a surrogate", .invalidUTF8, .client, frame(text, [0xed, 0xa0, 0x80])),
    ("a character that the message cuts off", .invalidUTF8, .server, frame(text, [0xe2, 0x82], maskKey: 5)),
    (
      "fragments that are no UTF-8", .invalidUTF8, .client,
      frame(text, [0xe2], isFinal: false) + frame(continuation, [0x82])
    ),
    ("a reason that is no UTF-8", .invalidUTF8, .client, frame(close, [0x03, 0xe8, 0xc0, 0x80])),
    ("a close of one byte", .truncatedCloseCode, .client, frame(close, [0x03])),
    ("CL-03: code 0", .forbiddenCloseCode, .client, frame(close, [0, 0])),
    ("CL-03: code 999", .forbiddenCloseCode, .client, frame(close, [0x03, 0xe7])),
    ("CL-03: code 1005", .forbiddenCloseCode, .client, frame(close, [0x03, 0xed])),
    ("CL-03: code 1006", .forbiddenCloseCode, .client, frame(close, [0x03, 0xee])),
    ("CL-03: code 1015", .forbiddenCloseCode, .client, frame(close, [0x03, 0xf7])),
    ("CL-03: code 2999", .forbiddenCloseCode, .client, frame(close, [0x0b, 0xb7])),
    ("a text behind a close", .dataAfterClose, .client, frame(close) + frame(text)),
    (
      "a continuation behind a close", .dataAfterClose, .client,
      frame(text, isFinal: false) + frame(close) + frame(continuation)
    ),
    ("more than 1 MiB", .messageTooLarge, .client, [0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 0x01]),
  ]

  @Test(arguments: faults)
  func theFaultIsFound(label: String, error: ProtocolError, role: Role, bytes: [UInt8]) {
    #expect(decode([bytes], role: role).last == .failed(error))
    #expect(decode(bytes.prefix(1000).map { [$0] } + [Array(bytes.dropFirst(1000))], role: role).last == .failed(error))
  }

  @Test func everyErrorHasARowThatProvokesIt() {
    let errors = Self.faults.map(\.error) + CompressedMessageTests.faults.map(\.error)
    #expect(Set(errors) == Set(ProtocolError.allCases))
  }

  @Test(
    arguments: [
      ("no code", frame(close), .close(1005, "")), ("1000", frame(close, [0x03, 0xe8]), .close(1000, "")),
      ("a reason", frame(close, [0x03, 0xe9] + Array("good-bye é".utf8)), .close(1001, "good-bye é")),
      ("4999", frame(close, [0x13, 0x87]), .close(4999, "")),
      ("the longest", frame(close, [0x0b, 0xb8] + bytes(123)), .close(3000, String(repeating: "\u{7}", count: 123))),
    ] as [(String, [UInt8], Said)])
  func aCloseFrameIsRead(label: String, bytes: [UInt8], said: Said) {
    #expect(decode([bytes], role: .client) == [said])
  }

  @Test func controlFramesBehindACloseAreStillRead() {
    let bytes = frame(close) + frame(ping, [1]) + frame(close, [0x03, 0xe8])
    #expect(decode([bytes], role: .client) == [.close(1005, ""), .ping([1]), .close(1000, "")])
  }

  /// What each side may say in one conversation: every length form, fragments cut inside of characters with control
  /// frames between them, empty fragments, and a close.
  private static func conversation(_ key: UInt32?) -> (bytes: [UInt8], said: [Said]) {
    let smile = Array("a😀é".utf8)
    let long = Array(String(repeating: "0123456789", count: 13).utf8)
    let bytes = [
      frame(text, Array("hi".utf8), maskKey: key),
      frame(text, smile[0..<2] + [], isFinal: false, maskKey: key.map { $0 &+ 1 }),
      frame(ping, [9, 9], maskKey: key), frame(continuation, [], isFinal: false, maskKey: key),
      frame(continuation, Array(smile[2..<4]), isFinal: false, maskKey: key),
      frame(pong, [], maskKey: key), frame(continuation, Array(smile[4...]), maskKey: key.map { $0 &+ 2 }),
      frame(binary, long, maskKey: key),
      frame(binary, [0xff], isFinal: false, maskKey: key), frame(continuation, [0xfe], maskKey: key),
      frame(text, [], maskKey: key),
      frame(close, [0x03, 0xe8, 0x6f, 0x6b], maskKey: key), frame(ping, maskKey: key),
    ].flatMap { $0 }
    return (
      bytes,
      [
        .text("hi"), .ping([9, 9]), .pong([]), .text("a😀é"), .binary(long), .binary([0xff, 0xfe]), .text(""),
        .close(1000, "ok"), .ping([]),
      ]
    )
  }

  @Test(
    arguments: [("to a client", Role.client, nil), ("to a server", .server, 0xa1b2_c3d4)] as [(String, Role, UInt32?)])
  func aConversationMeansTheSameHoweverItsBytesAreSplit(label: String, role: Role, key: UInt32?) {
    let (bytes, said) = Self.conversation(key)
    #expect(decode([bytes], role: role) == said)
    #expect(decode(bytes.map { [$0] }, role: role) == said, "a byte at a time")
    for first in 0...bytes.count {
      if decode([Array(bytes[..<first]), Array(bytes[first...])], role: role) != said {
        Issue.record("split at \(first)")
      }
      for length in [1, 2, 3, 7] where first + length < bytes.count {
        let chunks = [Array(bytes[..<first]), Array(bytes[first..<first + length]), Array(bytes[(first + length)...])]
        if decode(chunks, role: role) != said { Issue.record("split at \(first) and \(first + length)") }
      }
    }
  }

  @Test(arguments: [91, 92, 93, 94] as [UInt64])
  func aRandomStreamOfFramesComesBackAsItsMessages(seed: UInt64) {
    var dice = Dice(seed: seed)
    let isMasked = seed % 2 == 0
    for round in 0..<100 {
      var bytes: [UInt8] = []
      var said: [Said] = []
      for _ in 0..<20 {
        func key() -> UInt32? { isMasked ? UInt32(truncatingIfNeeded: dice.next()) : nil }
        let isText = dice.below(2) == 0
        let size = dice.pick([0, 1, 5, 125, 126, 200, 1000])
        let payload = isText ? (0..<size).map { _ in UInt8(0x20 + dice.below(0x5f)) } : dice.bytes(size)
        switch dice.below(5) {
        case 0:
          let short = Array(payload.prefix(125))
          bytes += frame(ping, short, maskKey: key())
          said.append(.ping(short))
        case 1, 2:
          let cuts = ([0, payload.count] + (0..<dice.below(4)).map { _ in dice.below(payload.count + 1) }).sorted()
          for index in cuts.indices.dropLast() {
            let isFinal = index == cuts.count - 2
            let opcode = index > 0 ? continuation : isText ? text : binary
            bytes += frame(opcode, Array(payload[cuts[index]..<cuts[index + 1]]), isFinal: isFinal, maskKey: key())
            if !isFinal, dice.below(3) == 0 {
              bytes += frame(pong, [UInt8(index)], maskKey: key())
              said.append(.pong([UInt8(index)]))
            }
          }
          said.append(.message(isText ? .text : .binary, payload))
        default:
          bytes += frame(isText ? text : binary, payload, maskKey: key())
          said.append(.message(isText ? .text : .binary, payload))
        }
      }
      var chunks: [[UInt8]] = []
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = min(1 + dice.below(dice.pick([2, 50, 5000])), rest.count)
        chunks.append(Array(rest.prefix(count)))
        rest = rest.dropFirst(count)
      }
      if decode(chunks, role: isMasked ? .server : .client) != said { Issue.record("seed \(seed), round \(round)") }
    }
  }

  @Test(arguments: [101, 102, 103, 104] as [UInt64])
  func aDamagedConversationNeverTraps(seed: UInt64) {
    var dice = Dice(seed: seed)
    let role: Role = seed % 2 == 0 ? .server : .client
    let (bytes, _) = Self.conversation(role == .server ? 0x0102_0304 : nil)
    var failed: Set<ProtocolError> = []
    for _ in 0..<25_000 {
      let damaged = dice.damaged(bytes, alphabet: [0x00, 0x80, 0x81, 0x88, 0x7e, 0x7f, 0xfe, 0xff])
      let said = decode([damaged], role: role, limit: 300)
      if case .failed(let error)? = said.last { failed.insert(error) }
    }
    #expect(failed.count >= 8, "seed \(seed): the damage is too tame: \(failed)")
  }

  static func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 7, count: count) }
}
