import Foundation
import OTLPCollector
import Observations
import Reactor
import Synchronization
import Testing
import TraceContext

@testable import ReferenceServer

/// A span by its names: what it is and what hangs below it.
struct NamedSpan: Hashable, Comparable {
  var name: String
  var kind: SpanKind
  var isError = false
  var isRemote = false
  var children: [NamedSpan] = []

  init(_ name: String, _ kind: SpanKind = .internal, isRemote: Bool = false, _ children: [NamedSpan] = []) {
    self.name = name
    self.kind = kind
    self.isRemote = isRemote
    self.children = children.sorted()
  }

  static func < (left: NamedSpan, right: NamedSpan) -> Bool { "\(left)" < "\(right)" }
}

/// The reference server on a thread of its own, exporting to a real collector.
final class ServedChat {
  let port: UInt16
  let exporter: SpanExporter
  private let collector: Collector
  private let batches: Batches
  private let stopping: Flag
  private let finished = DispatchSemaphore(value: 0)
  private var isStopped = false

  private final class Batches: Sendable { let all = Mutex<[SpanBatch]>([]) }
  private final class Flag: Sendable { let isSet = Atomic(false) }

  init(faults: [FaultOrder] = [], acceptsCompression: Bool = false, subprotocols: [String] = []) throws {
    let batches = Batches()
    let stopping = Flag()
    collector = try Collector.start { batch in
      batches.all.withLock { $0.append(batch) }
      return true
    }
    var configuration = SpanExporter.Configuration(host: "127.0.0.1", port: UInt16(collector.port))
    configuration.delayMilliseconds = 10
    exporter = SpanExporter(configuration)
    // Made here so that a fault is thrown; used by its own thread only from then on.
    nonisolated(unsafe) let server = try ReferenceServer(
      address: SocketAddress(host: "127.0.0.1", port: 0), faults: faults, acceptsCompression: acceptsCompression,
      subprotocols: subprotocols, exporter: exporter,
      isStopping: { stopping.isSet.load(ordering: .relaxed) })
    port = server.port
    self.batches = batches
    self.stopping = stopping
    let finished = self.finished
    let thread = Thread {
      server.run()
      finished.signal()
    }
    thread.start()
  }

  deinit {
    stop()
    collector.stop()
  }

  /// Ends the server, which flushes; true once it has, within a minute.
  @discardableResult
  func stop() -> Bool {
    guard !isStopped else { return true }
    isStopped = true
    stopping.isSet.store(true, ordering: .relaxed)
    return finished.wait(timeout: .now() + 60) == .success
  }

  func join(room: String = "r") throws -> ChatClient { try ChatClient(port: port, path: "/ws/chat/\(room)/") }

  /// Everything exported; the server must have been stopped.
  var spans: [SpanObservation] { batches.all.withLock { $0.flatMap(\.spans) } }

  private var names: [NameIndex: String] {
    batches.all.withLock { batches in
      Dictionary(batches.flatMap(\.newNames).map { ($0.index, $0.text) }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// The trees under `parent` in a trace; zero is the parent of roots.
  func trees(of traceID: TraceID, under parent: SpanID) -> [NamedSpan] {
    let names = names
    let spans = spans.filter { $0.traceID == traceID }
    func below(_ parent: SpanID) -> [NamedSpan] {
      spans.filter { $0.parentID == parent }.map { span in
        var named = NamedSpan(
          names[span.name] ?? "?", span.kind, isRemote: span.flags & 0x200 != 0, below(span.spanID))
        named.isError = span.status == .error
        return named
      }.sorted()
    }
    return below(parent)
  }

  /// The name of the span that a context names, nil where none does.
  func name(of context: Traceparent) -> String? {
    spans.first { $0.traceID == context.traceID && $0.spanID == context.parentID }.flatMap { names[$0.name] }
  }

  func count(named name: String) -> Int {
    let names = names
    return spans.count { names[$0.name] == name }
  }
}
