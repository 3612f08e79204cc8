import TestInputs
import Testing

@testable import Reactor

@Suite("A spill buffer")
struct SpillBufferTests {
  @Test("behaves as an array does, whatever is done to it", arguments: 0..<10)
  func model(seed: Int) {
    var generator = Dice(seed: UInt64(seed))
    var buffer = SpillBuffer()
    var model: [UInt8] = []
    for step in 0..<300 {
      switch Int.random(in: 0..<10, using: &generator) {
      case 0...3:
        let count = Int.random(in: 0...3000, using: &generator)
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ step) }
        bytes.withUnsafeBytes { buffer.append($0) }
        model += bytes
      case 4...5:
        let room = buffer.reserve(Int.random(in: 1...5000, using: &generator))
        let count = min(Int.random(in: 0...6000, using: &generator), room.count)
        for index in 0..<count { room[index] = UInt8(truncatingIfNeeded: index &* 7 &+ step) }
        model += room[..<count]
        buffer.commit(count)
      case 6...8:
        let count = Int.random(in: 0...4000, using: &generator)
        buffer.consume(count)
        model.removeFirst(min(count, model.count))
      default:
        if Int.random(in: 0..<20, using: &generator) == 0 {
          buffer.clear()
          model = []
        }
      }
      let (count, isEmpty, bytes) = (buffer.count, buffer.isEmpty, Array(buffer.bytes))
      #expect(count == model.count, "seed \(seed), step \(step)")
      #expect(isEmpty == model.isEmpty, "seed \(seed), step \(step)")
      #expect(bytes == model, "seed \(seed), step \(step)")
    }
  }

  @Test("holds no memory while it is empty, and gives back what nobody wrote into")
  func empty() {
    var buffer = SpillBuffer()
    var holds: [Bool] = [buffer.bytes.baseAddress != nil]
    [UInt8](repeating: 1, count: 10).withUnsafeBytes { buffer.append($0) }
    holds.append(buffer.bytes.baseAddress != nil)
    buffer.consume(.max)
    holds.append(buffer.bytes.baseAddress != nil)
    #expect(holds == [false, true, false])
    buffer.commit(5)
    let isEmpty = buffer.isEmpty
    #expect(isEmpty)
  }
}

@Suite("Random words")
struct RandomWordsTests {
  @Test("do not repeat")
  func distinct() {
    var words = RandomWords()
    var other = RandomWords()
    var seen = Set<UInt64>()
    for _ in 0..<5000 {
      seen.insert(words.wide())
      seen.insert(other.wide())
    }
    #expect(seen.count == 10_000)
    var mask = (ones: UInt32(0), zeros: UInt32(0))
    for _ in 0..<5000 {
      let word = words.word()
      mask.ones |= word
      mask.zeros |= ~word
    }
    #expect(mask.ones == .max)
    #expect(mask.zeros == .max)
  }
}
