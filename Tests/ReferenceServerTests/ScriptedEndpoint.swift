import Foundation
import Reactor
import Synchronization
import Testing

/// An endpoint that answers each request of spans with the next of some statuses, the last one for ever; it takes all
/// metrics. What came is kept.
final class ScriptedEndpoint: Sendable {
  private struct State {
    var spanBodies: [[UInt8]] = []
    var metricBodies: [[UInt8]] = []
    var isStopping = false
  }

  let port: UInt16
  private let state = Mutex(State())

  init(statuses: [Int] = [200]) throws {
    nonisolated(unsafe) let listener = try ListenerBox(Listener(SocketAddress(host: "127.0.0.1", port: 0)))
    port = listener.listener.port
    let thread = Thread { [self] in
      while !isStopping {
        Self.awaitInput(listener.listener.descriptor)
        guard let descriptor = listener.listener.accept() else { continue }
        serve(descriptor, statuses)
        close(descriptor)
      }
    }
    thread.start()
  }

  /// Of spans.
  var requests: Int { spanBodies.count }
  var spanBodies: [[UInt8]] { state.withLock { $0.spanBodies } }
  var metricBodies: [[UInt8]] { state.withLock { $0.metricBodies } }
  func stop() { state.withLock { $0.isStopping = true } }

  private var isStopping: Bool { state.withLock { $0.isStopping } }

  private final class ListenerBox {
    let listener: Listener
    init(_ listener: consuming Listener) { self.listener = listener }
  }

  /// At most a tenth of a second.
  private static func awaitInput(_ descriptor: Int32) {
    var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&event, 1, 100)
  }

  private func serve(_ descriptor: Int32, _ statuses: [Int]) {
    var buffer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while !isStopping {
      if let request = Self.takeRequest(from: &buffer) {
        let answer = Array("HTTP/1.1 \(take(request, statuses)) Word\r\nContent-Length: 2\r\n\r\nok".utf8)
        guard send(descriptor, answer, answer.count, Int32(MSG_NOSIGNAL)) == answer.count else { return }
        continue
      }
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count > 0 {
        buffer += chunk[..<count]
      } else if count == 0 || errno != EAGAIN {
        return
      } else {
        Self.awaitInput(descriptor)
      }
    }
  }

  private func take(_ request: (path: String, body: [UInt8]), _ statuses: [Int]) -> Int {
    state.withLock { state in
      if request.path == "/v1/metrics" {
        state.metricBodies.append(request.body)
        return 200
      }
      state.spanBodies.append(request.body)
      return statuses[min(state.spanBodies.count, statuses.count) - 1]
    }
  }

  /// A whole request, if there is one.
  private static func takeRequest(from buffer: inout [UInt8]) -> (path: String, body: [UInt8])? {
    guard let end = buffer.prefix(4096).firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    let length = lines.compactMap { line in
      line.lowercased().hasPrefix("content-length: ") ? Int(line.dropFirst(16)) : nil
    }.first
    guard let length, buffer.count >= end.upperBound + length else { return nil }
    let body = Array(buffer[end.upperBound..<end.upperBound + length])
    buffer.removeFirst(end.upperBound + length)
    return (String(lines.first?.split(separator: " ").dropFirst().first ?? ""), body)
  }
}
