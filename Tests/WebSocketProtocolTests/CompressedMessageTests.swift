import TestInputs
import Testing

@testable import WebSocketProtocol

/// permessage-deflate on the frames: RFC 7692 §6 and §7.2.
@Suite struct CompressedMessageTests {
  static let hello: [UInt8] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]
  /// "Hello" again, which looks back at the first.
  static let helloAgain: [UInt8] = [0xf2, 0x00, 0x11, 0x00, 0x00]
  static let rsv1: UInt8 = 0x40

  static func compressed(_ payload: [UInt8], isFinal: Bool = true, maskKey: UInt32? = nil) -> [UInt8] {
    frame(text, payload, isFinal: isFinal, reserved: rsv1, maskKey: maskKey)
  }

  static func agreement(_ change: (inout CompressionAgreement) -> Void = { _ in }) -> CompressionAgreement {
    var agreement = CompressionAgreement()
    change(&agreement)
    return agreement
  }

  @Test(
    arguments: [
      ("7.2.3.1 one block", compressed(hello), ["Hello"]),
      (
        "7.2.3.1 in fragments",
        compressed([0xf2, 0x48, 0xcd], isFinal: false) + frame(continuation, [0xc9, 0xc9, 0x07, 0x00]), ["Hello"]
      ),
      ("7.2.3.2 the window is shared", compressed(hello) + compressed(helloAgain), ["Hello", "Hello"]),
      (
        "7.2.3.3 a block without compression",
        compressed([0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00]), ["Hello"]
      ),
      (
        "7.2.3.4 a block that says it is the last", compressed([0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]),
        ["Hello"]
      ),
      (
        "7.2.3.5 two blocks",
        compressed([0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00]), ["Hello"]
      ),
      ("7.2.3.6 an empty message", compressed([0x00]), [""]),
      (
        "a last block, and the window stays",
        compressed([0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]) + compressed(helloAgain), ["Hello", "Hello"]
      ),
      ("a last block that is the empty one", compressed([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x04]), ["Hello"]),
      (
        "beside one that is not compressed", frame(text, [0x61]) + compressed(hello) + frame(text, [0x62]),
        ["a", "Hello", "b"]
      ),
      (
        "in fragments of no byte",
        compressed([], isFinal: false) + frame(continuation, hello, isFinal: false)
          + frame(continuation), ["Hello"]
      ),
    ] as [(String, [UInt8], [String])])
  func theExamplesOfTheRFCAreRead(label: String, bytes: [UInt8], texts: [String]) {
    let said = texts.map { Said.text($0) }
    #expect(decode([bytes], role: .client, agreement: Self.agreement()) == said)
    #expect(decode(bytes.map { [$0] }, role: .client, agreement: Self.agreement()) == said, "a byte at a time")
  }

  /// Each row breaks one rule where compression was agreed.
  static let faults: [(label: String, error: ProtocolError, bytes: [UInt8])] = [
    ("RSV2", .reservedBits, frame(text, reserved: 0x20)), ("RSV3", .reservedBits, frame(text, reserved: 0x10)),
    ("RSV1 and RSV2", .reservedBits, frame(text, reserved: 0x60)),
    ("RSV1 of no known frame", .reservedOpcode, frame(0x3, reserved: rsv1)),
    ("RSV1 on a ping", .misplacedCompressionBit, frame(ping, reserved: rsv1)),
    ("RSV1 on a pong", .misplacedCompressionBit, frame(pong, reserved: rsv1)),
    ("RSV1 on a close", .misplacedCompressionBit, frame(close, reserved: rsv1)),
    (
      "RSV1 on a continuation", .misplacedCompressionBit,
      compressed([0xf2], isFinal: false) + frame(continuation, reserved: rsv1)
    ),
    (
      "RSV1 on a plain message's continuation", .misplacedCompressionBit,
      frame(text, isFinal: false) + frame(continuation, reserved: rsv1)
    ),
    ("a block of no type", .corruptCompression, compressed([0x06, 0x00])),
    ("a look back beyond the beginning", .corruptCompression, compressed(helloAgain)),
    ("a stored block whose lengths differ", .corruptCompression, compressed([0x00, 0x05, 0x00, 0xfa, 0xfe, 0x00])),
    ("garbage behind the message", .corruptCompression, compressed(hello + [0x12, 0x34, 0x56])),
    ("a byte behind the message", .truncatedCompression, compressed(hello + [0xff])),
    ("the tail that is to be left out", .truncatedCompression, compressed(hello + [0x00, 0x00, 0xff, 0xff])),
    ("no byte", .truncatedCompression, compressed([])),
    ("half a message", .truncatedCompression, compressed([0xf2, 0x48])),
    (
      "half a message in fragments", .truncatedCompression,
      compressed([0xf2], isFinal: false) + frame(continuation, [0x48])
    ),
    (
      "a last block and no block behind it", .truncatedCompression,
      compressed([0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00])
    ),
    ("a byte that is no UTF-8", .invalidUTF8, compressed([0x00, 0x01, 0x00, 0xfe, 0xff, 0xff, 0x00])),
    ("a text inside of a message", .interleavedMessages, compressed(hello, isFinal: false) + compressed(hello)),
  ]

  @Test(arguments: faults)
  func theFaultIsFound(label: String, error: ProtocolError, bytes: [UInt8]) {
    #expect(decode([bytes], role: .client, agreement: Self.agreement()) == [.failed(error)])
    #expect(decode(bytes.map { [$0] }, role: .client, agreement: Self.agreement()) == [.failed(error)])
  }

  @Test func everyTruncationOfAMessageIsFound() {
    for count in 0..<Self.hello.count {
      let said = decode([Self.compressed(Array(Self.hello[..<count]))], role: .client, agreement: Self.agreement())
      guard case .failed(let error)? = said.last else {
        Issue.record("\(count) bytes are taken for a message")
        continue
      }
      #expect([.truncatedCompression, .corruptCompression].contains(error), "\(count) bytes: \(error)")
    }
  }

  @Test func withoutAnAgreementRSV1IsAReservedBit() {
    #expect(decode([Self.compressed(Self.hello)], role: .client) == [.failed(.reservedBits)])
  }

  @Test func aSenderThatKeepsItsWindowThoughItAgreedNotToIsFound() {
    let bytes = Self.compressed(Self.hello) + Self.compressed(Self.helloAgain)
    let agreement = Self.agreement { $0.serverNoContextTakeover = true }
    #expect(decode([bytes], role: .client, agreement: agreement) == [.text("Hello"), .failed(.corruptCompression)])
    // The other direction's promise binds the other side only.
    let other = Self.agreement { $0.clientNoContextTakeover = true }
    #expect(decode([bytes], role: .client, agreement: other) == [.text("Hello"), .text("Hello")])
  }

  @Test func connectionsThatShareAStateDoNotSeeEachOther() {
    let pool = CompressionPool()
    let agreement = Self.agreement { $0.serverNoContextTakeover = true }
    let first = decode([Self.compressed(Self.hello)], role: .client, agreement: agreement, pool: pool)
    let second = decode([Self.compressed(Self.helloAgain)], role: .client, agreement: agreement, pool: pool)
    let third = decode([Self.compressed(Self.hello)], role: .client, agreement: agreement, pool: pool)
    #expect(first + second + third == [.text("Hello"), .failed(.corruptCompression), .text("Hello")])
  }

  @Test(arguments: [100, 65536, 16 << 20])
  func aMessageInflatesToTheLimitAndNotAByteFurther(limit: Int) throws {
    for (count, isTooLarge) in [(limit - 1, false), (limit, false), (limit + 1, true), (limit * 4, true)] {
      var bomb = ScratchBuffer()
      let zeros = [UInt8](repeating: 0x61, count: count)
      let deflater = try #require(MessageDeflater(windowBits: 15))
      let length = try #require(zeros.withUnsafeBytes { deflater.deflate($0, into: &bomb, at: 0) })
      let payload = Array(bomb.bytes[..<length])
      let said = decode([Self.compressed(payload)], role: .client, limit: limit, agreement: Self.agreement())
      let isAsExpected =
        isTooLarge ? said == [.failed(.messageTooLarge)] : said == [.text(String(decoding: zeros, as: UTF8.self))]
      #expect(isAsExpected, "\(count) bytes for a limit of \(limit)")
      let inflater = try #require(MessageInflater(windowBits: 15))
      var room = ScratchBuffer()
      let failure = payload.withUnsafeBytes { payload -> ProtocolError? in
        do throws(ProtocolError) { _ = try inflater.inflate(payload, into: &room, limit: limit) } catch { return error }
        return nil
      }
      #expect(failure == (isTooLarge ? .messageTooLarge : nil))
      #expect(room.bytes.count <= max(limit + 1, 16 << 10), "no more room is made than the limit needs")
    }
  }

  @Test func compressedBytesBeyondTheLimitAreRefusedByTheHeader() {
    let header = Array(frame(binary, [UInt8](repeating: 0, count: 300), reserved: Self.rsv1).prefix(4))
    #expect(decode([header], role: .client, limit: 299, agreement: Self.agreement()) == [.failed(.messageTooLarge)])
  }

  // MARK: Writing

  @Test func messagesAreWrittenAsTheRFCWritesThem() {
    let compression = Compression(Self.agreement(), role: .server, pool: CompressionPool())
    let frames = ["Hello", "Hello", ""].map { Array(compression.frame(.text, bytes(of: $0), maskKey: nil)) }
    #expect(frames == [Self.compressed(Self.hello), Self.compressed(Self.helloAgain), Self.compressed([0x00])])
  }

  @Test func aClientMasksWhatItHasCompressed() {
    let compression = Compression(Self.agreement(), role: .client, pool: CompressionPool())
    let frame = Array(compression.frame(.text, bytes(of: "Hello"), maskKey: 0x0102_0304))
    #expect(frame == Self.compressed(Self.hello, maskKey: 0x0102_0304))
  }

  /// Agreements in every combination of takeover, with windows of every size.
  static let agreements: [CompressionAgreement] = (8...15 as ClosedRange<UInt8>).flatMap { bits in
    [(false, false), (true, false), (false, true), (true, true)].map { server, client in
      agreement {
        $0.serverNoContextTakeover = server
        $0.clientNoContextTakeover = client
        $0.serverMaxWindowBits = bits
        $0.clientMaxWindowBits = 23 - bits
      }
    }
  }

  @Test(arguments: [Role.client, .server])
  func whateverOneSideWritesTheOtherReads(role: Role) {
    var dice = Dice(seed: role == .client ? 121 : 122)
    let other: Role = role == .client ? .server : .client
    for agreement in Self.agreements + [Self.agreement()] {
      let pool = CompressionPool()
      let compression = Compression(agreement, role: role, pool: pool)
      var written: [UInt8] = []
      var said: [Said] = []
      for _ in 0..<30 {
        let size = dice.pick([0, 1, 100, 255, 256, 257, 1000, 40_000])
        // Words repeat, at every distance; or nothing does.
        let isText = dice.below(3) > 0
        let message = isText ? Self.words(size, &dice) : dice.bytes(size)
        let key = role == .client ? UInt32(truncatingIfNeeded: dice.next()) : nil
        message.withUnsafeBytes { written += Array(compression.frame(isText ? .text : .binary, $0, maskKey: key)) }
        said.append(.message(isText ? .text : .binary, message))
      }
      let heard = CompressionPool()
      let isSame = decode([written], role: other, agreement: agreement, pool: heard) == said
      #expect(isSame, "\(agreement)")
      #expect(heard.received == pool.sent, "both ends count the same")
      #expect(heard.received.messages <= 30)
    }
  }

  /// zlib's smallest window is 512 bytes: what is written where 256 were agreed must be readable with 256.
  @Test func aWindowOf256BytesIsKept() {
    let agreement = Self.agreement { $0.clientMaxWindowBits = 8 }
    let compression = Compression(agreement, role: .client, pool: CompressionPool())
    var dice = Dice(seed: 123)
    for count in [1, 200, 256, 257, 300, 512, 5000] {
      let message = Self.words(count, &dice)
      let frame = message.withUnsafeBytes { Array(compression.frame(.text, $0, maskKey: 0)) }
      #expect((frame[0] & Self.rsv1 != 0) == (count <= 256), "\(count) bytes")
    }
    let twice = ["abcdefgh abcdefgh", "abcdefgh abcdefgh"].map {
      Array(compression.frame(.text, bytes(of: $0), maskKey: 0))
    }
    #expect(twice[0] == twice[1], "no message looks back at the one before")
  }

  @Test func bytesAreCountedBeforeAndAfter() {
    let pool = CompressionPool()
    let compression = Compression(Self.agreement(), role: .client, pool: pool)
    let frame = compression.frame(.text, bytes(of: String(repeating: "abc", count: 1000)), maskKey: 1)
    #expect(pool.connections == 1)
    #expect(pool.sent.messages == 1)
    #expect(pool.sent.plainBytes == 3000)
    #expect(pool.sent.wireBytes == UInt64(frame.count - 6))
    #expect(pool.sent.wireBytes < 100)
  }

  @Test func aConnectionWithoutCompressionCarriesEightBytesForIt() {
    #expect(MemoryLayout<MessageDecoder>.size <= 32)
  }

  private static func words(_ count: Int, _ dice: inout Dice) -> [UInt8] {
    var text: [UInt8] = []
    let words = ["trace", "context", "parent", "span", "-00-", "{\"type\":", "0123456789abcdef", " "]
    while text.count < count { text += Array(dice.pick(words).utf8) }
    return Array(text.prefix(count))
  }

  private func bytes(of text: String) -> UnsafeRawBufferPointer {
    // Kept for the test's life: a test's texts are few.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(text.utf8.count, 1), alignment: 1)
    copy.copyBytes(from: text.utf8)
    return UnsafeRawBufferPointer(rebasing: copy[..<text.utf8.count])
  }
}
