import OTLPMessages
import TestInputs
import Testing

@Suite("The scanner, given bytes that nobody meant,")
struct TraceRequestScannerFuzzTests {
  @Test("refuses a truncated body or finds a prefix of its spans", arguments: Fixture.names)
  func truncations(name: String) throws {
    let fixture = try Fixture(name)
    let memory = try GuardedMemory(capacity: fixture.body.count)
    for length in 0..<fixture.body.count {
      // Bodies of one resource are refused early; those with several are whole between two of them.
      guard let spans = try? memory.spans(in: fixture.body[..<length]) else { continue }
      #expect(fixture.spans.starts(with: spans), "truncated to \(length) bytes")
    }
  }

  @Test(
    "never reads beyond the end of a mutated body",
    arguments: [
      ("resource-after-spans", 12_000), ("merged-submessages", 12_000), ("invalid-ids", 8000),
      ("unknown-fields", 8000), ("sdk-batch", 400),
    ])
  func mutations(name: String, rounds: Int) throws {
    let fixture = try Fixture(name)
    let memory = try GuardedMemory(capacity: fixture.body.count * 2 + 64)
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Dice(seed: seed)
    for round in 0..<rounds {
      let body = mutate(fixture.body, with: &generator)
      guard let spans = try? memory.spans(in: body) else { continue }
      // A span takes at least its tag and its length.
      #expect(spans.count <= body.count / 2, "seed \(seed), round \(round)")
    }
  }

  private func mutate(_ original: [UInt8], with generator: inout Dice) -> [UInt8] {
    var body = original
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      guard let place = body.indices.randomElement(using: &generator) else { return body }
      let end = min(body.count, place + Int.random(in: 1...16, using: &generator))
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: body[place] = UInt8.random(in: 0...255, using: &generator)
      case 1: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2: body.removeSubrange(place..<end)
      case 3: body.insert(contentsOf: body[place..<end], at: place)
      case 4: body.insert(contentsOf: [0xff, 0xff, 0xff, 0xff, 0x7f].prefix(end - place), at: place)
      default: body.removeLast(body.count - place)
      }
    }
    return body
  }
}
