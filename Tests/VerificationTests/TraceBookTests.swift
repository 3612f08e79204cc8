import Observations
import TestInputs
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("The book of traces")
struct TraceBookTests {
  @Test("finds each invariant's violation in its smallest case, and nothing else", arguments: InvariantCase.all)
  func cases(_ example: InvariantCase) {
    var shelf = Shelf()
    shelf.add(example.spans)
    let findings = shelf.findings()
    #expect(Dictionary(uniqueKeysWithValues: findings.map { ($0.invariant, $0.count) }) == example.expected)
    for finding in findings {
      #expect(finding.evidence.count == 1)
      #expect(finding.evidence[0].traceID == TraceID(high: 1, low: 1).description)
      #expect(finding.evidence[0].tree.count == 1 + Set(example.spans.map(\.id)).count)
    }
  }

  @Test("has a case for every invariant")
  func everyInvariant() {
    #expect(Set(InvariantCase.all.flatMap(\.expected.keys)) == Set(TraceInvariant.allCases))
  }

  @Test("counts a repeated batch once, and judges a trace once it is quiet")
  func repeatedBatch() {
    var shelf = Shelf()
    let spans = [BookedSpan(1), BookedSpan(2, under: 1)]
    shelf.add(spans)
    shelf.add(spans)
    shelf.book.advance(to: shelf.now.advanced(byNanoseconds: 4_999_999_999))
    #expect(shelf.book.counts.openTraces == 1)
    shelf.book.advance(to: shelf.now.advanced(byNanoseconds: 5_000_000_000))
    #expect(shelf.book.counts.openTraces == 0)
    #expect(shelf.book.counts.repeatedSpans == 2)
    shelf.add([BookedSpan(3, under: 99)])
    #expect(shelf.book.counts.lateSpans == 1)
    #expect(shelf.findings() == [])
    #expect(shelf.book.counts.spans == 5)
    #expect(shelf.book.counts.traces == 1)
  }

  @Test("waits on while spans still come")
  func liveTrace() {
    var shelf = Shelf()
    for number in 1...10 {
      shelf.add([BookedSpan(UInt64(number), under: UInt64(number) - 1)])
      shelf.now = shelf.now.advanced(byNanoseconds: 4_000_000_000)
      shelf.book.advance(to: shelf.now)
    }
    #expect(shelf.book.counts.openTraces == 1)
    shelf.book.advance(to: shelf.now.advanced(byNanoseconds: 2_000_000_000))
    #expect(shelf.book.counts.openTraces == 0)
    #expect(shelf.findings() == [])
  }

