import Observations
import Testing

@Suite struct CloseReasonTests {
  @Test(
    arguments: [
      ("plain", "restart", "restart"), ("other letters", "é 😀", "é 😀"), ("nothing", "", ""),
      ("a terminal's colour", "\u{1b}[31mred", "?[31mred"), ("lines", "a\r\nb\u{2028}c", "a??b?c"),
      ("another direction", "\u{202e}turned", "?turned"), ("NUL, DEL and C1", "\0\u{7f}\u{9b}", "???"),
      ("none that is known", "\u{e000}\u{10ffff}", "??"),
    ])
  func aReasonIsShownWithoutWhatActsOnATerminal(label: String, reason: String, shown: String) {
    #expect(CloseReason.shown(reason) == shown)
  }

  @Test func aReasonIsCutAtACharacter() {
    #expect(CloseReason.shown(String(repeating: "a", count: 1000)) == String(repeating: "a", count: 123))
    #expect(CloseReason.shown(String(repeating: "é", count: 100)) == String(repeating: "é", count: 61))
    #expect(CloseReason.shown(String(repeating: "\u{fffd}", count: 123)).utf8.count == 123)
  }
}
