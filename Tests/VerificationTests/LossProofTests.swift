import Observations
import Testing

@testable import Verification

@Suite("The proof that nothing was lost")
struct LossProofTests {
  @Test("falls with each doubt alone", arguments: DoubtCase.all)
  func doubts(_ example: DoubtCase) {
    var (books, tallies) = (CollectorBooks.lossless, Tallies())
    example.change(&books, &tallies)
    let proof = LossProof(books, tallies, droppedDeliveries: example.droppedDeliveries)
    #expect(proof.doubts.count == example.doubts.count, "\(proof.doubts)")
    for (doubt, part) in zip(proof.doubts, example.doubts) { #expect(doubt.contains(part)) }
    #expect(proof.isLossless == example.doubts.isEmpty)
  }

  @Test(
    "needs a count from after the load",
    arguments: [("before", UInt64(4), false), ("then", 3, true), ("unknown", nil, true)]
      as [(String, UInt64?, Bool)])
  func lateCount(_ label: String, activeUntil: UInt64?, isLossless: Bool) {
    let proof = LossProof(.lossless, Tallies(), droppedDeliveries: 0, activeUntil: activeUntil)
    #expect(proof.isLossless == isLossless, "\(proof.doubts)")
  }

  @Test("does not hold the telemetry of a message without echo against a server that ended its connection")
  func endedConnections() throws {
    for cause in [CloseCause.server, .ours] {
      var run = try MadeUpRun()
      run.add(run.exchange())
      var exchange = run.exchange(MadeUpScenario.silent)
      exchange.spans = []
      run.add(exchange)
      run.addFact(.closed(Observation.Closed(connection: 0, at: run.now, cause: cause, code: 1001)))
      #expect(run.verdict(collector: .lossless).counts == (cause == .ours ? [.traceNotExported: 1] : [:]))
    }
  }

  @Test("decides whether what is missing is a finding, and how it is counted", arguments: [true, false])
  func suspicions(isLossless: Bool) throws {
    var run = try MadeUpRun()
    run.add(run.exchange())
    var partial = run.exchange()
    partial.drop("chat.save_message")
    run.add(partial)
    var unseen = run.exchange()
    unseen.spans = []
    run.add(unseen)
    // Whether the server got this one nobody knows.
    var unanswered = run.exchange()
    (unanswered.spans, unanswered.echoes) = ([], [])
    run.add(unanswered)
    let verdict = run.verdict(collector: isLossless ? .lossless : CollectorBooks())
    let found: [FindingKind: Int] = isLossless ? [.missingSpan: 1, .traceNotExported: 1] : [:]
    #expect(verdict.counts == found.merging([.copyLost: 1]) { $1 })
    #expect(verdict.tallies.tracesBroken == (isLossless ? 2 : 0))
    #expect(verdict.tallies.tracesPartial == (isLossless ? 0 : 1))
    #expect(verdict.tallies.tracesUnseen == (isLossless ? 1 : 2))
    let evidence = verdict.findings.first { $0.kind == .missingSpan }?.evidence.first
    if isLossless { #expect(evidence?.tree.isEmpty == false && evidence?.expectedTree.isEmpty == false) }
  }
}

/// What happened besides, and the doubts that it makes.
struct DoubtCase: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var doubts: [String]
  var droppedDeliveries: UInt64 = 0
  var change: @Sendable (inout CollectorBooks, inout Tallies) -> Void = { _, _ in }

  private static func reading(_ name: String, _ value: Int64, _ attributes: [String: String] = [:]) -> MetricSeries {
    MetricSeries(
      exporter: 0, scope: "sdk", name: name, unit: "{span}", attributes: attributes, start: 2, time: 3,
      reading: .sum(.int(value), isMonotonic: true))
  }

  static let all = [
    DoubtCase(testDescription: "none", doubts: []),
    DoubtCase(
      testDescription: "an exporter of whose spans none came", doubts: ["'lost/2' lost 5 spans"]
    ) { books, _ in
      books.exporters.append(ExporterBooks(service: "lost", instance: "2"))
      var started = reading("otel.sdk.span.started", 5)
      started.exporter = 1
      books.series.append(started)
    },
    DoubtCase(
      testDescription: "spans that came after the last count",
      doubts: ["counted its spans last before the load was over"]
    ) { books, _ in
      books.exporters[0].spans += 1
    },
    DoubtCase(testDescription: "no exporter", doubts: ["no exporter has sent spans"]) { books, _ in
      books = CollectorBooks()
    },
    DoubtCase(testDescription: "no metrics", doubts: ["no metrics of its SDK"]) { books, _ in books.series = [] },
    DoubtCase(testDescription: "a second exporter without metrics", doubts: ["'worker' sends no metrics"]) { books, _ in
      var other = ExporterBooks(service: "worker", instance: "")
      other.spans = 1
      books.exporters.append(other)
    },
    DoubtCase(testDescription: "another service, which is not asked for", doubts: []) { books, _ in
      var other = ExporterBooks(service: "worker", instance: "")
      other.spans = 1
      books.exporters.append(other)
      books.services = ["chat"]
    },
    DoubtCase(testDescription: "a span too few", doubts: ["lost 1 spans"]) { books, _ in books.exporters[0].spans = 9099
    },
    DoubtCase(testDescription: "a dropped span", doubts: ["lost 2 spans"]) { books, _ in
      books.series.append(reading("otel.sdk.processor.span.processed", 2, ["error.type": "queue_full"]))
      books.exporters[0].spans = 9098
    },
    DoubtCase(testDescription: "spans that are not exported yet", doubts: ["had not exported 3 spans"]) { books, _ in
      books.series.append(reading("otel.sdk.span.live", 1))
      books.series.append(reading("otel.sdk.processor.span.queue.size", 2))
      books.exporters[0].spans = 9097
    },
    DoubtCase(testDescription: "an exporter that was there before", doubts: ["was there before this tool listened"]) {
      books, _ in books.listeningSince = 10
    },
    DoubtCase(testDescription: "a refused request", doubts: ["refused 1 requests"]) { books, _ in
      books.counts.refusedRequests = 1
    },
    DoubtCase(testDescription: "invalid spans", doubts: ["4 spans had IDs"]) { books, _ in books.counts.invalidSpans = 4
    },
    DoubtCase(testDescription: "spans without room", doubts: ["could not keep 1 spans"]) { $1.spansDropped = 1 },
    DoubtCase(testDescription: "spans of forgotten messages", doubts: ["could not keep 1 spans"]) {
      $1.spansForgotten = 1
    },
    DoubtCase(testDescription: "spans without names", doubts: ["could not keep 1 spans"]) { $1.spansUnnamed = 1 },
    DoubtCase(testDescription: "dropped deliveries", doubts: ["dropped 2 batches"], droppedDeliveries: 2),
  ]
}
