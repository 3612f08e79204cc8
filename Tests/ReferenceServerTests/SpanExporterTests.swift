import Foundation
import OTLPMessages
import Reactor
import Synchronization
import Testing
import Timing
import TraceContext

@testable import ReferenceServer

/// An endpoint that answers each request of spans with the next of some statuses, the last one for ever; it takes all
/// metrics.
final class ScriptedEndpoint: Sendable {
  let port: UInt16
  private let state = Mutex((requests: 0, stopping: false))

  init(statuses: [Int]) throws {
    nonisolated(unsafe) let listener = try ListenerBox(Listener(SocketAddress(host: "127.0.0.1", port: 0)))
    port = listener.listener.port
    let thread = Thread { [self] in
      while !state.withLock({ $0.stopping }) {
        guard let descriptor = listener.listener.accept() else {
          usleep(1000)
          continue
        }
        serve(descriptor, statuses)
        close(descriptor)
      }
    }
    thread.start()
  }

  /// Of spans.
  var requests: Int { state.withLock { $0.requests } }
  func stop() { state.withLock { $0.stopping = true } }

  private final class ListenerBox {
    let listener: Listener
    init(_ listener: consuming Listener) { self.listener = listener }
  }

  private func serve(_ descriptor: Int32, _ statuses: [Int]) {
    var buffer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while !state.withLock({ $0.stopping }) {
      let text = String(decoding: buffer, as: UTF8.self)
      if let end = text.firstRange(of: "\r\n\r\n"),
        let length = text[..<end.lowerBound].split(separator: "\r\n").compactMap({ line in
          line.lowercased().hasPrefix("content-length: ") ? Int(line.dropFirst(16)) : nil
        }).first, buffer.count >= text[..<end.upperBound].utf8.count + length
      {
        buffer.removeFirst(text[..<end.upperBound].utf8.count + length)
        let status =
          text.hasPrefix("POST /v1/metrics ")
          ? 200
          : state.withLock { state in
            defer { state.requests += 1 }
            return statuses[min(state.requests, statuses.count - 1)]
          }
        let answer = Array("HTTP/1.1 \(status) Word\r\nContent-Length: 2\r\n\r\nok".utf8)
        guard send(descriptor, answer, answer.count, Int32(MSG_NOSIGNAL)) == answer.count else { return }
        continue
      }
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count > 0 {
        buffer += chunk[..<count]
      } else if count == 0 || errno != EAGAIN {
        return
      } else {
        var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&event, 1, 100)
      }
    }
  }
}

@Suite("The span exporter")
struct SpanExporterTests {
  private func spans(_ count: Int) -> [ExportedSpan] {
    (0..<count).map {
      ExportedSpan(traceID: TraceID(high: 1, low: 1), spanID: SpanID(UInt64($0) + 1), name: "s", start: 1, end: 2)
    }
  }

  private func exporter(
    port: UInt16, _ change: (inout SpanExporter.Configuration) -> Void = { _ in }
  ) -> SpanExporter {
    var configuration = SpanExporter.Configuration(host: "127.0.0.1", port: port)
    configuration.delayMilliseconds = 1
    change(&configuration)
    return SpanExporter(configuration)
  }

  @Test(
    "counts what was taken and what was not",
    arguments: [
      ("taken", [200], 1, true), ("taken with 202", [202], 1, true), ("retried after 503", [503, 200], 2, true),
      ("retried after 429 and 502", [429, 502, 200], 3, true), ("not retried after 400", [400, 200], 1, false),
      ("not retried after 404", [404, 200], 1, false), ("not retried after 500", [500, 200], 1, false),
    ] as [(String, [Int], Int, Bool)])
  func statuses(_ label: String, statuses: [Int], requests: Int, isTaken: Bool) throws {
    let endpoint = try ScriptedEndpoint(statuses: statuses)
    defer { endpoint.stop() }
    let exporter = exporter(port: endpoint.port)
    exporter.add(spans(5), SpanCounts())
    exporter.flushAndStop()
    #expect(exporter.counts == SpanExporter.Counts(exported: isTaken ? 5 : 0, overflowed: 0, failed: isTaken ? 0 : 5))
    #expect(endpoint.requests == requests)
  }

  @Test("drops what finds its queue full, and counts it")
  func overflow() throws {
    // Nobody accepts here until the queue is full: the first batch is on its way for ever.
    let listener = try Listener(SocketAddress(host: "127.0.0.1", port: 0))
    let exporter = exporter(port: listener.port) { configuration in
      configuration.queueSize = 100
      configuration.batchSize = 10
      configuration.timeLimit = .seconds(1)
    }
    for _ in 0..<10 { exporter.add(spans(50), SpanCounts()) }
    exporter.flushAndStop()
    let counts = exporter.counts
    #expect(counts.exported == 0)
    #expect(counts.overflowed >= 300)
    #expect(counts.overflowed + counts.failed == 500)
  }

  @Test("gives up at the end where nobody listens, at once for all that waits")
  func endpointDown() throws {
    let exporter = exporter(port: 1) { configuration in
      configuration.batchSize = 1
      configuration.timeLimit = .milliseconds(200)
    }
    exporter.add(spans(1000), SpanCounts())
    exporter.flushAndStop()
    #expect(exporter.counts.failed == 1000)
  }

  @Test("splits what waits into batches and flushes all of it at the end")
  func batches() throws {
    let endpoint = try ScriptedEndpoint(statuses: [200])
    defer { endpoint.stop() }
    let exporter = exporter(port: endpoint.port) { $0.batchSize = 10 }
    exporter.add(spans(95), SpanCounts())
    exporter.flushAndStop()
    #expect(exporter.counts.exported == 95)
    #expect(endpoint.requests == 10)
  }
}
