import Observations
import Testing
import Timing

@testable import Verification

@Suite("The verifier, of ends and compression,")
struct ClosesTests {
  private func closed(_ code: UInt16) -> Observation {
    .closed(Observation.Closed(connection: 0, at: Instant(nanoseconds: 1), cause: .server, code: code))
  }

  @Test("counts close codes, and keeps the first reason of each, fit to be shown")
  func reasons() throws {
    var run = try MadeUpRun()
    run.verifier.take(
      .facts(
        ObservationBatch(
          observations: [closed(1012), closed(1012), closed(1001), closed(4000)],
          excerpts: [1: "back\u{1b}[2Jsoon", 3: "first"])))
    run.verifier.take(.facts(ObservationBatch(observations: [closed(4000), closed(1006)], excerpts: [0: "second"])))
    let tallies = run.verifier.tallies
    #expect(tallies.closeCodes == [1012: 2, 1001: 1, 4000: 2, 1006: 1])
    #expect(tallies.closeReasons == [1012: "back?[2Jsoon", 4000: "first"])
    #expect(tallies.closes == [.server: 6])
  }

  @Test("keeps the earliest failure of each kind, in whatever order they are told")
  func firstFailures() throws {
    var run = try MadeUpRun()
    let told: [(UInt32, UInt16, Int64, ConnectionFailure)] = [
      (7, 1, 50, .closedEarly), (3, 0, 40, .closedEarly), (9, 1, 60, .closedEarly), (2, 0, 40, .closedEarly),
      (8, 1, 10, .refusedUpgrade(status: 503)),
    ]
    for (connection, address, nanoseconds, reason) in told {
      let failed = Observation.ConnectionFailed(
        connection: connection, address: address, at: Instant(nanoseconds: nanoseconds), reason: reason)
      run.verifier.take(.facts(ObservationBatch(observations: [.failed(failed)])))
    }
    #expect(run.verifier.tallies.failures == [.closedEarly: 4, .refusedUpgrade(status: 503): 1])
    #expect(run.verifier.tallies.failed == told.count)
    #expect(
      run.verifier.tallies.firstFailures == [
        .closedEarly: Tallies.FirstFailure(connection: 2, address: 0, at: Instant(nanoseconds: 40)),
        .refusedUpgrade(status: 503): Tallies.FirstFailure(connection: 8, address: 1, at: Instant(nanoseconds: 10)),
      ])
  }

  @Test("adds up what each reactor compressed")
  func compression() throws {
    var run = try MadeUpRun()
    for factor in [1, 10] as [UInt64] {
      let compressed = Observation.Compressed(
        connections: UInt32(factor), sentPlainBytes: 2 * factor, sentWireBytes: 3 * factor,
        receivedPlainBytes: 4 * factor, receivedWireBytes: 5 * factor)
      run.verifier.take(.facts(ObservationBatch(observations: [.compressed(compressed)])))
    }
    var expected = Tallies.CompressionTally()
    expected.connections = 11
    expected.sentPlainBytes = 22
    expected.sentWireBytes = 33
    expected.receivedPlainBytes = 44
    expected.receivedWireBytes = 55
    #expect(run.verifier.tallies.compression == expected)
  }
}
