import Observations
import Scenarios
import Testing
import Timing
import TraceContext

@testable import Verification

@Suite("The verdict")
struct VerdictTests {
  @Test("says what was seen, and why", arguments: VerdictCase.all)
  func outcomes(_ example: VerdictCase) throws {
    var run = try MadeUpRun(expect: example.expect)
    if example.isSending { run.add(run.exchange()) }
    example.change(&run)
    var collector = CollectorBooks()
    example.changeBooks(&collector)
    let verdict = run.verdict(droppedDeliveries: example.droppedDeliveries, collector: collector)
    #expect(verdict.outcome == example.outcome, "\(verdict.reasons)")
    #expect(verdict.reasons.count == example.reasons.count, "\(verdict.reasons)")
    for (reason, part) in zip(verdict.reasons, example.reasons) { #expect(reason.contains(part)) }
    #expect((verdict.outcome == .pass) == verdict.reasons.isEmpty)
  }

  @Test("compares each metric with its bound", arguments: ExpectationCase.all)
  func expectations(_ example: ExpectationCase) throws {
    var run = try MadeUpRun(expect: [example.text])
    var stages = StageTimes()
    (stages[.tcp], stages[.proxy], stages[.tls], stages[.upgrade]) = (1_000_000, 500_000, 2_000_000, 500_000)
    run.addFact(.opened(Observation.Opened(connection: 0, at: run.now, stages: stages)))
    run.addFact(.resolved(Observation.Resolved(at: run.now, nanoseconds: 3_000_000)))
    run.addFact(
      .closed(
        Observation.Closed(connection: 0, at: run.now, cause: .ours, code: 1000, closeNanoseconds: 2_500_000)))
    run.addFact(.closed(Observation.Closed(connection: 1, at: run.now, cause: .unanswered, code: 1006)))
    for _ in 0..<9 { run.add(run.exchange()) }
    var last = run.exchange()
    last.echoes.removeLast()
    last.changeEchoes { context, _ in context = .absent }
    last.spans.removeLast(4)
    run.add(last)
    run.addFact(.dropped(Observation.DroppedArrivals(count: 1, due: run.now)))
    run.addFact(.failed(Observation.ConnectionFailed(connection: 5, at: run.now, reason: .timedOut(.upgrade))))
    let judged = try #require(run.verdict().expectations.first)
    #expect(judged.outcome == example.outcome)
    let actual = try #require(judged.actual)
    #expect(abs(actual - example.actual) <= example.actual / 500)
  }

  @Test(
    "leaves an expectation open where nothing was seen",
    arguments: [
      "p99(response-time) < 1s", "propagation == 100%", "complete-traces == 100%",
    ])
  func openExpectations(text: String) throws {
    var run = try MadeUpRun(expect: [text])
    let verdict = run.verdict()
    #expect(verdict.expectations.map(\.outcome) == [.open])
    #expect(verdict.expectations.first?.actual == nil)
    #expect(verdict.outcome == .inconclusive)
  }
}

/// What happened besides one right message, and what it means.
struct VerdictCase: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var outcome: Verdict.Outcome
  /// What each reason says, in order.
  var reasons: [String]
  var expect: [String] = []
  var isSending = true
  var droppedDeliveries: UInt64 = 0
  var change: @Sendable (inout MadeUpRun) -> Void = { _ in }
  var changeBooks: @Sendable (inout CollectorBooks) -> Void = { _ in }

  /// An exporter that says that it started so many spans, and of which so many came.
  private static func addExporter(_ books: inout CollectorBooks, started: Int64, received: UInt64) {
    var exporter = ExporterBooks(service: "chat", instance: "")
    exporter.spans = received
    for number in 0..<9 { exporter.queue.add(batch: 512, age: Int64(number) * 1_000_000_000) }
    books.exporters = [exporter]
    books.series = [
      MetricSeries(
        exporter: 0, scope: "", name: "otel.sdk.span.started", unit: "",
        attributes: ["otel.span.sampling_result": "RECORD_AND_SAMPLE"], start: 2, time: 3,
        reading: .sum(.int(started), isMonotonic: true))
    ]
  }

