import Observations
import Testing
import Timing

@testable import OTLPCollector

@Suite("The measure of the collector's own slowness")
struct StallMeterTests {
  @Test("shows how long the collector's thread was held by whoever takes the spans")
  func stall() throws {
    let collector = try Collector.start { _ in
      let begin = Instant.now
      while Instant.now - begin < 250_000_000 {}
      return true
    }
    defer { collector.stop() }
    let connection = try ExporterConnection(port: collector.port)
    #expect(try connection.answer(to: ExportRequest(body: traceBody())).status == 200)
    let begin = Instant.now
    // A tick is due at most a tenth of a second after the thread was taken.
    while collector.counts.longestStallNanoseconds < 100_000_000, Instant.now - begin < 10 * nanosecondsPerSecond {}
    #expect(collector.counts.longestStallNanoseconds >= 100_000_000)
  }
}