  @Test("draws as many trees as were asked for")
  func trees() throws {
    var shelf = Shelf(trees: 2)
    for trace in UInt64(1)...3 {
      shelf.add([BookedSpan(1, "receive", kind: .server), BookedSpan(2, "save", under: 1, start: 20)], trace: trace)
    }
    _ = shelf.findings()
    let trees = shelf.book.takeTrees()
    #expect(trees.count == 2)
    #expect(
      trees.first == [
        TraceID(high: 1, low: 1).description, "  0000000000000001 receive [server] shop +0.000 ms for 0.090 ms",
        "    0000000000000002 save [internal] shop +0.010 ms for 0.080 ms",
      ])
    #expect(shelf.book.takeTrees().isEmpty)
  }

  @Test("stays within its budget, and invents no violation where it cut and forgot traces")
  func budget() {
    var shelf = Shelf(memory: 1 << 20)
    var highest = 0
    // Each child comes long after its parent, when that is cut and perhaps forgotten.
    for trace in UInt64(1)...40_000 {
      shelf.add([BookedSpan(1, kind: .server, place: .elsewhere)], trace: trace)
      highest = max(highest, shelf.book.memoryInUse)
    }
    for trace in UInt64(1)...40_000 {
      shelf.add([BookedSpan(2, under: 1, place: .sameProcess)], trace: trace)
      highest = max(highest, shelf.book.memoryInUse)
    }
    #expect(highest <= 1 << 20 + 200)
    #expect(shelf.book.counts.cutTraces > 30_000)
    #expect(shelf.findings() == [])
  }

  @Test("keeps so many spans of one trace, and says nothing of what it lacks then")
  func hugeTrace() {
    var shelf = Shelf()
    let limit = UInt64(TraceBook.largestTrace)
    shelf.add((1...limit).map { BookedSpan($0, under: $0 == 1 ? 0 : limit + 7, place: .sameProcess) })
    shelf.add([BookedSpan(limit + 7, under: 1, place: .sameProcess)])
    #expect(shelf.book.counts.droppedSpans == 1)
    #expect(shelf.findings() == [])
    #expect(shelf.book.counts.cutTraces == 1)
  }

  @Test("judges no trace by what it lacks that was not quiet at the end")
  func unquiet() {
    var shelf = Shelf()
    shelf.add([BookedSpan(1), BookedSpan(2, under: 9, place: .sameProcess)])
    shelf.book.finish(at: shelf.now.advanced(byNanoseconds: 4_000_000_000))
    #expect(shelf.book.findings == [])
    #expect(shelf.book.counts.unquietTraces == 1)
  }

  @Test("takes an orphan back whose parent comes late")
  func lateParent() {
    var shelf = Shelf()
    let orphans = [BookedSpan(2, under: 1, place: .sameProcess), BookedSpan(3, under: 1, place: .sameProcess)]
    shelf.add(orphans)
    shelf.add(orphans, trace: 2)
    shelf.now = shelf.now.advanced(byNanoseconds: 6_000_000_000)
    shelf.book.advance(to: shelf.now)
    #expect(shelf.book.findings.map(\.count) == [4])
    shelf.add([BookedSpan(1, kind: .server)])
    #expect(shelf.book.findings.map(\.count) == [2])
    #expect(shelf.book.findings.first?.evidence.map(\.traceID) == [TraceID(high: 1, low: 2).description])
    #expect(shelf.book.counts.lateSpans == 1)
  }

  @Test("is not slow for traces and spans whose IDs are chosen to collide")
  func chosenIDs() {
    var shelf = Shelf()
    // With an unkeyed or a lazy hash each of these would take as many steps as there are others.
    for trace in UInt64(1)...60_000 { shelf.add([BookedSpan(1)], trace: trace, high: 0x9e37_79b9_7f4a_7c15) }
    shelf.add((1...60_000).map { BookedSpan(UInt64($0) << 48 | UInt64($0) >> 16, under: 0, place: .sameProcess) })
    _ = shelf.findings()
    #expect(shelf.book.counts.traces == 60_001)
  }

  @Test("never traps, whatever the spans", arguments: 0..<100)
  func hostileSpans(seed: Int) {
    var dice = Dice(seed: UInt64(seed))
    var shelf = Shelf(memory: 1 << 20, trees: 3)
    for _ in 0..<50 {
      let spans = (0..<dice.below(40)).map { _ in
        var span = BookedSpan(UInt64(dice.below(12)), under: UInt64(dice.below(12)))
        span.start = dice.pick([0, 1, 50, .max, dice.next()])
        span.end = dice.pick([0, 1, 60, .max, dice.next()])
        span.kind = dice.pick(SpanKind.allCases)
        span.place = dice.pick([.unknown, .sameProcess, .elsewhere])
        return span
      }
      shelf.add(spans, trace: UInt64(dice.below(9)))
      shelf.now = shelf.now.advanced(byNanoseconds: Int64(dice.below(3)) * 1_000_000_000)
      shelf.book.advance(to: shelf.now)
    }
    _ = shelf.findings()
    #expect(shelf.book.counts.openTraces == 0, "seed \(seed)")
  }
}

@Suite("The index of traces")
struct TraceIndexTests {
  @Test("finds what a dictionary finds, through every removal", arguments: 0..<20)
  func againstDictionary(seed: Int) {
    var dice = Dice(seed: UInt64(seed))
    var index = TraceIndex()
    var expected: [TraceID: Int32] = [:]
    for _ in 0..<20_000 {
      let traceID = TraceID(high: UInt64(dice.below(3)), low: UInt64(dice.below(3000)))
      if dice.below(2) == 0, let known = expected.removeValue(forKey: traceID) {
        index.remove(known)
      } else {
        let (found, isNew) = index.entry(of: traceID, at: Instant(nanoseconds: 0))
        #expect(isNew == (expected[traceID] == nil))
        if let known = expected[traceID] { #expect(found == known) }
        expected[traceID] = found
      }
    }
    #expect(index.count == expected.count)
  }
}

/// A span of the one service that is tested.
struct BookedSpan: Sendable {
  var id: UInt64
  var parent: UInt64
  var name: String
  var kind: SpanKind
  var start: UInt64
  var end: UInt64 = 100_000
  var place: ParentPlace
  var service: UInt16 = 0

  init(
    _ id: UInt64, _ name: String = "work", under parent: UInt64 = 0, kind: SpanKind = .internal, start: UInt64 = 10,
    place: ParentPlace = .unknown
  ) {
    self.id = id
    self.parent = parent
    self.name = name
    self.kind = kind
    self.start = start * 1000
    self.place = place
  }

  func changed(_ change: (inout BookedSpan) -> Void) -> BookedSpan {
    var span = self
    change(&span)
    return span
  }
}

/// Spans that violate one invariant.
struct InvariantCase: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var expected: [TraceInvariant: Int]
  var spans: [BookedSpan]

