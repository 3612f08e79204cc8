import Foundation
import Testing

/// Every scenario of the repository against the reference server.
@Suite struct ScenarioTests {
  static let all: [String] = {
    let folder = Tool.root.appendingPathComponent("scenarios").path
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }()

  @Test func `the repository has scenarios`() { #expect(Self.all.count >= 3) }

  @Test(arguments: all)
  func `a scenario passes against the correct reference server, and every message is accounted for`(name: String)
    throws
  {
    let outcome = try Tool.runInTime(["run", Tool.scenario(name), "--reference", "--for", "2s", "--rate", "100/s"])
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.diagnostics)")
    #expect(outcome.output.hasPrefix("PASS"))
    let messages = try outcome.counts("messages")
    let copies = try outcome.counts("copies")
    let traces = try outcome.counts("traces")
    let sent = try #require(messages["sent"])
    #expect(sent > 100)
    #expect(messages["echoed", default: 0] + messages["withoutEcho", default: 0] == sent)
    #expect(copies["received"] == copies["expected"])
    #expect(traces["complete", default: 0] + traces["unsampled", default: 0] == sent)
  }

  @Test(arguments: all)
  func `a scenario is valid and can be planned`(name: String) throws {
    #expect(try Tool.run(["validate", Tool.scenario(name)]).status == 0)
    let plan = try Tool.run(["plan", Tool.scenario(name), "--seed", "7", "--messages", "3"])
    #expect(plan.status == 0)
    #expect(plan.output.contains("\"traceparent\":\"00-"))
    #expect(plan.output == (try Tool.run(["plan", Tool.scenario(name), "--seed", "7", "--messages", "3"]).output))
  }

  @Test func `a message of 1 MiB is planned whole, shown in part, and echoed`() throws {
    let folder = try TemporaryFolder()
    let text = try String(contentsOfFile: Tool.scenario("echo-steady"), encoding: .utf8)
    let scenario = try folder.write(text.replacing("trace: fresh", with: "size: 1MiB"), to: "large.yaml")
    let plan = try Tool.run(["plan", scenario, "--messages", "3"])
    #expect(plan.status == 0, "\(plan.diagnostics)")
    #expect(plan.output.utf8.count < 4096)
    #expect(plan.output.ranges(of: "… and 1047552 bytes more\n").count == 3)
    let outcome = try Tool.runInTime([
      "run", scenario, "--reference", "--for", "1s", "--rate", "10/s", "--connections", "5",
    ])
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.diagnostics)")
  }

  @Test func `a scenario that asks for compression says what it saved`() throws {
    let outcome = try Tool.runInTime([
      "run", Tool.scenario("echo-compressed"), "--reference", "--for", "1s", "--rate", "100/s", "--connections", "20",
    ])
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.diagnostics)")
    #expect(outcome.output.contains("compression agreed on 20 of 20 connections; messages out "))
    let connections = try #require(try outcome.report()["connections"] as? [String: Any])
    let compression = try #require(connections["compression"] as? [String: Double])
    #expect(compression["connections"] == 20)
    for ratio in ["sentRatio", "receivedRatio"] { #expect((0.05..<0.9).contains(compression[ratio, default: 0])) }
  }

  @Test func `what a scenario says to its target in secret stands in no output`() throws {
    let folder = try TemporaryFolder()
    let text = try String(contentsOfFile: Tool.scenario("echo-compressed"), encoding: .utf8)
    let secrets = """
      target:
        auth: { basic: "s3cr3t-user:s3cr3t-word" }
        cookies: { sessionid: s3cr3t-cookie }
        headers: { X-Key: s3cr3t-header }
      """
    let scenario = try folder.write(text.replacing("target:", with: secrets), to: "secret.yaml")
    let plan = try Tool.run(["plan", scenario])
    #expect(plan.status == 0, "\(plan.diagnostics)")
    let run = try Tool.runInTime([
      "run", scenario, "--reference", "--for", "1s", "--rate", "50/s", "--connections", "10", "--fault",
      "protocol-error",
    ])
    #expect(run.status == 1, "\(run.output)\(run.diagnostics)")
    let report = try String(contentsOf: run.folder.url.appendingPathComponent("report.json"), encoding: .utf8)
    for output in [plan.output, plan.diagnostics, run.output, run.diagnostics, report] {
      #expect(!output.contains("s3cr3t"))
      // Nor in base64.
      #expect(!output.contains("czNjcjN0"))
    }
  }

  @Test func `users of a closed model think between their messages`() throws {
    let folder = try TemporaryFolder()
    let text = try String(contentsOfFile: Tool.scenario("echo-steady"), encoding: .utf8)
    let phases = try #require(text.range(of: #"phases:\n(    - .*\n)+"#, options: .regularExpression))
    let closed = text.replacingCharacters(in: phases, with: "phases:\n    - { for: 2s, think-time: 500ms }\n")
    let scenario = try folder.write(closed, to: "closed.yaml")
    let outcome = try Tool.runInTime(["run", scenario, "--reference", "--connections", "10"])
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.diagnostics)")
    let sent = try #require(try outcome.counts("messages")["sent"])
    // 10 users for 2 s, one message each half second at most, all spread over the first think time.
    #expect((10...40).contains(sent))
  }
}
