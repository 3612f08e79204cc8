import Foundation
import Testing

/// What a user meets who makes a mistake, or whose server does.
@Suite struct BadInputTests {
  @Test func `every mistake of a scenario is told at once, by line and column, and nothing is opened`() throws {
    let folder = try TemporaryFolder()
    let text = try String(contentsOfFile: Tool.scenario("typing"), encoding: .utf8)
    let broken =
      text
      .replacingOccurrences(of: "connect-rate: 500/s", with: "connect-rat: 500/s")
      .replacingOccurrences(of: "for: 10s", with: "for: 10")
      .replacingOccurrences(of: "trace: fresh", with: "trace: frsh")
    let scenario = try folder.write(broken, to: "broken.yaml")
    let outcome = try Tool.run(["run", scenario, "--reference"])
    #expect(outcome.status == 64)
    #expect(outcome.output.isEmpty)
    let lines = outcome.diagnostics.split(separator: "\n").map(String.init)
    #expect(lines.count == 3, "\(outcome.diagnostics)")
    #expect(lines.allSatisfy { $0.hasPrefix("\(scenario):") && $0.contains(": error: ") })
    #expect(lines[0].contains("did you mean 'connect-rate'?"))
    #expect(lines[1].contains("'10s'"))
    #expect(lines[2].contains("did you mean 'fresh'?"))
  }

  @Test(arguments: [
    ("a scenario that is not there", ["run", "no-such-file.yaml", "--reference"], "cannot be read"),
    ("no such rate", ["run", Tool.scenario("typing"), "--reference", "--rate", "fast"], "is no rate"),
    ("no such fault", ["run", Tool.scenario("typing"), "--reference", "--fault", "gremlins"], "gremlins"),
    (
      "a fault without the reference server", ["run", Tool.scenario("typing"), "--fault", "context-leak"], "--reference"
    ),
    ("two targets", ["run", Tool.scenario("typing"), "--reference", "--target", "ws://127.0.0.1:1"], "exclude"),
    ("another scheme", ["run", Tool.scenario("typing"), "--target", "http://127.0.0.1:1"], "ws://"),
    ("groups that do not fill", ["run", Tool.scenario("typing"), "--reference", "--connections", "7"], "groups of 10"),
  ])
  func `a mistake on the command line ends with 64 and says why`(_: String, arguments: [String], reason: String) throws
  {
    let outcome = try Tool.run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.diagnostics.contains(reason), "\(outcome.diagnostics)")
    #expect(outcome.output.isEmpty)
  }

  @Test func `more connections than open files are refused before anything is opened`() throws {
    let outcome = try Tool.run(
      [
        "-c", "ulimit -n 256; exec \"$0\" \"$@\"", Tool.executable.path, "run", Tool.scenario("echo-steady"),
        "--reference", "--connections", "300", "--workers", "1",
      ], executable: URL(fileURLWithPath: "/bin/sh"))
    #expect(outcome.status == 64)
    #expect(outcome.diagnostics.contains("the limit is 256; raise it with 'ulimit -n 364'"), "\(outcome.diagnostics)")
  }

  @Test func `a target that is not there ends with 69`() throws {
    // The discard port of this address: nobody listens there.
    let outcome = try Tool.run([
      "run", Tool.scenario("typing"), "--target", "ws://127.0.0.2:9", "--collector-port", "0", "--connections", "10",
    ])
    #expect(outcome.status == 69)
    #expect(outcome.diagnostics.contains("no connection to ws://127.0.0.2:9"))
    #expect(try (outcome.report()["connections"] as? [String: Any])?["failed"] as? Int == 10)
  }

  @Test func `a refused upgrade is told with its HTTP status`() throws {
    let outcome = try ReferenceServerProcess.with { origin in
      try Tool.run([
        "run", Tool.scenario("typing"), "--target", "\(origin)/elsewhere", "--collector-port", "0", "--connections",
        "10",
      ])
    }
    #expect(outcome.status == 69)
    #expect(outcome.output.contains("10 × upgrade refused with HTTP status 404"))
  }

  @Test func `garbage posted to the collector is counted, and the run goes on`() throws {
    let outcome = try Tool.runInTime(
      ["run", Tool.scenario("typing"), "--reference", "--for", "3s"], onceDiagnosticsContain: "loading"
    ) { _, diagnostics in
      let address = try #require(
        diagnostics.range(of: #"(?<=collector on )127\.0\.0\.1:\d+"#, options: .regularExpression)
          .map { diagnostics[$0] })
      #expect(try postGarbage(to: "http://\(address)") == 400)
    }
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.diagnostics)")
    #expect(try outcome.counts("collector")["refusedRequests"] == 1)
  }

  @Test func `an interruption still writes the report, and ends with 130`() throws {
    let outcome = try Tool.run(
      ["run", Tool.scenario("chat-broadcast"), "--reference", "--for", "60s"], onceDiagnosticsContain: "loading"
    ) { process, _ in process.interrupt() }
    #expect(outcome.status == 130)
    #expect(outcome.output.contains("interrupted: this is what was done"))
    let messages = try outcome.counts("messages")
    #expect(messages["sent"] == messages["echoed"])
    #expect(try outcome.report()["wasInterrupted"] as? Bool == true)
  }

  @Test func `an interruption while spans are awaited ends the wait, and ends with 130`() throws {
    let outcome = try ReferenceServerProcess.with { origin in
      // This server exports nothing, so nothing comes.
      try Tool.run(
        [
          "run", Tool.scenario("typing"), "--target", origin, "--collector-port", "0", "--connections", "10", "--for",
          "1s",
        ], onceDiagnosticsContain: "settling"
      ) { process, _ in process.interrupt() }
    }
    #expect(outcome.status == 130, "\(outcome.output)\(outcome.diagnostics)")
    #expect(try outcome.counts("traces")["unseen"] == (try outcome.counts("messages")["sent"]))
  }

  private func postGarbage(to endpoint: String) throws -> Int {
    let curl = Process()
    curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    curl.arguments = [
      "python3", "-c",
      """
      import sys, urllib.request, urllib.error
      request = urllib.request.Request(sys.argv[1] + "/v1/traces", data=b"\\xff\\xff\\xffgarbage",
                                       headers={"Content-Type": "application/x-protobuf"})
      try:
          print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).status)
      except urllib.error.HTTPError as error:
          print(error.code)
      """, endpoint,
    ]
    let output = Pipe()
    curl.standardOutput = output
    try curl.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    curl.waitUntilExit()
    return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }
}

/// `spanstorm serve` for as long as a closure runs.
enum ReferenceServerProcess {
  static func with<Result>(
    _ arguments: [String] = [], _ body: (_ origin: String) throws -> Result
  ) throws -> Result {
    let process = Process()
    process.executableURL = Tool.executable
    process.arguments = ["serve"] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    defer {
      process.terminate()
      process.waitUntilExit()
    }
    var line = ""
    while !line.contains("\n") {
      let chunk = output.fileHandleForReading.availableData
      try #require(!chunk.isEmpty, "the server ended before it listened")
      line += String(decoding: chunk, as: UTF8.self)
    }
    let origin = try #require(line.split(whereSeparator: \.isWhitespace).last)
    return try body(String(origin))
  }
}
