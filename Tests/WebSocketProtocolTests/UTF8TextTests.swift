import TestInputs
import Testing
import WebSocketProtocol

@Suite struct UTF8TextTests {
  private static func isValid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { UTF8Text.isValid($0) } }
  private static func isText(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

  @Test func everySequenceOfUpToThreeBytesThatMatterIsJudgedAsSwiftJudgesIt() {
    let edges: [UInt8] = [
      0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
      0xf0,
      0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xfe, 0xff,
    ]
    #expect(Self.isValid([]))
    for first in UInt8.min...UInt8.max {
      for second in edges {
        for bytes in [[first], [first, second]] + edges.map({ [first, second, $0] })
        where Self.isValid(bytes) != Self.isText(bytes) {
          Issue.record("\(bytes)")
        }
      }
    }
  }

  @Test func everyEdgeOfFourBytesIsJudgedAsSwiftJudgesIt() {
    let continuation: [UInt8] = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0xbf, 0xc0, 0xff]
    for first in 0xf0...0xff as ClosedRange<UInt8> {
      for second in continuation {
        for third in continuation {
          for fourth in continuation {
            let bytes = [first, second, third, fourth]
            if Self.isValid(bytes) != Self.isText(bytes) { Issue.record("\(bytes)") }
          }
        }
      }
    }
  }

  @Test(arguments: [71, 72] as [UInt64])
  func randomTextsAreJudgedAsSwiftJudgesThem(seed: UInt64) {
    var dice = Dice(seed: seed)
    let pieces = [
      "a", "abcdefgh", "é", "€", "😀", "\u{800}", "\u{d7ff}", "\u{e000}", "\u{ffff}", "\u{10000}", "\u{10ffff}", "\0",
    ]
    for round in 0..<5_000 {
      var bytes: [UInt8] = []
      for _ in 0..<dice.below(12) { bytes += Array(dice.pick(pieces).utf8) }
      #expect(Self.isValid(bytes), "seed \(seed), round \(round)")
      let damaged = dice.damaged(bytes, alphabet: [0x80, 0xbf, 0xc0, 0xe0, 0xed, 0xa0, 0xf0, 0xf4, 0xff])
      if Self.isValid(damaged) != Self.isText(damaged) { Issue.record("seed \(seed), round \(round): \(damaged)") }
    }
  }

  @Test func eightBytesAtATimeHideNothing() {
    for count in 1...40 {
      for place in 0..<count {
        for byte in [0x80, 0xc2, 0xff] as [UInt8] {
          var bytes = [UInt8](repeating: 0x61, count: count)
          bytes[place] = byte
          #expect(!Self.isValid(bytes), "byte \(byte) at \(place) of \(count)")
        }
      }
    }
  }
}
