import ReferenceServer
import Testing
import Verification

/// Every check is seen to fail: each fault of the reference server provokes its own finding and no other.
@Suite struct FaultTests {
  /// The finding that a fault provokes, or nil for one that only leaves traces incomplete.
  static func finding(of fault: Fault) -> FindingKind? {
    fault == .spanDropped ? nil : FindingKind(rawValue: fault.rawValue)
  }

  @Test func `every finding kind has a fault that provokes it`() {
    #expect(Set(Fault.allCases.compactMap(Self.finding)) == Set(FindingKind.allCases))
  }

  @Test(arguments: Fault.allCases)
  func `a fault provokes its own finding and no other`(fault: Fault) throws {
    // Where the text names the message, a foreign trace is a restarted one; typing has no such text.
    let scenario = fault == .foreignContext ? "typing" : "chat-broadcast"
    let outcome = try Tool.run([
      "run", Tool.scenario(scenario), "--reference", "--fault", fault.rawValue, "--for", "2s", "--rate", "100/s",
      "--connections", "20",
    ])
    if let finding = Self.finding(of: fault) {
      #expect(outcome.status == 1, "\(outcome.output)\(outcome.diagnostics)")
      #expect(try outcome.findings == [finding.rawValue])
      #expect(outcome.output.contains("Finding \(finding.rawValue) × "))
    } else {
      #expect(outcome.status == 2, "\(outcome.output)\(outcome.diagnostics)")
      #expect(try outcome.findings.isEmpty)
      #expect(try outcome.counts("traces")["partial", default: 0] > 0)
    }
  }

  @Test func `an exporter whose queue overflows makes a run inconclusive, not failed`() throws {
    let outcome = try Tool.run([
      "run", Tool.scenario("chat-broadcast"), "--reference", "--for", "3s", "--rate", "200/s", "--collector-delay",
      "1s", "--export-queue", "500",
    ])
    #expect(outcome.status == 2, "\(outcome.output)\(outcome.diagnostics)")
    #expect(try outcome.findings.isEmpty)
    let traces = try outcome.counts("traces")
    #expect(traces["partial", default: 0] + traces["unseen", default: 0] > 0)
    #expect(traces["broken"] == 0)
    #expect(try outcome.counts("echoes")["continued"] == (try outcome.counts("copies")["received"]))
    #expect(outcome.output.contains("traces are incomplete"))
  }
}
