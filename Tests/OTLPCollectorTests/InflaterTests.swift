import Testing

@testable import OTLPCollector

@Suite("The inflater")
struct InflaterTests {
  @Test("gives back what was compressed", arguments: [Inflater.Format.gzip, .zlib], [0, 1, 1000, 300_000, 1_000_000])
  func roundTrip(format: Inflater.Format, count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
    var inflater = try Inflater(limit: 1_000_000)
    // Twice, because its state is used again.
    for _ in 0..<2 { #expect(try inflater.bytes(of: compressed(bytes, format), as: format) == bytes) }
  }

  @Test("reads gzip members one after the other")
  func members() throws {
    var inflater = try Inflater(limit: 1000)
    let body = try compressed(Array("one ".utf8)) + compressed([]) + compressed(Array("two".utf8))
    #expect(try inflater.bytes(of: body) == Array("one two".utf8))
  }

  @Test("refuses every truncation of two members, except after the first")
  func truncations() throws {
    var inflater = try Inflater(limit: 10_000)
    let first = try compressed(Array("the first member".utf8))
    let body = try first + compressed(Array("the second member".utf8))
    for length in 0..<body.count where length != first.count {
      #expect(throws: InflateFault.truncated, "\(length) bytes") {
        try inflater.bytes(of: Array(body[..<length]))
      }
    }
  }

  @Test("refuses what follows the compressed data")
  func trailingBytes() throws {
    var inflater = try Inflater(limit: 1000)
    for format in [Inflater.Format.gzip, .zlib] {
      let body = try compressed([1, 2, 3], format)
      #expect(throws: InflateFault.malformed) { try inflater.bytes(of: body + Array("and more".utf8), as: format) }
    }
  }

  @Test("refuses the other format, and what is not compressed")
  func wrongFormat() throws {
    var inflater = try Inflater(limit: 1000)
    let gzip = try compressed([1, 2, 3])
    #expect(throws: InflateFault.malformed) { try inflater.bytes(of: gzip, as: .zlib) }
    #expect(throws: InflateFault.malformed) { try inflater.bytes(of: compressed([1, 2, 3], .zlib)) }
    #expect(throws: InflateFault.malformed) { try inflater.bytes(of: Array("plain text".utf8)) }
    #expect(try inflater.bytes(of: gzip) == [1, 2, 3])
  }

  @Test(
    "takes a body of just its limit and refuses one of a byte more", arguments: [0, 1, 1000, 262_143, 262_144, 700_000])
  func limit(limit: Int) throws {
    var inflater = try Inflater(limit: limit)
    #expect(try inflater.bytes(of: compressed(Array(repeating: 0, count: limit))).count == limit)
    #expect(throws: InflateFault.tooLarge) {
      try inflater.bytes(of: compressed(Array(repeating: 0, count: limit + 1)))
    }
  }

  @Test("cuts a bomb without taking more memory than its limit")
  func bomb() throws {
    var inflater = try Inflater(limit: 6 << 20)
    let member = try compressed(Array(repeating: 0, count: 4 << 20))
    let bomb = Array(repeatElement(member, count: 100).joined())
    #expect(throws: InflateFault.tooLarge) { try inflater.bytes(of: bomb) }
    #expect(inflater.capacity <= 6 << 20 + 1)
    #expect(try inflater.bytes(of: member).count == 4 << 20)
  }

  @Test("survives mutated bodies")
  func mutations() throws {
    var inflater = try Inflater(limit: 100_000)
    let body = try compressed((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) })
    let seed = UInt64.random(in: 0 ... .max)
    var state = seed
    func next(below limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    for round in 0..<5000 {
      var mutated = body
      for _ in 0...next(below: 3) { mutated[next(below: mutated.count)] = UInt8(next(below: 256)) }
      if let bytes = try? inflater.bytes(of: mutated) {
        #expect(bytes.count <= 100_000, "seed \(seed), round \(round)")
      }
    }
    #expect(try inflater.bytes(of: body).count == 5000)
  }
}

extension Inflater {
  fileprivate mutating func bytes(
    of body: [UInt8], as format: Format = .gzip
  ) throws(InflateFault) -> [UInt8] {
    try inflate(body.span.bytes, as: format, orThrow: { $0 }) { bytes throws(InflateFault) in
      bytes.withUnsafeBytes { Array($0) }
    }
  }
}
