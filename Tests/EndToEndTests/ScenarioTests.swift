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
    #expect(messages["echoed"] == sent)
    #expect(copies["received"] == copies["expected"])
    #expect(traces["complete"] == sent)
  }

  @Test(arguments: all)
  func `a scenario is valid and can be planned`(name: String) throws {
    #expect(try Tool.run(["validate", Tool.scenario(name)]).status == 0)
    let plan = try Tool.run(["plan", Tool.scenario(name), "--seed", "7", "--messages", "3"])
    #expect(plan.status == 0)
    #expect(plan.output.contains("\"traceparent\":\"00-"))
    #expect(plan.output == (try Tool.run(["plan", Tool.scenario(name), "--seed", "7", "--messages", "3"]).output))
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