  private static func addIncomplete(_ run: inout MadeUpRun) {
    var exchange = run.exchange()
    exchange.spans.removeLast()
    run.add(exchange)
  }

  private static func addLoss(_ run: inout MadeUpRun) {
    var exchange = run.exchange()
    exchange.echoes.removeLast()
    run.add(exchange)
  }

  private static func addFailure(_ run: inout MadeUpRun) {
    run.addFact(.failed(Observation.ConnectionFailed(connection: 9, at: run.now, reason: .closedEarly)))
  }

  static let all: [VerdictCase] = [
    VerdictCase(testDescription: "all is well", outcome: .pass, reasons: []),
    VerdictCase(testDescription: "nothing sent", outcome: .inconclusive, reasons: ["no message"], isSending: false),
    VerdictCase(testDescription: "a finding", outcome: .fail, reasons: ["wrong-kind: 1"]) { run in
      var exchange = run.exchange()
      exchange.change("websocket.send") { $0.kind = .server }
      run.add(exchange)
    },
    VerdictCase(
      testDescription: "spans that nobody has an answer for", outcome: .inconclusive,
      reasons: ["'chat' started 100 spans, and 1 of them are lost: 0 dropped by its SDK, 1 unexplained"],
      changeBooks: { addExporter(&$0, started: 100, received: 99) }),
    VerdictCase(
      testDescription: "an exporter that balances, however full its queue was", outcome: .pass, reasons: [],
      changeBooks: { addExporter(&$0, started: 100, received: 100) }),
    VerdictCase(
      testDescription: "an incomplete trace behind a full queue, and requests that found no room",
      outcome: .inconclusive,
      reasons: [
        "1 of 2 traces are incomplete", "1 of them are lost", "queue of 'chat' was probably full",
        "no room for 5 requests",
      ],
      change: addIncomplete,
      changeBooks: {
        addExporter(&$0, started: 101, received: 100)
        $0.counts.pushedBack = 5
      }),
    VerdictCase(
      testDescription: "an incomplete trace of an exporter that lost nothing", outcome: .fail,
      reasons: ["missing-span: 1"], change: addIncomplete,
      changeBooks: { addExporter(&$0, started: 100, received: 100) }),
    VerdictCase(
      testDescription: "an incomplete trace", outcome: .inconclusive, reasons: ["1 of 2 traces are incomplete"],
      change: addIncomplete),
    VerdictCase(
      testDescription: "an incomplete trace within what the author allows", outcome: .pass, reasons: [],
      expect: ["complete-traces >= 50%"], change: addIncomplete),
    VerdictCase(
      testDescription: "an incomplete trace beyond what the author allows", outcome: .inconclusive,
      reasons: ["1 of 2 traces are incomplete"], expect: ["complete-traces >= 51%"], change: addIncomplete),
    VerdictCase(
      testDescription: "complete traces where the author wants few", outcome: .fail,
      reasons: ["expected complete-traces < 50%"], expect: ["complete-traces < 50%"]),
    VerdictCase(
      testDescription: "spans outside of their message, where several processes export", outcome: .inconclusive,
      reasons: ["span-outside-message: 1, but several processes export spans"],
      change: { run in
        for _ in 0..<3 { run.add(run.exchange()) }
        var exchange = run.exchange()
        for index in exchange.spans.indices {
          exchange.spans[index].start += 3_600_000_000_000
          exchange.spans[index].end += 3_600_000_000_000
        }
        run.add(exchange)
      },
      changeBooks: { books in
        addExporter(&books, started: 100, received: 100)
        var other = ExporterBooks(service: "worker", instance: "")
        other.spans = 7
        books.exporters.append(other)
      }),
    VerdictCase(
      testDescription: "a late sender", outcome: .inconclusive,
      reasons: ["sent late in 'steady': send lag p99 60.000 ms, bound 50.000 ms"],
      change: { run in
        var exchange = run.exchange()
        exchange.lagNanoseconds = 60_000_000
        run.add(exchange)
      }),
    VerdictCase(
      testDescription: "a sender late in its warm-up", outcome: .pass, reasons: [],
      change: { run in
        var exchange = run.exchange()
        exchange.lagNanoseconds = 60_000_000
        exchange.isWarmUp = true
        run.add(exchange)
      }),
    VerdictCase(
      testDescription: "a dropped arrival", outcome: .inconclusive, reasons: ["1 messages were due"],
      change: { run in run.addFact(.dropped(Observation.DroppedArrivals(count: 1, due: run.now))) }),
    VerdictCase(
      testDescription: "a dropped delivery", outcome: .inconclusive, reasons: ["7 batches"], droppedDeliveries: 7),
    VerdictCase(
      testDescription: "names beyond the table", outcome: .inconclusive, reasons: ["3 spans had names"]
    ) { run in
      let exchange = run.exchange()
      run.add(exchange)
      for _ in 0..<3 {
        var span = run.observation(exchange.spans[0], in: exchange.traceID)
        span.spanID = SpanID(run.freshSpanID())
        span.name = .overflow
        run.addSpan(span)
      }
    },
    VerdictCase(
      testDescription: "a failed connection", outcome: .fail, reasons: ["1 connections did not open"],
      change: addFailure),
    VerdictCase(
      testDescription: "a failed connection that the author allows", outcome: .pass, reasons: [],
      expect: ["failed-connections <= 1"], change: addFailure),
    VerdictCase(
      testDescription: "a connection that this machine had no port for", outcome: .inconclusive,
      reasons: ["1 connections did not open for want of something on this machine"],
      change: { run in
        // EADDRNOTAVAIL
        run.addFact(.failed(Observation.ConnectionFailed(connection: 5, at: run.now, reason: .system(99))))
      }),
    VerdictCase(
      testDescription: "a lost message", outcome: .fail, reasons: ["copy-lost: 1"], change: addLoss),
    VerdictCase(
      testDescription: "a lost message whose copy may have been in a delivery that was dropped", outcome: .inconclusive,
      reasons: ["copy-lost: 1, but this tool dropped observations", "1 batches"], droppedDeliveries: 1,
      change: addLoss),
    VerdictCase(
      testDescription: "lost messages that may have been in a delivery that was dropped", outcome: .inconclusive,
      reasons: ["expected lost-messages == 0, but this tool dropped observations", "1 batches"],
      expect: ["lost-messages == 0"], droppedDeliveries: 1, change: addLoss),
    VerdictCase(
      testDescription: "a copy that is late although a delivery was dropped", outcome: .fail,
      reasons: ["copy-late: 1", "1 batches"], droppedDeliveries: 1
    ) { run in
      var exchange = run.exchange()
      exchange.echoes[2].afterNanoseconds = 2_000_000_001
      run.add(exchange)
    },
    VerdictCase(
      testDescription: "a lost message that the author allows", outcome: .pass, reasons: [],
      expect: ["lost-messages <= 1"], change: addLoss),
    VerdictCase(
      testDescription: "a lost message while this tool stood still", outcome: .inconclusive,
      reasons: ["copy-lost: 1, but this tool was late itself", "stood still for 2500.000 ms"],
      change: { run in
        addLoss(&run)
        run.addFact(.stalled(Observation.Stalled(nanoseconds: 2_500_000_000, at: run.now)))
      }),
    VerdictCase(
      testDescription: "a lost message while this tool stood still for less than it was waited for", outcome: .fail,
      reasons: ["copy-lost: 1"],
      change: { run in
        addLoss(&run)
        run.addFact(.stalled(Observation.Stalled(nanoseconds: 1_999_999_999, at: run.now)))
      }),
    VerdictCase(
      testDescription: "a late copy while this tool stood still for as long", outcome: .inconclusive,
      reasons: ["copy-late: 1, but this tool was late itself", "stood still for 5.000 ms"],
      change: { run in
        var exchange = run.exchange()
        exchange.echoes[2].afterNanoseconds = 2_005_000_000
        run.add(exchange)
        run.addFact(.stalled(Observation.Stalled(nanoseconds: 5_000_000, at: run.now)))
      }),
    VerdictCase(
      testDescription: "a late copy while this tool stood still for less", outcome: .fail,
      reasons: ["copy-late: 1"],
      change: { run in
        var exchange = run.exchange()
        exchange.echoes[2].afterNanoseconds = 2_005_000_000
        run.add(exchange)
        run.addFact(.stalled(Observation.Stalled(nanoseconds: 4_999_999, at: run.now)))
      }),
    VerdictCase(
      testDescription: "an unmet time while this tool stood still", outcome: .inconclusive,
      reasons: ["expected p50(service-time) < 1ms, but this tool was late itself", "stood still for"],
      expect: ["p50(service-time) < 1ms"],
      change: { run in run.addFact(.stalled(Observation.Stalled(nanoseconds: 2_500_000_000, at: run.now))) }),
    VerdictCase(
      testDescription: "a stall that spoiled nothing", outcome: .pass, reasons: [],
      change: { run in run.addFact(.stalled(Observation.Stalled(nanoseconds: 2_500_000_000, at: run.now))) }),
    VerdictCase(
      testDescription: "an unmet expectation", outcome: .fail, reasons: ["expected p50(service-time) < 1ms"],
      expect: ["p50(service-time) < 1ms"]),
    VerdictCase(
      testDescription: "a failure beside a doubt", outcome: .fail,
      reasons: ["expected p50(service-time) < 1ms", "7 batches"], expect: ["p50(service-time) < 1ms"],
      droppedDeliveries: 7),
    VerdictCase(testDescription: "foreign and unmatched messages", outcome: .pass, reasons: []) { run in
      run.addFact(.foreignEcho(Observation.ForeignEcho(connection: 0, type: 0, at: run.now)))
      run.addFact(.unreadable(Observation.Unreadable(connection: 0, reason: .unmatched, at: run.now)))
    },
  ]
}

