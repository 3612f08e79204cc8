import Observations
import Testing
import TraceContext

@testable import Verification

@Suite("Lost telemetry")
struct LossTests {
  @Test(
    "is never a finding, whichever spans are lost",
    arguments: [
      ("typing, one receiver", MadeUpScenario.typing, 1), ("typing, two receivers", MadeUpScenario.typing, 2),
      ("chat, one receiver", MadeUpScenario.chat, 1),
    ])
  func everySubset(_ label: String, type: UInt8, members: Int) throws {
    var run = try MadeUpRun()
    let count = run.exchange(type, members: members).spans.count
    for kept in 0..<(1 << count) {
      var exchange = run.exchange(type, members: members)
      exchange.spans = exchange.spans.indices.filter { kept >> $0 & 1 == 1 }.map { exchange.spans[$0] }
      run.add(exchange)
    }
    let verdict = run.verdict()
    #expect(verdict.counts == [:], "\(verdict.findings.first?.evidence ?? [])")
    #expect(verdict.outcome == .inconclusive)
    let tallies = verdict.tallies
    #expect(tallies.tracesUnseen == 1)
    // The optional part is there whole or not at all.
    #expect(tallies.tracesComplete == (type == MadeUpScenario.chat ? 2 : 1))
    #expect(tallies.tracesComplete + tallies.tracesPartial + tallies.tracesUnseen == 1 << count)
  }

  @Test("is never a finding where a name stands at several places, either")
  func everySubsetOfRepeatedNames() throws {
    var run = MadeUpRun(try MadeUpScenario.withRepeatedNames())
    let count = 10
    for kept in 0..<(1 << count) {
      var exchange = run.exchange(members: 0, shape: SpanShape.repeatedNames)
      #expect(exchange.spans.count == count)
      exchange.spans = exchange.spans.indices.filter { kept >> $0 & 1 == 1 }.map { exchange.spans[$0] }
      run.add(exchange)
    }
    let verdict = run.verdict()
    #expect(verdict.counts == [:], "\(verdict.findings.first?.evidence ?? [])")
    #expect(verdict.tallies.tracesComplete == 2)
    #expect(verdict.tallies.tracesUnseen == 1)
  }

  @Test("makes no orphan of a span below a lost optional one")
  func lostOptionalParent() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    exchange.drop("chat.queue_background_task")
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == [:])
    #expect(verdict.tallies.tracesPartial == 1)
  }

  @Test(
    "leaves the optional part its choice: whole, absent or partial",
    arguments: [
      ("whole", [], true),
      ("absent", ["chat.queue_background_task", "chat.process_message_background", "chat.analyze_sentiment"], true),
      ("without its leaf", ["chat.analyze_sentiment"], false),
      ("only its top", ["chat.process_message_background", "chat.analyze_sentiment"], false),
      ("without its middle", ["chat.process_message_background"], false),
    ] as [(String, [String], Bool)])
  func optionalPart(_ label: String, dropped: [String], isComplete: Bool) throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    for name in dropped { exchange.drop(name) }
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == [:])
    #expect(verdict.tallies.tracesComplete == (isComplete ? 1 : 0))
    #expect(verdict.tallies.tracesPartial == (isComplete ? 0 : 1))
  }

  @Test("does not hide a span at the wrong place")
  func positiveEvidence() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    let above = try #require(exchange.first("chat.broadcast_message")).id
    exchange.change("websocket.send") { $0.parent = above }
    exchange.drop("chat.save_message")
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == [.wrongParent: 1])
    #expect(verdict.tallies.tracesBroken == 1)
  }

  @Test("leaves an orphan and an echo without span unjudged", arguments: ["orphan", "echo"])
  func judgedOnlyWhenNothingIsMissing(_ label: String) throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    if label == "orphan" { exchange.change("websocket.send") { $0.parent = 0xdead } }
    if label == "echo" { exchange.changeEchoes { _, traceparent in traceparent.parentID.rawValue += 0x1000_0000 } }
    exchange.drop("chat.save_message")
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == [:])
    #expect(verdict.tallies.tracesPartial == 1)
    #expect(verdict.outcome == .inconclusive)
  }

  @Test("makes no orphan of a span whose parent nobody expected, though every expected span is there")
  func unexpectedParent() throws {
    for books in [CollectorBooks(), .lossless] {
      var run = try MadeUpRun()
      var exchange = run.exchange()
      var span = exchange.spans[0]
      span.id = run.freshSpanID()
      span.parent = 0xdead
      span.name = "worker.task"
      exchange.spans.append(span)
      run.add(exchange)
      let verdict = run.verdict(collector: books)
      #expect(verdict.counts == (books.exporters.isEmpty ? [:] : [.orphanSpan: 1]))
      #expect(verdict.outcome == (books.exporters.isEmpty ? .inconclusive : .fail))
    }
  }

  @Test("is told by the names of what is missing most often")
  func missingNames() throws {
    var run = try MadeUpRun()
    for number in 0..<3 {
      var exchange = run.exchange()
      exchange.drop("chat.save_message")
      if number == 0 { exchange.drop("chat.send_broadcast") }
      run.add(exchange)
    }
    let reason = try #require(run.verdict().reasons.first)
    #expect(reason.hasSuffix("most often missing: 'chat.save_message' (3), 'chat.send_broadcast' (1)"))
  }

  @Test("of names makes nothing of the spans that have them")
  func lostNames() throws {
    var run = try MadeUpRun()
    let exchange = run.exchange()
    let leaf = exchange.spans.count - 1
    for index in exchange.spans.indices {
      var span = run.observation(exchange.spans[index], in: exchange.traceID)
      if index.isMultiple(of: 3) || index == leaf {
        span.name = index.isMultiple(of: 2) ? .overflow : NameIndex(70_000)
      }
      run.addSpan(span)
    }
    run.addSent(exchange)
    run.addEchoes(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == [:], "\(verdict.findings)")
    #expect(verdict.tallies.tracesPartial == 1)
  }

  @Test("of a delivery of facts leaves its messages out, and nothing in memory")
  func lostFacts() throws {
    var run = try MadeUpRun()
    for number in 0..<5000 {
      let exchange = run.exchange(MadeUpScenario.typing, members: 1)
      if number < 2000 { run.addSpans(exchange) } else { run.add(exchange) }
    }
    run.deliver()
    run.pass(seconds: 60)
    #expect(run.verifier.pending == 0)
    #expect(run.verifier.spans.inUse == 0)
    let verdict = run.verdict(droppedDeliveries: 2)
    #expect(verdict.counts == [:])
    #expect(verdict.outcome == .inconclusive)
    #expect(verdict.tallies.messagesSent == 3000)
    #expect(verdict.tallies.spansForgotten == 2000 * 4)
  }

  @Test("is told from a trace that the server restarted")
  func restartedTraces() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    exchange.spans = []
    exchange.changeEchoes { _, traceparent in traceparent.traceID = TraceID(high: 5, low: 5) }
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == [.traceRestarted: 1])
    #expect(verdict.tallies.tracesBroken == 1)
    #expect(verdict.tallies.tracesIncomplete == 0)
  }
}
