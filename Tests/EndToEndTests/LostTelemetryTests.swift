import Testing

/// Lost telemetry is inconclusive, and never broken propagation.
@Suite struct LostTelemetryTests {
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
