import ArgumentParser
import CLinux
import Foundation
import OTLPCollector
import Observations
import Synchronization
import Timing
import TraceContext
import Verification

/// The collector with the verifier behind it, on one event loop, as one exporter keeps it busy.
struct CollectorBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collector",
    abstract: "Sends distinct spans to the collector; prints what each costs to receive, decode, index and verify.",
    discussion: """
      One connection sends bodies of 512 spans, 128 traces of 4, one request after the other, from a process of its \
      own on another processor. CPU is that of the collector's whole process, kernel included, without what the facts \
      cost the verifier, which no exporter brings.
      """)

  @Option(help: "Spans of each run (repeatable).") var spans: [Int] = [10_000, 100_000, 1_000_000, 10_000_000]
  @Option(help: "How they are sent (repeatable): protobuf, grpc, gzip, json.") var transport: [SpanTransport] = []
  @Flag(help: "Spans have six attributes and a link; each run is made unwatched, then with two of them and it watched.")
  var watch = false

  func run() throws {
    _ = linux_pin_thread(linux_nth_processor(1))
    print(
      column("", width: 10) + column("spans", width: 12) + column("ns/span") + column("M spans/s a core", width: 18)
        + column("in flight", width: 12) + column("MiB resident", width: 14) + column("bytes/span in flight", width: 22)
    )
    for transport in transport.isEmpty ? SpanTransport.allCases : transport {
      for count in spans {
        try run(transport, count, SpanWatch())
        if watch { try run(transport, count, SpanBodies.watch) }
      }
    }
  }

  /// - Parameter spanWatch: what is told of spans beyond what is always told.
  private func run(_ transport: SpanTransport, _ count: Int, _ spanWatch: SpanWatch) throws {
    let judge = Mutex(try JudgeOfTheBenchmark())
    var configuration = Collector.Configuration()
    configuration.watch = spanWatch
    let collector = try Collector.start(configuration) { batch in
      judge.withLock { $0.take(batch) }
      return true
    }
    defer { collector.stop() }
    let sender = Process()
    sender.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    sender.arguments =
      [
        "send-spans", "--port", String(collector.port), "--transport", transport.rawValue, "--spans", String(count),
      ] + (watch ? ["--rich"] : [])
    try sender.run()
    sender.waitUntilExit()
    guard sender.terminationStatus == 0 else { throw BenchmarkFault(description: "the sender failed") }
    let outcome = judge.withLock { $0.finish() }
    let cost =
      Double(processNanoseconds() - outcome.startNanoseconds - outcome.factNanoseconds)
      / Double(outcome.spans - SpanBodies.spansOfBody)
    guard outcome.complete == outcome.spans / SpanBodies.spansOfTrace else {
      throw BenchmarkFault(description: "\(outcome.complete) traces complete of \(outcome.spans) spans")
    }
    print(
      column(spanWatch.isEmpty ? transport.rawValue : "+ watch", width: 10, isLeft: true)
        + column(Double(outcome.spans), 0, width: 12)
        + column(cost, 0) + column(1000 / cost, 2, width: 18) + column(Double(outcome.inFlight), 0, width: 12)
        + column(Double(outcome.resident) / 1_048_576, 0, width: 14)
        + column(Double(outcome.resident - outcome.base) / Double(max(outcome.inFlight, 1)), 0, width: 22))
  }

}

/// CPU time of this process.
private func processNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Int64(time.tv_sec) * nanosecondsPerSecond + Int64(time.tv_nsec)
}

/// The verifier behind the collector, and the facts that its messages were sent.
private struct JudgeOfTheBenchmark: ~Copyable {
  struct Outcome {
    var spans = 0
    var complete = 0
    var inFlight = 0
    /// At most.
    var resident: Int64 = 0
    /// Resident once the first batch was taken, and what is remembered of the last settled messages.
    var base: Int64 = 0
    var factNanoseconds: Int64 = 0
    /// CPU time of the process once the first batch was taken: it began with starting the sender.
    var startNanoseconds: Int64 = 0
  }

  private let load = MadeUpLoad(members: 1, seed: 1, hasEcho: false)
  private var verifier: Verifier
  private var outcome = Outcome()
  private var nextSweep = Instant.now

  init() throws {
    verifier = Verifier(try load.scenario(), identities: load.identities)
  }

  mutating func take(_ batch: SpanBatch) {
    let first = outcome.spans / SpanBodies.spansOfTrace
    outcome.spans += batch.spans.count
    let start = Instant.now
    let facts = load.facts(of: first..<outcome.spans / SpanBodies.spansOfTrace, at: start)
    verifier.take(.facts(ObservationBatch(observations: facts)))
    let now = Instant.now
    outcome.factNanoseconds += now - start
    verifier.take(.spans(batch))
    if first == 0 {
      outcome.base = linux_resident_bytes(0)
      outcome.factNanoseconds = 0
      outcome.startNanoseconds = processNanoseconds()
    }
    guard now >= nextSweep else { return }
    nextSweep = now.advanced(byNanoseconds: 100_000_000)
    outcome.inFlight = max(outcome.inFlight, verifier.pending * SpanBodies.spansOfTrace)
    verifier.advance(to: now)
    outcome.resident = max(outcome.resident, linux_resident_bytes(0))
  }

  mutating func finish() -> Outcome {
    let settled = outcome.spans / SpanBodies.spansOfTrace - verifier.pending
    outcome.base += Int64(min(settled * Verifier.rowBytes, Verifier.rememberedBytes))
    outcome.inFlight = max(outcome.inFlight, verifier.pending * SpanBodies.spansOfTrace)
    outcome.resident = max(outcome.resident, linux_resident_bytes(0))
    verifier.advance(to: Instant.now.advanced(byNanoseconds: 60 * nanosecondsPerSecond))
    outcome.complete = verifier.finish(droppedDeliveries: 0, collector: CollectorBooks()).tallies.tracesComplete
    return outcome
  }
}
