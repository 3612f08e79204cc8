package import Observations
package import Timing
package import Verification

/// All that is told of a run.
package struct Report: Sendable {
  package var run: RunDescription
  package var verdict: Verdict
  package var collector: CollectorBooks
  /// Observations that found the queue to the verifier full, in batches.
  package var droppedDeliveries: UInt64

  package init(run: RunDescription, verdict: Verdict, collector: CollectorBooks, droppedDeliveries: UInt64) {
    self.run = run
    self.verdict = verdict
    self.collector = collector
    self.droppedDeliveries = droppedDeliveries
  }
}

/// What was run.
package struct RunDescription: Sendable {
  package var scenario: String
  /// Without secrets.
  package var target: String
  package var seed: UInt64
  package var version: String
  /// Whether a signal cut the run short.
  package var wasInterrupted: Bool
  package var connections: Int
  /// Whether permessage-deflate was offered.
  package var offersCompression: Bool
  package var seconds: Double
  package var residentBytes: Int64
  /// What `seconds` count from.
  package var start: Instant
  /// Where connections went to, in digits; failures name one by its index.
  package var addresses: [String]
  /// By fault of the reference server: the messages that it acted on; empty where another server was tested.
  package var injected: [String: Int]
  /// The share of the run's time in which the verifier did not wait, 0 to 1: of one core.
  package var verifierBusy: Double
  /// The most deliveries that waited for it at once.
  package var mostWaiting: Int

  package init(
    scenario: String, target: String, seed: UInt64, version: String, wasInterrupted: Bool, connections: Int,
    offersCompression: Bool = false, seconds: Double, residentBytes: Int64,
    start: Instant, addresses: [String], injected: [String: Int] = [:], verifierBusy: Double = 0,
    mostWaiting: Int = 0
  ) {
    self.scenario = scenario
    self.target = target
    self.seed = seed
    self.version = version
    self.wasInterrupted = wasInterrupted
    self.connections = connections
    self.offersCompression = offersCompression
    self.seconds = seconds
    self.residentBytes = residentBytes
    self.start = start
    self.addresses = addresses
    self.injected = injected
    self.verifierBusy = verifierBusy
    self.mostWaiting = mostWaiting
  }

  func address(of failure: Tallies.FirstFailure) -> String? {
    addresses.indices.contains(Int(failure.address)) ? addresses[Int(failure.address)] : nil
  }
}
