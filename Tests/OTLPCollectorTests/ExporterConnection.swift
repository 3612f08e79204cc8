import Glibc

/// A blocking TCP connection to the collector under test; every wait ends after ten seconds at the latest.
final class ExporterConnection {
  private let descriptor: Int32
  private var unread: [UInt8] = []

  struct Failure: Error { var reason: String }

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let outcome = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard outcome == 0 else { throw Failure(reason: "connect: errno \(errno)") }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(reason: "send: errno \(errno)") }
      sent += count
    }
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// Sends a request and waits for its answer.
  func answer(to request: ExportRequest) throws -> ExportAnswer {
    try send(request.bytes)
    return try receiveAnswer()
  }

  /// The next answer; its body is as long as its content-length says.
  func receiveAnswer() throws -> ExportAnswer {
    let end: [UInt8] = Array("\r\n\r\n".utf8)
    while true {
      if let range = unread.firstRange(of: end) {
        var answer = try ExportAnswer(head: String(decoding: unread[..<range.lowerBound], as: UTF8.self))
        let length = answer.fields["content-length"].flatMap { Int($0) } ?? 0
        while unread.count < range.upperBound + length { try receiveMore() }
        answer.body = Array(unread[range.upperBound..<range.upperBound + length])
        unread.removeFirst(range.upperBound + length)
        return answer
      }
      try receiveMore()
    }
  }

  /// Whether nothing waits to be read at this moment.
  var isSilent: Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT | MSG_PEEK))
    return unread.isEmpty && count < 0 && errno == EAGAIN
  }

  /// Waits for the collector to end the connection; false where it sends more, or does not end it in ten seconds.
  func isEnded() -> Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, 0)
    return unread.isEmpty && (count == 0 || (count < 0 && errno == ECONNRESET))
  }

  private func receiveMore() throws {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { throw Failure(reason: count == 0 ? "ended" : "recv: errno \(errno)") }
    unread.append(contentsOf: buffer[..<count])
  }
}
