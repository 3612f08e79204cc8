import Observations
import Scenarios
import TestInputs
import Testing
import TraceContext

@testable import Verification

@Suite("The quick look at a trace")
struct TraceFitTests {
  @Test("takes every right trace for right, in any order of arrival", arguments: 0..<50)
  func rightTraces(seed: Int) throws {
    var dice = Dice(seed: UInt64(seed))
    var bench = try TraceBench(MadeUpScenario.make())
    for type in [MadeUpScenario.chat, MadeUpScenario.typing, MadeUpScenario.silent] {
      var exchange = bench.run.exchange(type, members: dice.below(5))
      exchange.spans.shuffle(using: &dice)
      let (fits, judgement) = bench.judge(exchange)
      #expect(fits, "seed \(seed), type \(type)")
      #expect(judgement.isComplete && judgement.findings.isEmpty)
    }
  }

  @Test("never takes for right what the judge does not", arguments: 0..<100)
  func damagedTraces(seed: Int) throws {
    var dice = Dice(seed: UInt64(seed))
    var bench = try TraceBench(MadeUpScenario.make())
    var fitting = 0
    for _ in 0..<40 {
      var exchange = bench.run.exchange(UInt8(dice.below(4)), members: dice.below(4))
      exchange.damage(&dice)
      let (fits, judgement) = bench.judge(exchange)
      if fits { fitting += 1 }
      #expect(!fits || judgement.isComplete && judgement.findings.isEmpty, "seed \(seed)")
    }
    #expect(fitting > 0, "seed \(seed): no trace was left whole, so that nothing was compared")
  }

  @Test("tells spans of one name apart by what is above them")
  func repeatedNames() throws {
    var bench = try TraceBench(MadeUpScenario.withRepeatedNames())
    let exchange = bench.run.exchange(0, members: 0, shape: SpanShape.repeatedNames)
    let (fits, judgement) = bench.judge(exchange)
    #expect(fits)
    #expect(judgement.isComplete && judgement.findings.isEmpty)
  }

  @Test("holds a trace of 20,000 spans, in a chain and in a circle")
  func deepTraces() throws {
    var bench = try TraceBench(MadeUpScenario.make())
    var exchange = bench.run.exchange(MadeUpScenario.silent)
    let entry = exchange.spans[0]
    for index in 1..<20_000 {
      var span = entry
      span.id = entry.id &+ UInt64(index)
      span.parent = span.id &- 1
      exchange.spans.append(span)
    }
    #expect(!bench.judge(exchange).fits)
    exchange.spans[0].parent = exchange.spans[19_999].id
    #expect(!bench.judge(exchange).fits)
  }
}

@Suite("Rows that are handed out")
struct PoolTests {
  @Test("are as small as their documentation says")
  func sizes() {
    #expect(MemoryLayout<SpanRow>.stride == 48)
    #expect(MemoryLayout<MessageRow>.stride == 120)
  }

  @Test("are taken again once they were given back, and hold what was put in", arguments: 0..<20)
  func reuse(seed: Int) {
    var dice = Dice(seed: UInt64(seed))
    var pool = Pool<CopyRow>()
    var expected: [Int32: UInt64] = [:]
    var most = 0
    for _ in 0..<30_000 {
      if dice.below(5) < 2, let index = expected.keys.first {
        #expect(pool[index].parentID == expected.removeValue(forKey: index))
        pool.remove(index)
      } else {
        let value = dice.next()
        expected[pool.add(CopyRow(parentID: value, at: .never, connection: 0, next: -1, echoClass: .continued))] = value
        most = max(most, expected.count)
      }
    }
    #expect(pool.inUse == expected.count)
    #expect(pool.capacity == most)
    for (index, value) in expected { #expect(pool[index].parentID == value) }
  }
}

/// What judges a trace, without the rest of the verifier.
private struct TraceBench: ~Copyable {
  var run: MadeUpRun
  private var pool = Pool<SpanRow>()
  private var trace = GatheredTrace<SpanRow>()
  private var fit = TraceFit()
  private var slow = TraceJudge()

  init(_ scenario: Scenario) { run = MadeUpRun(scenario) }

  mutating func judge(_ exchange: Exchange) -> (fits: Bool, judgement: TraceJudge.Judgement) {
    var row = MessageRow()
    for span in exchange.spans {
      let observation = run.observation(span, in: exchange.traceID)
      row.firstSpan = pool.add(SpanRow(observation, next: row.firstSpan))
      row.spanCount += 1
    }
    run.verifier.take(run.announcement)
    let clientSpan = exchange.clientSpan.rawValue
    let rules = run.verifier.rules[Int(exchange.type)]
    trace.gather(first: row.firstSpan, count: Int(row.spanCount), from: pool, clientSpan: clientSpan)
    let owner = TraceOwner(
      connection: exchange.connection, members: exchange.members, traceID: exchange.traceID, clientSpan: clientSpan)
    let fits = fit.fits(trace, rules, for: owner, run.verifier.names, &run.verifier.inspector)
    let judgement = slow.judge(
      trace, rules, for: owner, isTruncated: false, run.verifier.names, &run.verifier.inspector)
    return (fits, judgement)
  }
}

extension Exchange {
  /// Changes up to three things, or none.
  fileprivate mutating func damage(_ dice: inout Dice) {
    for _ in 0..<dice.below(4) where !spans.isEmpty {
      let index = dice.below(spans.count)
      switch dice.below(6) {
      case 0: spans[index].parent = dice.pick(spans.map(\.id) + [clientSpan.rawValue, 7])
      case 1: spans[index].name = dice.pick(spans.map(\.name) + ["?"])
      case 2: spans[index].kind = dice.pick(SpanKind.allCases)
      case 3: spans.remove(at: index)
      case 4: spans.append(spans[index])
      default:
        var other = spans[index]
        other.id ^= 0xffff_0000
        spans.append(other)
      }
    }
  }
}
