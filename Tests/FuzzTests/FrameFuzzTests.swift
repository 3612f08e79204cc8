import TestInputs
import Testing
import WebSocketProtocol

/// Damaged conversations: whatever comes, no trap, no memory beyond the limit, and the same meaning however it is split.
@Suite struct FrameFuzzTests {
  private static let limit = 4000

  /// What a decoder made of some bytes.
  private struct Outcome: Equatable {
    var events: [String] = []
    var error: ProtocolError?
  }

  private static func decode(_ pieces: [[UInt8]], role: Role, _ agreement: CompressionAgreement?) -> Outcome {
    var decoder = MessageDecoder(role: role, limit: limit)
    if let agreement { decoder.use(Compression(agreement, role: role, pool: CompressionPool())) }
    var outcome = Outcome()
    var kept: [UInt8] = []
    for piece in pieces {
      kept += piece
      var offset = 0
      let error = kept.withUnsafeMutableBytes { bytes -> ProtocolError? in
        do throws(ProtocolError) {
          while let event = try decoder.next(bytes, from: &offset) {
            switch event {
            case .message(let kind, let range): outcome.events.append("\(kind) \(hash(bytes[range]))")
            case .assembled(let kind):
              let message = decoder.takeAssembled()
              if message.count > limit { outcome.events.append("beyond the limit") }
              outcome.events.append("\(kind) \(message.withUnsafeBytes { hash($0[...]) })")
            case .ping(let range): outcome.events.append("ping \(hash(bytes[range]))")
            case .pong(let range): outcome.events.append("pong \(hash(bytes[range]))")
            case .close(let code, let range): outcome.events.append("close \(code.rawValue) \(hash(bytes[range]))")
            }
          }
          return nil
        } catch {
          return error
        }
      }
      if let error {
        outcome.error = error
        return outcome
      }
      kept.removeFirst(offset)
    }
    return outcome
  }

