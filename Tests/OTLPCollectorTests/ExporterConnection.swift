import Glibc
import Reactor

/// A blocking TCP connection to the collector under test; every wait ends after ten seconds at the latest.
final class ExporterConnection {
  private let descriptor: Int32
  private var unread: [UInt8] = []
  private let pipe: TLSPipe?

  struct Failure: Error { var reason: String }

  /// - Parameter tls: secures the connection.
  init(port: Int, tls: TLSContext? = nil) throws {
    pipe = tls.flatMap(TLSPipe.init)
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
    if let pipe { try shakeHands(pipe) }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) throws {
    guard let pipe else { return try sendPlain(bytes) }
    var records: [UInt8] = []
    let isSent = bytes.withUnsafeBytes { pipe.send($0, records: { records += $0 }) }
    guard isSent else { throw Failure(reason: "TLS: \(String(describing: pipe.fault))") }
    try sendPlain(records)
  }

  private func sendPlain(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(reason: "send: errno \(errno)") }
      sent += count
    }
  }

  /// Sends as much as the kernel takes; nil where it takes nothing for a tenth of a second.
  func sendWhatFits(_ bytes: [UInt8]) -> Int? {
    var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&state, 1, 100) == 1 else { return nil }
    let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    return count > 0 ? count : nil
  }

  /// Whether the other side has ended the connection, and nothing is left to read.
  var hasEnded: Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
    return count == 0 || count < 0 && errno == ECONNRESET
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

  /// The next `count` bytes.
  func receive(_ count: Int) throws -> [UInt8] {
    while unread.count < count { try receiveMore() }
    defer { unread.removeFirst(count) }
    return Array(unread[..<count])
  }

  private func receiveMore() throws {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { throw Failure(reason: count == 0 ? "ended" : "recv: errno \(errno)") }
    guard let pipe else { return unread.append(contentsOf: buffer[..<count]) }
    try decrypt(buffer[..<count], pipe)
  }

  private func decrypt(_ ciphertext: ArraySlice<UInt8>, _ pipe: TLSPipe) throws {
    var records: [UInt8] = []
    ciphertext.withUnsafeBytes { bytes in
      pipe.receive(bytes, plaintext: { unread += $0 }, records: { records += $0 })
    }
    try sendPlain(records)
    if let fault = pipe.fault { throw Failure(reason: "TLS: \(fault)") }
  }

  private func shakeHands(_ pipe: TLSPipe) throws {
    try decrypt([], pipe)
    while !pipe.send(UnsafeRawBufferPointer(start: nil, count: 0), records: { _ in }) { try receiveMore() }
  }
}
