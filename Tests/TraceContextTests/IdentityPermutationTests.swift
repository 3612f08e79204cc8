import TestInputs
import Testing
import TraceContext

@Suite struct IdentityPermutationTests {
  static let seeds: [UInt64] = [0, 1, 0x5370_616e_5370_616e, .max]
  private static let extremes: [UInt32] = [0, 1, 2, 255, 256, 0x7fff_ffff, 0x8000_0000, .max - 1, .max]

  @Test(arguments: seeds)
  func everyMessageHasATraceOfItsOwnThatLeadsBackToIt(seed: UInt64) {
    let identities = IdentityPermutation(seed: seed)
    var dice = Dice(seed: seed)
    var messages = Set(
      Self.extremes.filter { $0 < 0x8000_0000 }.flatMap { shard in
        Self.extremes.map { MessageIdentity(shard: shard, sequence: $0) }
      })
    for shard in 0..<4 as Range<UInt32> {
      for sequence in 0..<5_000 as Range<UInt32> { messages.insert(.init(shard: shard, sequence: sequence)) }
    }
    for _ in 0..<5_000 {
      messages.insert(
        .init(shard: UInt32(truncatingIfNeeded: dice.next() >> 33), sequence: UInt32(truncatingIfNeeded: dice.next())))
    }
    var traceIDs: Set<TraceID> = []
    var spanIDs: Set<SpanID> = []
    for message in messages {
      let traceID = identities.traceID(of: message)
      let spanID = identities.spanID(in: traceID)
      if identities.identity(of: traceID) != message { Issue.record("seed \(seed): \(message) comes back as another") }
      if traceID.isZero || spanID.isZero { Issue.record("seed \(seed): \(message) has a zero ID") }
      traceIDs.insert(traceID)
      spanIDs.insert(spanID)
    }
    #expect(traceIDs.count == messages.count)
    // 25,000 span IDs of 64 bits meet by chance with a probability below 2⁻³⁵; the seeds are fixed.
    #expect(spanIDs.count == messages.count)
  }

  /// An id that the run did not make decodes to its tag with probability 2⁻⁶⁴, so one of a million with 2⁻⁴⁴.
  @Test(arguments: seeds)
  func randomIDsAreForeign(seed: UInt64) {
    let identities = IdentityPermutation(seed: seed)
    var dice = Dice(seed: ~seed)
    for _ in 0..<250_000 {
      let traceID = TraceID(high: dice.next(), low: dice.next())
      if identities.identity(of: traceID) != nil { Issue.record("seed \(seed): \(traceID) is taken for ours") }
    }
    for traceID in [TraceID.zero, TraceID(high: .max, low: .max), TraceID(high: 0, low: 1)] {
      #expect(identities.identity(of: traceID) == nil)
    }
  }

  @Test func theIDsOfAnotherSeedAreForeign() {
    for bit in 0..<64 {
      let ours = IdentityPermutation(seed: 7)
      let other = IdentityPermutation(seed: 7 ^ 1 << UInt64(bit))
      #expect(ours != other)
      for sequence in 0..<200 as Range<UInt32> {
        let message = MessageIdentity(shard: 3, sequence: sequence)
        if ours.identity(of: other.traceID(of: message)) != nil { Issue.record("seed bit \(bit), message \(sequence)") }
        let text = Array(other.text(of: message).utf8)
        if ours.identity(inText: text, at: 0) != nil { Issue.record("seed bit \(bit), text of \(sequence)") }
      }
    }
  }

  @Test func theSameSeedMakesTheSameIDs() {
    let message = MessageIdentity(shard: 1, sequence: 2)
    let (one, two) = (IdentityPermutation(seed: 9), IdentityPermutation(seed: 9))
    #expect(one == two)
    #expect(one.traceID(of: message) == two.traceID(of: message))
    #expect(one.text(of: message) == two.text(of: message))
  }

  @Test(arguments: seeds)
  func everyFlippedBitMakesAnIDForeign(seed: UInt64) {
    let identities = IdentityPermutation(seed: seed)
    for sequence in 0..<500 as Range<UInt32> {
      let traceID = identities.traceID(of: MessageIdentity(shard: 0, sequence: sequence))
      for bit in 0..<64 as Range<UInt64> {
        let high = TraceID(high: traceID.high ^ 1 << bit, low: traceID.low)
        let low = TraceID(high: traceID.high, low: traceID.low ^ 1 << bit)
        if identities.identity(of: high) != nil || identities.identity(of: low) != nil {
          Issue.record("seed \(seed), message \(sequence), bit \(bit)")
        }
      }
    }
  }