  /// FNV-1a: short, and different for different bytes in all that matters here.
  private static func hash(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325 ^ UInt64(bytes.count)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  private static func hash(_ bytes: Slice<UnsafeMutableRawBufferPointer>) -> UInt64 {
    hash(UnsafeRawBufferPointer(rebasing: bytes)[...])
  }

  private static let words = ["{\"type\":", "trace", "00-", "é", "😀", "\"}", "parent", " "].map { Array($0.utf8) }

  /// A conversation that breaks no rule.
  private static func conversation(_ dice: inout Dice, role: Role, _ agreement: CompressionAgreement?) -> [UInt8] {
    let sender: Role = role == .client ? .server : .client
    let compression = agreement.map { Compression($0, role: sender, pool: CompressionPool()) }
    var bytes: [UInt8] = []
    func key() -> UInt32? { sender == .client ? UInt32(truncatingIfNeeded: dice.next()) : nil }
    func frame(_ opcode: Opcode, _ payload: ArraySlice<UInt8>, isFinal: Bool = true, isCompressed: Bool = false) {
      var frame = payload.withUnsafeBytes { FrameEncoding.frame(opcode, $0, maskKey: key(), isFinal: isFinal) }
      if isCompressed { frame[0] |= FrameEncoding.compressionBit }
      bytes += frame
    }
    for _ in 0...dice.below(5) {
      var message: [UInt8] = []
      let size = dice.pick([0, 3, 60, 130, 1500])
      while message.count < size { message += dice.pick(words) }
      switch dice.below(6) {
      case 0: frame(.ping, message.prefix(100))
      case 1: frame(.pong, [])
      case 2:
        let cut = dice.below(message.count + 1)
        frame(.binary, message[..<cut], isFinal: false)
        if dice.below(2) == 0 { frame(.ping, [7]) }
        frame(.continuation, message[cut...])
      case 3 where compression != nil:
        // Compressed, and in fragments: the payload of a whole frame, cut.
        guard let compression else { break }
        let whole = message.withUnsafeBytes { Array(compression.frame(.text, $0, maskKey: nil)) }
        let isCompressed = whole[0] & FrameEncoding.compressionBit != 0
        let start = whole[1] < 126 ? 2 : 4
        let cut = start + dice.below(whole.count - start + 1)
        frame(.text, whole[start..<cut], isFinal: false, isCompressed: isCompressed)
        frame(.continuation, whole[cut...])
      default:
        if let compression, dice.below(4) > 0 {
          message.withUnsafeBytes { bytes += Array(compression.frame(.text, $0, maskKey: key())) }
        } else {
          frame(.text, message[...])
        }
      }
    }
    if dice.below(3) == 0 { bytes += FrameEncoding.close(.normal, reason: "bye", maskKey: key()) }
    return bytes
  }

  /// A few changes where they tell most: anywhere, or in the first bytes of a frame.
  private static let alphabet: [UInt8] = [0x00, 0x01, 0x40, 0x41, 0x80, 0x81, 0x82, 0xc1, 0x88, 0x7e, 0x7f, 0xfe, 0xff]

  @Test(arguments: [Role.client, .server], [false, true])
  func aDamagedConversationMeansTheSameHoweverItIsSplit(role: Role, isCompressed: Bool) {
    var errors: [ProtocolError: Int] = [:]
    var whole = 0
    workload.each(percent: 15) { number, dice in
      var agreement: CompressionAgreement?
      if isCompressed {
        var agreed = CompressionAgreement()
        agreed.clientNoContextTakeover = dice.below(2) == 0
        agreed.serverNoContextTakeover = dice.below(2) == 0
        if dice.below(3) == 0 { agreed.clientMaxWindowBits = UInt8(8 + dice.below(8)) }
        if dice.below(3) == 0 { agreed.serverMaxWindowBits = UInt8(8 + dice.below(8)) }
        agreement = agreed
      }
      var bytes = Self.conversation(&dice, role: role, agreement)
      if dice.below(10) > 0 { bytes = dice.damaged(bytes, alphabet: Self.alphabet) }
      let outcome = Self.decode([bytes], role: role, agreement)
      let split = Self.decode(dice.split(bytes), role: role, agreement)
      if outcome != split || outcome.events.contains("beyond the limit") {
        Issue.record("input \(number): \(outcome) and \(split)")
      }
      if let error = outcome.error { errors[error, default: 0] += 1 } else { whole += 1 }
    }
    #expect(whole > 0)
    #expect(errors.count >= (isCompressed ? 12 : 10), "the damage is too tame: \(errors)")
  }

  /// Payloads that are no conversation at all, straight into the inflater.
  @Test func damagedDeflateDataNeverTrap() {
    var errors: Set<ProtocolError> = []
    workload.each(percent: 10) { _, dice in
      var agreement = CompressionAgreement()
      agreement.serverMaxWindowBits = UInt8(8 + dice.below(8))
      var message: [UInt8] = []
      let size = dice.pick([1, 50, 400, 3000])
      while message.count < size { message += dice.pick(Self.words) }
      let compression = Compression(agreement, role: .server, pool: CompressionPool())
      let frame = message.withUnsafeBytes { Array(compression.frame(.text, $0, maskKey: nil)) }
      let start = frame[1] < 126 ? 2 : 4
      let damaged = dice.damaged(Array(frame[start...]), alphabet: [0x00, 0x01, 0x02, 0x03, 0x05, 0x07, 0xff, 0xfe])
      var hostile = damaged.withUnsafeBytes { FrameEncoding.frame(.text, $0, maskKey: nil) }
      hostile[0] |= FrameEncoding.compressionBit
      if let error = Self.decode([hostile], role: .client, agreement).error { errors.insert(error) }
    }
    #expect(errors.isSuperset(of: [.corruptCompression, .truncatedCompression, .invalidUTF8]), "\(errors)")
  }
}