/// An expectation and what became of it in a run of ten messages, the last of which went wrong in every way.
struct ExpectationCase: CustomTestStringConvertible, Sendable {
  var text: String
  var actual: Double
  var outcome: JudgedExpectation.Outcome
  var testDescription: String { text }

  static let all = [
    ExpectationCase(text: "p50(service-time) <= 11ms", actual: 10_000_000, outcome: .met),
    ExpectationCase(text: "max(response-time) < 10ms", actual: 10_001_000, outcome: .unmet),
    ExpectationCase(text: "p99(send-lag) < 1ms", actual: 1000, outcome: .met),
    ExpectationCase(text: "p50(connect-time) > 5ms", actual: 4_000_000, outcome: .unmet),
    ExpectationCase(text: "p99(dns-time) < 1ms", actual: 3_000_000, outcome: .unmet),
    ExpectationCase(text: "p99(tcp-time) <= 2ms", actual: 1_000_000, outcome: .met),
    ExpectationCase(text: "p99(proxy-time) <= 1ms", actual: 500_000, outcome: .met),
    ExpectationCase(text: "p99(tls-time) <= 3ms", actual: 2_000_000, outcome: .met),
    ExpectationCase(text: "max(upgrade-time) <= 2ms", actual: 500_000, outcome: .met),
    ExpectationCase(text: "max(close-time) < 1ms", actual: 2_500_000, outcome: .unmet),
    ExpectationCase(text: "propagation >= 93%", actual: 27.0 / 29 * 100, outcome: .met),
    ExpectationCase(text: "propagation == 100%", actual: 27.0 / 29 * 100, outcome: .unmet),
    ExpectationCase(text: "complete-traces == 90%", actual: 90, outcome: .met),
    ExpectationCase(text: "lost-messages == 0", actual: 1, outcome: .unmet),
    ExpectationCase(text: "lost-copies <= 1", actual: 1, outcome: .met),
    ExpectationCase(text: "duplicate-copies == 0", actual: 0, outcome: .met),
    ExpectationCase(text: "failed-connections == 0", actual: 1, outcome: .unmet),
    ExpectationCase(text: "unanswered-closes == 0", actual: 1, outcome: .unmet),
    ExpectationCase(text: "lost-connections == 0", actual: 0, outcome: .met),
    ExpectationCase(text: "dropped-arrivals < 1", actual: 1, outcome: .unmet),
  ]
}