  /// χ² over 256 values has mean 255 and standard deviation 22.6; 450 is 8.6 of them above the mean.
  @Test(arguments: [1, 2] as [UInt64])
  func eachByteOfConsecutiveIDsIsUniform(seed: UInt64) {
    let identities = IdentityPermutation(seed: seed)
    let samples = 200_000
    var counts = [Int](repeating: 0, count: 24 * 256)
    for sequence in 0..<UInt32(samples) {
      let traceID = identities.traceID(of: MessageIdentity(shard: 0, sequence: sequence))
      var words = (traceID.high, traceID.low, identities.spanID(in: traceID).rawValue)
      withUnsafeBytes(of: &words) { bytes in
        for place in 0..<24 { counts[place << 8 | Int(bytes[place])] += 1 }
      }
    }
    let expected = Double(samples) / 256
    for place in 0..<24 {
      let chiSquared = counts[place << 8..<(place + 1) << 8].reduce(0) { sum, count in
        sum + (Double(count) - expected) * (Double(count) - expected) / expected
      }
      #expect(chiSquared < 450, "seed \(seed), byte \(place) of trace and span ID")
      #expect(chiSquared > 120, "seed \(seed), byte \(place) is more even than chance")
    }
  }

  @Test(arguments: seeds)
  func theTextIDLeadsBackToItsMessage(seed: UInt64) {
    let identities = IdentityPermutation(seed: seed)
    for shard in [0, 1, 9, 10, 127, 255] as [UInt32] {
      for sequence in Self.extremes {
        let message = MessageIdentity(shard: shard, sequence: sequence)
        let text = Array("m-\(identities.text(of: message))!".utf8)
        #expect(text.count == IdentityPermutation.textLength + 3)
        #expect(identities.identity(inText: text, at: 2) == message)
      }
    }
  }

  @Test func writingASequenceIntoATextGivesTheTextOfThatMessage() {
    let identities = IdentityPermutation(seed: 5)
    var text = Array(identities.text(of: MessageIdentity(shard: 2, sequence: 0)).utf8)
    for sequence in [0, 1, 0xdead_beef, .max] as [UInt32] {
      text.withUnsafeMutableBytes { bytes in
        if let base = bytes.baseAddress { IdentityPermutation.write(sequence: sequence, to: base) }
      }
      #expect(
        String(decoding: text, as: UTF8.self) == identities.text(of: MessageIdentity(shard: 2, sequence: sequence)))
    }
  }

  @Test func noOtherByteStandsForAnyByteOfATextIDButDigitsOfShardAndSequence() {
    let identities = IdentityPermutation(seed: 5)
    let text = Array(identities.text(of: MessageIdentity(shard: 0x12, sequence: 0x3456_789a)).utf8)
    for place in text.indices {
      for byte in UInt8.min...UInt8.max where byte != text[place] {
        var changed = text
        changed[place] = byte
        let isOtherMessage = place > 8 && place != 11 && "0123456789abcdef".utf8.contains(byte)
        let isRead = identities.identity(inText: changed, at: 0) != nil
        #expect(isRead == isOtherMessage, "byte \(byte) at \(place)")
      }
    }
  }

  @Test(arguments: [
    ("before the text", -1), ("one byte too late", 1), ("at its end", 20), ("far behind it", .max),
    ("far before it", .min),
  ])
  func aTextIDOutsideOfTheTextIsNone(label: String, offset: Int) {
    let identities = IdentityPermutation(seed: 5)
    let text = Array(identities.text(of: MessageIdentity(shard: 0, sequence: 0)).utf8)
    #expect(identities.identity(inText: text, at: offset) == nil)
    #expect(identities.identity(inText: Array(text[..<19]), at: 0) == nil)
    #expect(identities.identity(inText: [], at: 0) == nil)
  }

  @Test func everyKindOfSpanHasAWordOfItsOwn() {
    #expect(Set(SpanKind.allCases.map(\.description)).count == SpanKind.allCases.count)
  }
}

extension IdentityPermutation {
  fileprivate func identity(inText text: [UInt8], at offset: Int) -> MessageIdentity? {
    identity(inText: text.span, at: offset)
  }
}
