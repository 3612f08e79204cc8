import TestInputs
import Testing
import WebSocketProtocol

@Suite struct FrameTests {
  /// RFC 6455 §5.7.
  @Test(
    arguments: [
      (
        "an unmasked text", FrameEncoding.frame(.text, Array("Hello".utf8), maskKey: nil),
        [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]
      ),
      (
        "a masked text", FrameEncoding.frame(.text, Array("Hello".utf8), maskKey: UInt32(bigEndian: 0x37fa_213d)),
        [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
      ),
      (
        "a ping", FrameEncoding.frame(.ping, Array("Hello".utf8), maskKey: nil),
        [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]
      ),
      ("an empty frame", FrameEncoding.frame(.binary, [], maskKey: nil), [0x82, 0x00]),
    ] as [(String, [UInt8], [UInt8])])
  func theExamplesOfTheRFCAreWritten(label: String, frame: [UInt8], bytes: [UInt8]) {
    #expect(frame == bytes)
  }

  @Test(
    arguments: [
      ("no byte", 0, [0x82, 0x00]), ("125 bytes", 125, [0x82, 125]), ("126 bytes", 126, [0x82, 126, 0, 126]),
      ("65535 bytes", 65535, [0x82, 126, 0xff, 0xff]), ("65536 bytes", 65536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] as [(String, Int, [UInt8])])
  func aLengthIsWrittenInItsShortestForm(label: String, count: Int, header: [UInt8]) {
    let payload = [UInt8](repeating: 7, count: count)
    let frame = FrameEncoding.frame(.binary, payload, maskKey: nil)
    #expect(frame == header + payload)
    #expect(FrameEncoding.headerLength(payloadCount: count, isMasked: false) == header.count)
    let masked = FrameEncoding.frame(.binary, payload, maskKey: 0)
    #expect(masked == [header[0], header[1] | 0x80] + header[2...] + [0, 0, 0, 0] + payload)
    #expect(FrameEncoding.headerLength(payloadCount: count, isMasked: true) == header.count + 4)
  }

  @Test func maskingTwiceRestoresEveryLength() {
    var dice = Dice(seed: 81)
    for count in 0..<70 {
      let payload = dice.bytes(count)
      let key = UInt32(truncatingIfNeeded: dice.next())
      let bytes = withUnsafeBytes(of: key) { Array($0) }
      var masked = payload
      masked.withUnsafeMutableBytes { buffer in
        if let base = buffer.baseAddress {
          FrameEncoding.mask(UnsafeRawPointer(base), count: count, key: key, to: base)
        }
      }
      #expect(masked == payload.indices.map { payload[$0] ^ bytes[$0 % 4] }, "\(count) bytes")
    }
  }

  @Test func aCloseReasonIsCutAtACharacter() {
    let reason = String(repeating: "é", count: 100)
    let frame = FrameEncoding.close(.normal, reason: reason, maskKey: nil)
    #expect(frame == [0x88, 124, 0x03, 0xe8] + Array(reason.utf8.prefix(122)))
    #expect(FrameEncoding.close(.goingAway, reason: "bye", maskKey: nil) == [0x88, 5, 0x03, 0xe9] + Array("bye".utf8))
    let whole = FrameEncoding.close(CloseCode(4999), reason: String(repeating: "a", count: 123), maskKey: nil)
    #expect(whole.count == 127)
  }

  @Test(arguments: [CloseCode.noStatus, .abnormal, CloseCode(1015), CloseCode(0), CloseCode(999), CloseCode(5000)])
  func aCodeThatMayNotStandOnTheWireIsNotWritten(code: CloseCode) {
    #expect(FrameEncoding.close(code, reason: "x", maskKey: nil) == [0x88, 0x00])
  }

  @Test func closeCodesAreThoseOfTheRFCAndTheRegistry() {
    let allowed = Set([1000...1003, 1007...1014, 3000...4999].flatMap { Array($0) } as [UInt16])
    for code in UInt16.min...UInt16.max where CloseCode(code).isAllowedOnWire != allowed.contains(code) {
      Issue.record("code \(code)")
    }
  }

  @Test func everyErrorNamesItsSectionAndAnAllowedCode() {
    for error in ProtocolError.allCases {
      #expect(error.closeCode.isAllowedOnWire, "\(error)")
      #expect((4...8).contains(error.section.major), "\(error)")
    }
  }
}
