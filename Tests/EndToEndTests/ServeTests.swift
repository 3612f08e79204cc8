import Foundation
import Testing

@Suite struct ServeTests {
  /// What `serve` writes until it is asked to end, once it listens.
  private func serve(_ arguments: [String]) throws -> (output: [Substring], diagnostics: [Substring]) {
    let process = Process()
    process.executableURL = Tool.executable
    process.arguments = ["serve", "--port", "0"] + arguments
    let output = Pipe()
    let diagnostics = Pipe()
    process.standardOutput = output
    process.standardError = diagnostics
    try process.run()
    var written = output.fileHandleForReading.availableData
    process.terminate()
    written.append(output.fileHandleForReading.readDataToEndOfFile())
    let complaints = diagnostics.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (lines(written), lines(complaints))
  }

  private func lines(_ data: Data) -> [Substring] {
    String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).map { Substring(String($0)) }
  }

  @Test func `people read on standard error how many messages each fault acted on`() throws {
    let (output, diagnostics) = try serve(["--fault", "wrong-kind", "--fault", "context-leak=0.1%"])
    #expect(output.count == 1)
    #expect(output.first?.hasPrefix("listening ws://127.0.0.1:") ?? false)
    #expect(Set(diagnostics) == ["injected wrong-kind: 0 messages", "injected context-leak: 0 messages"])
  }

  @Test func `a run reads the same from lines of their own`() throws {
    let (output, diagnostics) = try serve(["--end-with-parent", "--fault", "wrong-kind"])
    #expect(output.dropFirst() == ["injected wrong-kind 0"])
    #expect(diagnostics.isEmpty)
  }

  @Test(arguments: [
    (["--fault", "contextleak"], "did you mean 'context-leak'?"),
    (["--fault", "x"], "'spanstorm serve --help' lists them"),
    (["--fault", "wrong-kind=5"], "'context-leak=0.1%'"),
    (["--fault", "wrong-kind=0%"], "above 0 % and at most 100 %"),
    (["--fault", "wrong-kind", "--as-written"], "exclude each other"),
  ])
  func `orders that are none are refused with a hint`(arguments: [String], hint: String) throws {
    for command in [["serve"], ["run", Tool.scenario("chat-broadcast"), "--reference"]] {
      let outcome = try Tool.run(command + arguments)
      #expect(outcome.status == 64)
      #expect(outcome.diagnostics.contains(hint), "\(outcome.diagnostics)")
    }
  }

  @Test func `the article's server fails a run, whatever its echoes say`() throws {
    let outcome = try Tool.run([
      "run", Tool.scenario("chat-broadcast"), "--reference", "--as-written", "--for", "1s", "--rate", "50/s",
      "--connections", "10",
    ])
    #expect(outcome.status == 1, "\(outcome.output)\(outcome.diagnostics)")
    let findings = try outcome.findings
    #expect(findings.contains("wrong-entry-span") && findings.contains("echo-names-wrong-span"))
  }
}
