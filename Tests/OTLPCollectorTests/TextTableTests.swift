import Testing

@testable import OTLPCollector

@Suite("The table of texts")
struct TextTableTests {
  @Test("numbers texts in the order of their first use and finds them again, whatever their length")
  func numbering() {
    var table = TextTable(countLimit: 5000, byteLimit: 8 << 20)
    let texts = (0..<2500).map { String(repeating: "x", count: $0 % 40) + "\($0)" }
    for round in 0..<2 {
      for (number, text) in texts.enumerated() {
        #expect(table.index(of: text) == UInt32(number), "round \(round)")
      }
    }
    #expect(table.takeUnannounced().map(\.text) == texts)
  }

  @Test("tells texts apart that differ in one byte anywhere")
  func oneByte() {
    var table = TextTable(countLimit: 1000, byteLimit: 1 << 20)
    for count in 0..<24 {
      let text = [UInt8](repeating: 0, count: count)
      let first = table.index(of: text.span.bytes)
      for place in 0..<count {
        var other = text
        other[place] = 1
        #expect(table.index(of: other.span.bytes) != first, "\(count) bytes, place \(place)")
      }
      #expect(table.index(of: text.span.bytes) == first)
    }
  }

  @Test("takes no more texts than its limit and still finds those that it has")
  func countLimit() {
    var table = TextTable(countLimit: 3, byteLimit: 1000)
    #expect(["a", "b", "c", "d", "a", "e"].map { table.index(of: $0) } == [0, 1, 2, nil, 0, nil])
  }

  @Test("takes no more bytes than its limit")
  func byteLimit() {
    var table = TextTable(countLimit: 100, byteLimit: 10)
    #expect(["12345678", "123", "12", "1", ""].map { table.index(of: $0) } == [0, nil, 1, nil, 2])
  }

  @Test("announces every text once, repaired where it is not UTF-8")
  func announcements() {
    var table = TextTable(countLimit: 100, byteLimit: 100)
    _ = table.index(of: "a")
    #expect(table.takeUnannounced().map(\.text) == ["a"])
    #expect(table.takeUnannounced().isEmpty)
    let broken: [UInt8] = [0x62, 0xff]
    _ = table.index(of: broken.span.bytes)
    _ = table.index(of: "a")
    let announced = table.takeUnannounced()
    #expect(announced.map(\.text) == ["b\u{fffd}"])
    #expect(announced.map(\.index) == [1])
  }
}

extension TextTable {
  fileprivate mutating func index(of text: String) -> UInt32? {
    let bytes = Array(text.utf8)
    return index(of: bytes.span.bytes)
  }
}
