import Foundation
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

/// The reference server on a thread of its own, exporting to an endpoint that keeps everything.
final class ServedChat {
  let port: UInt16
  let exporter: SpanExporter
  private let endpoint: ScriptedEndpoint
  private let server: ReferenceServer
  private let stopping = Flag()
  private let finished = DispatchSemaphore(value: 0)
  private var isStopped = false
  private var seen: [SeenSpan]?

  private final class Flag: Sendable { let isSet = Atomic(false) }

  /// - Parameter exporter: to another endpoint than the one that this looks at.
  init(
    faults: [FaultOrder] = [], isAsWritten: Bool = false, acceptsCompression: Bool = false, subprotocols: [String] = [],
    exporter: SpanExporter? = nil
  ) throws {
    endpoint = try ScriptedEndpoint()
    var configuration = SpanExporter.Configuration(host: "127.0.0.1", port: endpoint.port)
    configuration.delayMilliseconds = 10
    let exporter = exporter ?? SpanExporter(configuration)
    self.exporter = exporter
    let stopping = self.stopping
    // Made here so that a fault is thrown; from then on used by its own thread only, until that has finished.
    nonisolated(unsafe) let server = try ReferenceServer(
      address: SocketAddress(host: "127.0.0.1", port: 0), faults: faults, isAsWritten: isAsWritten,
      acceptsCompression: acceptsCompression, subprotocols: subprotocols, exporter: exporter,
      isStopping: { stopping.isSet.load(ordering: .relaxed) })
    port = server.port
    self.server = server
    let finished = self.finished
    let thread = Thread {
      server.run()
      finished.signal()
    }
    thread.start()
  }

  deinit {
    stop()
    endpoint.stop()
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

  /// Messages that a fault acted on; the server must have been stopped.
  func injected(_ fault: Fault) -> Int { server.injectedFaults.first { $0.fault == fault }?.messages ?? 0 }

  /// Everything exported; the server must have been stopped.
  var spans: [SeenSpan] {
    if let seen { return seen }
    let spans = endpoint.spanBodies.flatMap { body -> [SeenSpan] in
      do { return try SeenSpan.all(in: body) } catch {
        Issue.record("an export request that is no protobuf: \(error)")
        return []
      }
    }
    if isStopped { seen = spans }
    return spans
  }

  func spans(named name: String, of traceID: TraceID) -> [SeenSpan] {
    spans.filter { $0.traceID == traceID && $0.name == name }
  }

  /// The trees under `parent` in a trace; zero is the parent of roots.
  func trees(of traceID: TraceID, under parent: SpanID) -> [NamedSpan] {
    let spans = spans.filter { $0.traceID == traceID }
    func below(_ parent: SpanID) -> [NamedSpan] {
      spans.filter { $0.parentID == parent }.map { span in
        var named = NamedSpan(span.name, span.kind, isRemote: span.isRemote, below(span.spanID))
        named.isError = span.isError
        return named
      }.sorted()
    }
    return below(parent)
  }

  /// The name of the span that a context names, nil where none does.
  func name(of context: Traceparent) -> String? {
    spans.first { $0.traceID == context.traceID && $0.spanID == context.parentID }?.name
  }

  func count(named name: String) -> Int { spans.count { $0.name == name } }
}
