import Observations
import Testing

@testable import OTLPCollector

@Suite struct WordTableTests {
  @Test func `a word has one number in each part, and is announced once`() {
    var table = WordTable()
    let words = [table.scope("a"), table.event("a"), table.value(.string, "a").text, table.value(.int, "a").text]
    #expect(Set(words).count == 3)
    #expect(words[2] == words[3])
    #expect(words == [table.scope("a"), table.event("a"), table.value(.bool, "a").text, words[3]])
    let announced = table.takeUnannounced()
    #expect(Set(announced.map(\.index)) == Set(words))
    #expect(announced.map(\.text) == ["a", "a", "a"])
    #expect(table.takeUnannounced().isEmpty)
  }

  @Test func `no scope and no event name are no word, but an empty value is one`() {
    var table = WordTable()
    #expect(table.scope("") == .none)
    #expect(table.event("") == .none)
    #expect(table.value(.string, "").text != .none)
    #expect(table.takeUnannounced().map(\.text) == [""])
  }

  @Test(arguments: [AttributeDigest.ValueType.string, .bool, .int, .double, .other])
  func `a digest is that of type and text, however often and as what else the text was seen`(
    type: AttributeDigest.ValueType
  ) {
    var table = WordTable()
    for other in [AttributeDigest.ValueType.int, type, .string, type] {
      for text in ["", "5", "true", "größe"] {
        #expect(table.value(other, text).digest == AttributeDigest.of(other, text))
      }
    }
  }

  @Test func `a text beyond 256 bytes is cut where a character ends, and its digest is of all of it`() {
    var table = WordTable()
    let head = String(repeating: "x", count: 255)
    let texts = [head + "ü", head + "üx", head + "üy", head, head + "z", head + "zz"]
    // The longest come first, whose cut texts are those of others.
    for text in texts + texts.reversed() {
      #expect(table.value(.string, text).digest == AttributeDigest.of(.string, text), "\(text.suffix(3))")
    }
    #expect(table.takeUnannounced().map(\.text) == [head, head + "z"])
    #expect(table.value(.string, String(repeating: "€", count: 200)).text != .overflow)
    #expect(table.takeUnannounced().map(\.text) == [String(repeating: "€", count: 85)])
    let broken = [UInt8](repeating: 0x80, count: 300)
    #expect(table.value(.string, broken.span.bytes).digest == AttributeDigest.of(.string, broken.span.bytes))
    #expect(table.takeUnannounced().first?.text.unicodeScalars.count == 253)
  }

  @Test func `scopes and events are told also when values have filled their part, and values when those have`() {
    var table = WordTable()
    for number in 0..<70_000 { _ = table.value(.int, "\(number)") }
    for number in 0..<9000 { _ = table.event("e\(number)") }
    for number in 0..<9000 { _ = table.scope("s\(number)") }
    let announced = table.takeUnannounced()
    #expect(announced.count == Int(UInt16.max))
    #expect(Set(announced.map(\.index)).count == announced.count)
    #expect(announced.allSatisfy { $0.index.rawValue < UInt16.max })
    for prefix in ["s", "e", ""] {
      #expect(announced.count { $0.text.hasPrefix(prefix) && (prefix != "" || Int($0.text) != nil) } >= 8192)
    }
    let late = table.value(.string, "late")
    #expect(late.text == .overflow)
    #expect(late.digest == AttributeDigest.of(.string, "late"))
    #expect(table.event("late") == .overflow)
    #expect(table.scope("late") == .overflow)
    #expect(table.value(.int, "7").text != .overflow)
    #expect(table.takeUnannounced().isEmpty)
  }
}

extension WordTable {
  fileprivate mutating func scope(_ text: String) -> WordIndex { scope(Array(text.utf8).span.bytes) }
  fileprivate mutating func event(_ text: String) -> WordIndex { event(Array(text.utf8).span.bytes) }
  fileprivate mutating func value(_ type: AttributeDigest.ValueType, _ text: String) -> SpanDetail.SeenValue {
    value(type, Array(text.utf8).span.bytes)
  }
}
