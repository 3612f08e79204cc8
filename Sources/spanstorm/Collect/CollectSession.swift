import CLinux
import Glibc
import OTLPCollector
import Observations
import Reporting
import Scenarios
import Timing
import Verification

/// The collector alone: takes what comes until it is told to end, and shows a line a second meanwhile.
struct CollectSession: ~Copyable {
  private let start = Instant.now
  private let queue: ObservationQueue
  private let collector: Collector
  private var book: TraceBook
  private var journal: SpanJournal?
  private var line = CollectLine()
  /// Takes trees, and the addresses at the beginning.
  private let show: (String) -> Void

  /// - Parameter show: takes trees as they settle, and first the addresses.
  /// - Throws: an exit status; everything that can be told has been.
  init(
    _ configuration: Collector.Configuration, settle: Duration, memory: Int, trees: Int, journal path: String?,
    show: @escaping (String) -> Void
  ) throws {
    self.show = show
    var settings = CollectorSettings.standard
    settings.memory = memory
    let queue = ObservationQueue(spanCapacity: settings.waitingSpanLimit)
    self.queue = queue
    book = TraceBook(settleTime: settle, memory: settings.keptBytes, trees: trees)
    do {
      journal = try path.map { try SpanJournal(path: $0) }
    } catch {
      complain("error: '\(path ?? "")' cannot be written")
      throw ExitStatus.usage.code
    }
    do {
      collector = try Collector.start(configuration) { queue.offer($0) }
    } catch {
      complain("error: \(error); is another collector there? '--port 0' takes any free port")
      throw ExitStatus.usage.code
    }
    let scheme = configuration.tls == nil ? "http" : "https"
    let ports = [collector.port, collector.grpcPort].compactMap(\.self)
    for port in ports { show("listening \(scheme)://\(configuration.host):\(port)\n") }
  }

  /// Until the time is over, or a signal comes; and judges then what still waits.
  mutating func run(for duration: Duration?) -> CollectionReport {
    let end = duration.map { start.advanced(byNanoseconds: $0.clampedNanoseconds) }
    while Interruption.times == 0 {
      let now = Instant.now
      if let end, now >= end { break }
      take(queue.takeAll(waitingAtMostMilliseconds: 50) ?? [])
      book.advance(to: now)
      showTrees()
      if line.isDue(now) { line.show(collector.books, book.counts) }
    }
    collector.stop()
    queue.finish()
    while let deliveries = queue.takeAll(waitingAtMostMilliseconds: 0) { take(deliveries) }
    book.finish(at: .now)
    line.end()
    showTrees()
    return CollectionReport(
      seconds: Double(Instant.now - start) / Double(nanosecondsPerSecond), books: collector.books,
      traces: book.counts, findings: book.findings)
  }

  private mutating func take(_ deliveries: [Delivery]) {
    for case .spans(let batch) in deliveries {
      book.take(batch)
      journal?.write(batch)
    }
  }

  private mutating func showTrees() {
    let trees = book.takeTrees()
    guard !trees.isEmpty else { return }
    line.end()
    for tree in trees { show(CollectionReport.printable(tree)) }
  }
}

/// What a person sees while spans come: spans a second, traces, exporters.
private struct CollectLine {
  private var live = LiveLine()
  private var next = Instant.now
  private var lastSpans = 0
  private var lastShown = Instant.now

  func isDue(_ now: Instant) -> Bool { now >= next }

  mutating func show(_ books: CollectorBooks, _ traces: TraceBook.Counts) {
    let now = Instant.now
    let seconds = Double(max(now - lastShown, 1)) / Double(nanosecondsPerSecond)
    let rate = Int(Double(traces.spans - lastSpans) / seconds)
    let isIdle = traces.spans == lastSpans
    lastShown = now
    lastSpans = traces.spans
    // Where nothing comes, a log wants no line a second.
    next = now.advanced(byNanoseconds: isIdle && !live.isTerminal ? 10 * nanosecondsPerSecond : nanosecondsPerSecond)
    let refused = books.counts.refusedRequests > 0 ? ", \(books.counts.refusedRequests) requests refused" : ""
    let line =
      "\(rate) spans/s; \(traces.spans) spans, \(traces.traces) traces (\(traces.openTraces) open), "
      + "\(books.exporters.count) exporters\(refused), \(linux_resident_bytes(0) >> 20) MiB resident"
    live.show(line)
  }

  /// Ends the live line.
  mutating func end() { live.end() }
}
