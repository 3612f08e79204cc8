import Testing

@testable import WebSocketProtocol

@Suite("A request for a tunnel")
struct ProxyRequestTests {
  private let request = ProxyRequest(host: "h", port: 80, credentials: nil)

  private func read(_ text: String) throws -> ProxyRequest.Answer {
    try Array(text.utf8).withUnsafeBytes { try request.read($0) }
  }

  @Test(
    "always names the port, and who asks only where that is told",
    arguments: [
      ("example.org", UInt16(443), nil, "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"),
      ("::1", 80, nil, "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
      (
        "h", 1, "user:pässword",
        "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\nProxy-Authorization: Basic dXNlcjpww6Rzc3dvcmQ=\r\n\r\n"
      ),
    ] as [(String, UInt16, String?, String)])
  func text(host: String, port: UInt16, credentials: String?, expected: String) {
    let request = ProxyRequest(host: host, port: port, credentials: credentials)
    #expect(String(decoding: request.bytes, as: UTF8.self) == expected)
  }

  @Test(
    "is answered by a tunnel with every 2xx, whatever else the head says",
    arguments: [
      "HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200\r\n\r\n", "HTTP/1.1 299 Odd\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ])
  func tunnels(answer: String) throws {
    // Every cut of it, and what came through the tunnel behind it.
    for end in 0..<answer.utf8.count {
      #expect(try read(String(decoding: Array(answer.utf8)[..<end], as: UTF8.self)) == .incomplete, "\(end)")
    }
    for rest in ["", "H", "HTTP/1.1 403 No\r\n\r\n", String(repeating: "x", count: 100_000)] {
      #expect(try read(answer + rest) == .opened(headLength: answer.utf8.count))
    }
  }

  @Test("is refused by every other status", arguments: [300, 401, 403, 407, 500, 502, 504, 599] as [UInt16])
  func refusals(status: UInt16) throws {
    #expect(try read("HTTP/1.1 \(status) No\r\n\r\nbody") == .refused(status: status))
    #expect(try read("HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 \(status) No\r\n\r\n") == .refused(status: status))
  }

  @Test(
    "is not answered by what is no HTTP, or switches to something that nobody asked for",
    arguments: [
      "SSH-2.0-x\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n",
      "HTTP/2 200\r\n\r\n", "\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 200 OK\r\n no name\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nnothing\r\n\r\n",
    ])
  func garbage(answer: String) {
    #expect(throws: ProxyRequest.Fault.malformedHead) { try read(answer) }
  }

  @Test(
    "bounds the answer, and interim answers with it",
    arguments: [
      String(repeating: "x", count: 16384), "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 20_000),
      String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 700),
      "HTTP/1.1 100 Continue\r\n\r\n" + String(repeating: "x", count: 16380),
    ])
  func bounds(answer: String) {
    #expect(throws: ProxyRequest.Fault.headTooLong) { try read(answer) }
  }
}
