import Foundation
import Glibc
import Testing

/// The collector alone, as an observability engineer uses it.
@Suite struct CollectTests {
  @Test func `a right trace is drawn, written down and judged, and Ctrl-C ends with 0`() throws {
    let folder = try TemporaryFolder()
    let journal = folder.url.appendingPathComponent("spans.ndjson").path
    let outcome = try collect(["--trees", "1", "--spans-to", journal], sending: [Self.trace(parent: "")])
    #expect(outcome.status == 0, "\(outcome.diagnostics)")
    let report = try object(outcome)
    #expect(report["spans"] as? Int == 2)
    #expect((report["violations"] as? [Any])?.isEmpty == true)
    #expect(outcome.diagnostics.contains("save [internal] chat/1 +"))
    let lines = try String(contentsOfFile: journal, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.contains(#""traceId":"5b8efff798038103d269b633813fc60c""#) })
  }

  @Test func `an orphan ends with 1 and is shown in its trace`() throws {
    let outcome = try collect(
      ["--settle", "50ms", "--for", "2s"], sending: [Self.trace(parent: "00000000000000aa")], isInterrupted: false)
    #expect(outcome.status == 1)
    let violations = try #require(try object(outcome)["violations"] as? [[String: Any]])
    #expect(violations.map { $0["kind"] as? String } == ["orphan-span"])
  }

  @Test func `a batch that comes again is counted once, and faults answer as they are told`() throws {
    let outcome = try collect(
      ["--faults", "unavailable=1"], sending: [Self.trace(parent: ""), Self.trace(parent: ""), Self.trace(parent: "")])
    #expect(outcome.status == 0)
    #expect(try object(outcome)["spans"] as? Int == 2)
    #expect(try object(outcome)["duplicateSpans"] as? Int == 2)
  }

  @Test func `a wrong token is refused, and no token is ever shown`() throws {
    let outcome = try collect(["--token", "open-sesame"], sending: [Self.trace(parent: "")])
    let report = try object(outcome)
    #expect(report["spans"] as? Int == 0)
    #expect(report["refusedRequests"] as? Int == 1)
    #expect(!outcome.output.contains("open-sesame"))
    #expect(!outcome.diagnostics.contains("open-sesame"))
  }

  @Test(arguments: [
    ("no such fault", ["--faults", "gremlins"], "gremlins"),
    ("a fault without its time", ["--faults", "slow"], "slow=2s"),
    ("no time", ["--for", "soon"], "is no time"),
    ("too little memory", ["--memory", "1KiB"], "is no amount of memory"),
    ("an endpoint of another kind", ["--forward", "grpc://127.0.0.1:1"], "is no endpoint"),
    ("a certificate without its key", ["--tls-certificate", "a.pem"], "go together"),
    ("a file that is not there", ["--tls-certificate", "a.pem", "--tls-key", "b.pem"], "a.pem"),
    ("a folder that is not there", ["--spans-to", "no/such/folder/spans"], "cannot be written"),
  ])
  func `a mistake on the command line ends with 64 and says why`(_: String, arguments: [String], reason: String) throws
  {
    let outcome = try Tool.run(["collect", "--port", "0", "--for", "1s"] + arguments)
    #expect(outcome.status == 64, "\(outcome.output)")
    #expect(outcome.diagnostics.contains(reason), "\(outcome.diagnostics)")
  }

  @Test func `what was not quiet yet is not held against it`() throws {
    let outcome = try collect([], sending: [Self.trace(parent: "00000000000000aa")])
    #expect(outcome.status == 0)
    #expect(try object(outcome)["unquietTraces"] as? Int == 1)
  }

  /// Collects until every body was answered, then interrupts, or waits for the end.
  private func collect(
    _ arguments: [String], sending bodies: [String], isInterrupted: Bool = true
  ) throws -> Tool.Outcome {
    try Tool.run(
      ["collect", "--port", "0", "--format", "json"] + arguments, onceDiagnosticsContain: "listening http://127.0.0.1:"
    ) { process, diagnostics in
      let port = diagnostics.split(separator: "\n").first?.split(separator: ":").last.flatMap { UInt16($0) }
      for body in bodies { try post(body, to: #require(port)) }
      if isInterrupted { kill(process.processIdentifier, SIGINT) }
    }
  }

  private func object(_ outcome: Tool.Outcome) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  /// A server span and one below it, or below another one that is not there, as OTLP/JSON.
  private static func trace(parent: String) -> String {
    let trace = #""traceId":"5B8EFFF798038103D269B633813FC60C""#
    let times = #""startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000""#
    let below = parent.isEmpty ? "eee19b7ec3c1b174" : parent
    return #"""
      {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"chat"}},
      {"key":"service.instance.id","value":{"stringValue":"1"}}]},"scopeSpans":[{"scope":{"name":"lib"},"spans":[
      {\#(trace),"spanId":"EEE19B7EC3C1B174","name":"receive","kind":2,\#(times)},
      {\#(trace),"spanId":"eee19b7ec3c1b175","parentSpanId":"\#(below)","name":"save","kind":1,\#(times),"flags":257}
      ]}]}]}
      """#
  }

  /// Posts to /v1/traces of a collector on this machine, and waits for the answer.
  private func post(_ body: String, to port: UInt16) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    try #require(isConnected)
    let request =
      "POST /v1/traces HTTP/1.1\r\nhost: collector\r\ncontent-type: application/json\r\nconnection: close\r\n"
      + "content-length: \(body.utf8.count)\r\n\r\n\(body)"
    _ = Array(request.utf8).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    var answer = [UInt8](repeating: 0, count: 4096)
    while answer.withUnsafeMutableBytes({ recv(descriptor, $0.baseAddress, $0.count, 0) }) > 0 {}
  }
}
