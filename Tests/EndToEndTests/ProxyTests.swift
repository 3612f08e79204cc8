import Foundation
import TestInputs
import Testing

/// A run through a proxy that asks who we are.
@Suite struct ProxyTests {
  @Test(arguments: [[], ["--workers", "2"]])
  func `a proxy of the command line carries every connection, and its secret is shown nowhere`(
    arguments: [String]
  ) throws {
    let proxy = try #require(ConnectProxy())
    let outcome = try Tool.runInTime(
      [
        "run", Tool.scenario("chat-broadcast"), "--reference", "--for", "1s", "--rate", "50/s", "--connections", "20",
        "--proxy", "http://u:s3cr3t@127.0.0.1:\(proxy.port)",
      ] + arguments)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.diagnostics)")
    #expect(proxy.requests.count >= 20)
    #expect(proxy.requests.allSatisfy { $0.contains("Proxy-Authorization: Basic dTpzM2NyM3Q=\r\n") })
    let report = try String(contentsOf: outcome.folder.url.appendingPathComponent("report.json"), encoding: .utf8)
    for text in [outcome.output, outcome.diagnostics, report] {
      #expect(!text.contains("s3cr3t"))
      #expect(!text.contains("dTpzM2NyM3Q"))
    }
    #expect(outcome.output.contains("of it proxy"))
  }

  @Test(arguments: [
    ["--proxy", "s3cr3t"], ["--proxy", "http://s3cr3t@h:1"], ["--proxy", "http://u:s3cr3t@h:0"],
    ["--proxy", "http://u:s3cr3t@h:1", "--connect-to", "127.0.0.1:1"],
  ])
  func `a proxy that cannot be is refused, and is not repeated`(arguments: [String]) throws {
    let outcome = try Tool.run(["run", Tool.scenario("chat-broadcast"), "--target", "ws://127.0.0.1:1"] + arguments)
    #expect(outcome.status == 64, "\(outcome.output)\(outcome.diagnostics)")
    #expect(!(outcome.output + outcome.diagnostics).contains("s3cr3t"))
  }
}
