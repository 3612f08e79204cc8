import Observations
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("The memory of shared traces")
struct SharedBoundsTests {
  @Test("holds no link once its message is settled, however long the server's own trace goes on")
  func links() throws {
    var run = MadeUpRun(try ModeScenario.make("fresh", entry: "link", echo: "new"))
    let trace = TraceID(high: 3, low: 3)
    for round in 0..<20 {
      for _ in 0..<50 {
        var exchange = run.work()
        (exchange.spanTrace, exchange.isInSharedTrace) = (trace, true)
        exchange.spans[0].parent = 0xffff_0001
        exchange.spans[0].links = [exchange.traceID]
        exchange.changeEchoes { $1.traceID = trace }
        run.addSent(exchange)
        run.addEchoes(exchange)
        run.addSpans(exchange)
      }
      run.deliver()
      run.pass(seconds: 8)
      #expect(run.verifier.shared.linkedCount <= 50, "round \(round)")
    }
    #expect(run.verdict(collector: .lossless).tallies.tracesComplete == 1000)
    #expect(run.verifier.shared.linkedCount == 0)
  }

  @Test("is given back by links that lead nowhere, once their trace is quiet")
  func linksToNobody() throws {
    var run = MadeUpRun(try ModeScenario.make("connection", entry: "link", echo: "new"))
    let ours = run.identities.traceID(ofConnection: 0)
    for number in 1...5000 {
      var span = MadeUpSpan(
        id: UInt64(number), parent: 0, name: "receive", kind: .server, start: 1, end: 2)
      span.furtherLinks = [SpanDetail.SpanLink(traceID: ours, spanID: SpanID(UInt64(number) << 20))]
      run.addSpan(run.observation(span, in: TraceID(high: 2, low: UInt64(number % 7) + 1)))
    }
    run.deliver()
    #expect(run.verifier.shared.linkedCount == 5000)
    for _ in 0..<3 { run.pass(seconds: 60) }
    #expect(run.verifier.shared.linkedCount == 0)
    #expect(run.verifier.shared.count == 0)
    #expect(run.verifier.spans.inUse == 0)
  }

  @Test("holds no trace for a message that is settled already")
  func lateBinding() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange(MadeUpScenario.bare)
    let echoes = exchange.echoes
    exchange.echoes = []
    run.add(exchange)
    run.deliver()
    run.pass(seconds: 60)
    exchange.echoes = echoes
    run.addEchoes(exchange)
    run.deliver()
    #expect(run.verifier.bound.isEmpty)
  }

  @Test("of settled spans is that of the latest")
  func settledSpans() {
    var settled = SettledSpans()
    func key(_ number: Int) -> SpanKey { SpanKey(traceID: TraceID(high: 1, low: 1), spanID: UInt64(number)) }
    for number in 0..<(SettledSpans.limit + 10) {
      settled.add(key(number), of: MessageIdentity(shard: 0, sequence: UInt32(number)))
      settled.add(key(number), of: MessageIdentity(shard: 1, sequence: UInt32(number)))
    }
    #expect(settled[key(9)] == nil)
    #expect(settled[key(10)] == MessageIdentity(shard: 1, sequence: 10))
    #expect(settled[key(SettledSpans.limit + 9)] != nil)
  }

  @Test("gives one message no more of a shared trace than it would have of its own")
  func endlessMessage() throws {
    var run = MadeUpRun(try ModeScenario.make("connection"))
    var exchange = run.workInConnection()
    let entry = exchange.spans[0]
    for _ in 0..<10_000 {
      exchange.spans.append(
        MadeUpSpan(
          id: run.freshSpanID(), parent: entry.id, name: "more", kind: .internal, start: entry.start, end: entry.end))
    }
    run.add(exchange)
    run.add(run.workInConnection())
    let verdict = run.verdict()
    #expect(verdict.counts == [.unexpectedSpan: 1])
    #expect(verdict.tallies.tracesComplete == 1)
    #expect(verdict.tallies.spansDropped == 10_003 - (4096 + 4 * 3))
    #expect(run.verifier.spans.inUse == 0)
  }
}
