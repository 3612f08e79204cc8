import Observations
import Testing

@Suite("The signs of an exporter's queue")
struct QueueSignsTests {
  private let second: Int64 = 1_000_000_000

  @Test("show an overflow by full batches back to back whose spans grow older")
  func overflow() {
    var signs = QueueSigns()
    for number in 0..<12 { signs.add(batch: 512, age: Int64(number) * second / 4) }
    #expect(signs.showOverflow)
    #expect(signs.longestRun == 12)
    #expect(signs.largestBatch == 512)
    #expect(signs.ageGrowth == 11 * second / 4)
  }

  @Test(
    "show none where the target is only busy",
    arguments: [
      ("full batches of fresh spans", Array(repeating: 512, count: 50), Array(repeating: 0, count: 50)),
      ("old spans in batches that are not full", [512] + Array(repeating: 100, count: 50), Array(0..<51)),
      ("a few full batches", Array(repeating: 512, count: 7), Array(0..<7)),
      ("small batches of one size", Array(repeating: 3, count: 50), Array(0..<50)),
    ])
  func none(_ label: String, sizes: [Int], seconds: [Int]) {
    var signs = QueueSigns()
    for (size, age) in zip(sizes, seconds) { signs.add(batch: size, age: Int64(age) * second) }
    #expect(!signs.showOverflow)
  }

  @Test("do not depend on how far the clocks are apart, and never trap")
  func clocks() {
    for offset in [-1000 * second, 1000 * second] {
      var signs = QueueSigns()
      for number in 0..<12 { signs.add(batch: 512, age: offset + Int64(number) * second) }
      #expect(signs.ageGrowth == 11 * second)
    }
    var signs = QueueSigns()
    signs.add(batch: 64, age: .min)
    for _ in 0..<12 { signs.add(batch: 64, age: .max) }
    #expect(signs.ageGrowth == .max)
  }
}
