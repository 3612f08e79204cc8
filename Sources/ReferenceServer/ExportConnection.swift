import Glibc
import Reactor
import Timing

/// One kept-alive HTTP/1.1 connection to an OTLP endpoint, blocking; used by one thread only.
final class ExportConnection {
  private let host: String
  private let port: UInt16
  private var descriptor: Int32 = -1

  private let timeLimit: Duration
  private static let retryable: Set<Int> = [429, 502, 503, 504]

  /// - Parameter timeLimit: longest that one batch is tried.
  init(host: String, port: UInt16, timeLimit: Duration) {
    self.host = host
    self.port = port
    self.timeLimit = timeLimit
  }

  /// Posts a body and, if it shall be retried, tries again where OTLP allows it; returns whether it was taken.
  func post(_ body: [UInt8], to path: String, isRetried: Bool) -> Bool {
    let deadline = Instant.now.advanced(byNanoseconds: timeLimit.clampedNanoseconds)
    var pause: Int64 = nanosecondsPerSecond / 10
    while true {
      let status = exchange(body, path)
      if let status, (200..<300).contains(status) { return true }
      if !isRetried { return false }
      if let status, !Self.retryable.contains(status) { return false }
      guard deadline - Instant.now > pause else { return false }
      usleep(UInt32(clamping: pause / 1000))
      pause *= 2
    }
  }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// One request and its answer's status; nil where the connection failed, which is then closed.
  private func exchange(_ body: [UInt8], _ path: String) -> Int? {
    guard connect() else { return nil }
    let head = """
      POST \(path) HTTP/1.1\r
      Host: \(host):\(port)\r
      Content-Type: application/x-protobuf\r
      Content-Length: \(body.count)\r
      \r

      """
    guard write(Array(head.utf8)), write(body), let status = readAnswer() else {
      close()
      return nil
    }
    return status
  }

  private func connect() -> Bool {
    if descriptor >= 0 { return true }
    guard let address = try? SocketAddress(host: host, port: port) else { return false }
    descriptor = address.connectBlocking(timeLimitSeconds: max(1, Int(timeLimit.components.seconds))) ?? -1
    return descriptor >= 0
  }

  private func write(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.send(descriptor, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Reads a whole answer with a Content-Length; its status, or nil where it is none.
  private func readAnswer() -> Int? {
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while answer.count < 65536 {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      answer.append(contentsOf: chunk[..<count])
      let text = String(decoding: answer, as: UTF8.self)
      guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
      let lines = text[..<end.lowerBound].split(separator: "\r\n")
      guard let words = lines.first?.split(separator: " "), words.count >= 2, let status = Int(words[1]) else {
        return nil
      }
      let length =
        lines.lazy.filter { $0.lowercased().hasPrefix("content-length:") }
        .compactMap { Int($0.dropFirst("content-length:".count).filter { $0 != " " }) }.first ?? 0
      let bodyCount = answer.count - text[..<end.upperBound].utf8.count
      guard length >= 0, length <= 65536 else { return nil }
      if bodyCount >= length {
        if lines.contains(where: { $0.lowercased() == "connection: close" }) { close() }
        return status
      }
    }
    return nil
  }
}
