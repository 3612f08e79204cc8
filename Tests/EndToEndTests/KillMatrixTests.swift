import Foundation
import ReferenceServer
import Testing
import Verification

/// Every check is seen to fail: each fault of the reference server raises its own findings and no others, as often as
/// the server says that it acted.
@Suite struct KillMatrixTests {
  @Test func `every finding kind has a fault that raises it`() {
    #expect(Set(Fault.allCases.flatMap(\.findings)) == Set(FindingKind.allCases.map(\.rawValue)))
  }

  @Test(arguments: [1, 2])
  func `the correct server raises none`(roomSize: Int) throws {
    let outcome = try Matrix.run(nil, roomSize: roomSize, rooms: 2)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.diagnostics)")
    #expect(try outcome.findings.isEmpty)
    let messages = try outcome.counts("messages")
    #expect(messages["fullyJudged"] == messages["sent"])
  }

  @Test(arguments: Fault.allCases)
  func `a fault raises its own findings and no others`(fault: Fault) throws {
    // Where it takes others to show, two rooms of two; else a single connection.
    let outcome = try Matrix.run(fault, roomSize: fault.needsOthers ? 2 : 1, rooms: fault.needsOthers ? 2 : 1)
    let injected = try #require(try outcome.injected[fault.rawValue])
    #expect(injected > 0, "\(outcome.output)\(outcome.diagnostics)")
    let counts = try outcome.findingCounts
    #expect(Set(counts.keys) == Set(fault.findings), "\(outcome.output)\(outcome.diagnostics)")
    guard let own = fault.findings.first else {
      // Lost telemetry is no proof of broken propagation.
      #expect(outcome.status == 2, "\(outcome.output)\(outcome.diagnostics)")
      #expect(try outcome.counts("traces")["partial", default: 0] > 0)
      return
    }
    #expect(outcome.status == 1, "\(outcome.output)\(outcome.diagnostics)")
    #expect(counts[own] == injected, "\(outcome.output)\(outcome.diagnostics)")
    #expect(outcome.output.contains("Finding \(own) × \(injected)"))
  }
}

/// Runs of the scenario with all kinds of messages.
private enum Matrix {
  static func run(_ fault: Fault?, roomSize: Int, rooms: Int) throws -> Tool.Outcome {
    let folder = try TemporaryFolder()
    // Only typing has nothing but its trace ID to tell what an echo answers.
    let name = fault == .foreignContext ? "typing" : "chat-mixed"
    let text = try String(contentsOfFile: Tool.scenario(name), encoding: .utf8)
    #expect(text.contains("groups: { room: 10 }"))
    let scenario = try folder.write(
      text.replacingOccurrences(of: "groups: { room: 10 }", with: "groups: { room: \(roomSize) }"), to: "\(name).yaml")
    // What is wrong with the clock of most messages is no fault of theirs, but the clock's.
    let order = fault.map { ["--fault", "\($0.rawValue)=30%"] } ?? []
    return try Tool.runInTime(
      ["run", scenario, "--reference", "--for", "1200ms", "--rate", "200/s", "--connections", "\(rooms * roomSize)"]
        + order)
  }
}

extension Fault {
  /// Whether it shows only where a message has several receivers, or where others send as well.
  fileprivate var needsOthers: Bool {
    [.crossedContext, .sharedParent, .copyMisdelivered].contains(self)
  }
}

extension Tool.Outcome {
  /// By finding: how many messages show it.
  fileprivate var findingCounts: [String: Int] {
    get throws {
      let findings = try report()["findings"] as? [[String: Any]] ?? []
      return Dictionary(
        findings.compactMap { finding in
          (finding["kind"] as? String).flatMap { kind in (finding["count"] as? Int).map { (kind, $0) } }
        }, uniquingKeysWith: +)
    }
  }

  fileprivate var injected: [String: Int] {
    get throws { try report()["injected"] as? [String: Int] ?? [:] }
  }
}