  static let all = [
    InvariantCase(
      testDescription: "a right trace", expected: [:],
      spans: [
        BookedSpan(1, kind: .server), BookedSpan(2, under: 1), BookedSpan(3, under: 2, kind: .client),
        BookedSpan(4, under: 3, kind: .server, place: .elsewhere),
      ]),
    InvariantCase(
      testDescription: "a trace that began elsewhere", expected: [:],
      spans: [
        BookedSpan(1, under: 77, kind: .server, place: .elsewhere), BookedSpan(2, under: 88, kind: .consumer),
        BookedSpan(3, under: 1, place: .sameProcess),
      ]),
    InvariantCase(
      testDescription: "a child that ends after its parent", expected: [:],
      spans: [BookedSpan(1), BookedSpan(2, under: 1).changed { $0.end = 200_000 }]),
    InvariantCase(
      testDescription: "a child on another clock", expected: [:],
      spans: [BookedSpan(1), BookedSpan(2, under: 1, start: 5).changed { $0.service = 1 }]),
    InvariantCase(
      testDescription: "a local parent that is not there", expected: [.orphanSpan: 1],
      spans: [BookedSpan(1), BookedSpan(2, under: 9, place: .sameProcess)]),
    InvariantCase(
      testDescription: "a parent that is not there, and nobody says where it is", expected: [:],
      spans: [BookedSpan(1), BookedSpan(2, under: 9)]),
    InvariantCase(
      testDescription: "a child that begins after its parent's end", expected: [:],
      spans: [BookedSpan(1), BookedSpan(2, under: 1, start: 101, place: .sameProcess).changed { $0.end = 102_000 }]),
    InvariantCase(
      testDescription: "a child whose start is known to the millisecond only", expected: [:],
      spans: [
        BookedSpan(1, start: 1500).changed { $0.end = 3_000_000 },
        BookedSpan(2, under: 1, start: 1000, place: .sameProcess).changed { $0.end = 2_000_000 },
      ]),
    InvariantCase(
      testDescription: "a consumer span below the one that is around it", expected: [:],
      spans: [BookedSpan(1), BookedSpan(2, under: 1, kind: .consumer, place: .sameProcess)]),
    InvariantCase(
      testDescription: "three roots", expected: [.severalRoots: 2],
      spans: [BookedSpan(1), BookedSpan(2), BookedSpan(3)]),
    InvariantCase(
      testDescription: "a circle", expected: [.cycle: 1],
      spans: [BookedSpan(1, under: 3), BookedSpan(2, under: 1), BookedSpan(3, under: 2)]),
    InvariantCase(testDescription: "its own parent", expected: [.cycle: 1], spans: [BookedSpan(1, under: 1)]),
    InvariantCase(
      testDescription: "two spans of one ID", expected: [.duplicateSpanID: 1],
      spans: [BookedSpan(1), BookedSpan(2, under: 1), BookedSpan(2, "other", under: 1)]),
    InvariantCase(
      testDescription: "a child before its parent", expected: [.outsideParent: 1],
      spans: [
        BookedSpan(1, start: 2000).changed { $0.end = 3_000_000 },
        BookedSpan(2, under: 1, start: 1000, place: .sameProcess).changed { $0.end = 2_000_000 },
      ]),
    InvariantCase(
      testDescription: "an end before the start", expected: [.endsBeforeStart: 1],
      spans: [BookedSpan(1).changed { $0.end = 9999 }]),
    InvariantCase(
      testDescription: "no end", expected: [.noTime: 1], spans: [BookedSpan(1).changed { $0.end = 0 }]),
    InvariantCase(
      testDescription: "no kind", expected: [.unspecifiedKind: 1], spans: [BookedSpan(1, kind: .unspecified)]),
    InvariantCase(
      testDescription: "a server span below a local one", expected: [.entryWithLocalParent: 1],
      spans: [BookedSpan(1), BookedSpan(2, under: 1, kind: .server, place: .sameProcess)]),
  ]
}

/// A book, and what is put into it.
private struct Shelf: ~Copyable {
  var book: TraceBook
  var now = Instant(nanoseconds: 1_000_000_000)
  private var names: [String] = []

  init(memory: Int = 64 << 20, trees: Int = 0) {
    book = TraceBook(settleTime: .seconds(5), memory: memory, trees: trees)
    book.take(SpanBatch(spans: [], newNames: [], newServices: [(0, "shop"), (1, "bank")], receivedAt: now))
  }

  mutating func add(_ spans: [BookedSpan], trace: UInt64 = 1, high: UInt64 = 1) {
    var newNames: [(index: NameIndex, text: String)] = []
    let observations = spans.map { span in
      let index = names.firstIndex(of: span.name) ?? names.count
      if index == names.count {
        names.append(span.name)
        newNames.append((NameIndex(UInt32(index)), span.name))
      }
      let flags: UInt32 = span.place == .unknown ? 0 : span.place == .sameProcess ? 0x100 : 0x300
      return SpanObservation(
        traceID: TraceID(high: high, low: trace), spanID: SpanID(span.id), parentID: SpanID(span.parent),
        start: span.start, end: span.end, name: NameIndex(UInt32(index)), service: span.service, kind: span.kind,
        status: .unset, flags: flags)
    }
    book.take(SpanBatch(spans: observations, newNames: newNames, newServices: [], receivedAt: now))
  }

  /// What is found once everything was quiet.
  mutating func findings() -> [InvariantFinding] {
    now = now.advanced(byNanoseconds: 60_000_000_000)
    book.finish(at: now)
    return book.findings
  }
}
