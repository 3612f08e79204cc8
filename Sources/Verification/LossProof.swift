import Observations

/// Whether it is certain that no span was lost on its way: only then is a missing one the server's.
package struct LossProof: Hashable, Sendable {
  /// What speaks against it, in a sentence each; empty where nothing was lost.
  package let doubts: [String]

  package var isLossless: Bool { doubts.isEmpty }

  package init(doubts: [String]) { self.doubts = doubts }

  /// - Parameter activeUntil: when a message was sent or answered last, in nanoseconds since 1970; what an SDK counted
  ///   before says nothing of the rest. Nil where nobody knows.
  init(_ books: CollectorBooks, _ tallies: Tallies, droppedDeliveries: UInt64, activeUntil: UInt64? = nil) {
    var doubts: [String] = []
    let balances = Dictionary(books.balances.map { ($0.exporter, $0) }) { first, _ in first }
    let exporters = books.exporters.filter { books.services.isEmpty || books.services.contains($0.service) }
    if exporters.allSatisfy({ $0.spans == 0 }) { doubts.append("no exporter has sent spans") }
    for exporter in exporters where exporter.spans > 0 || balances[exporter.name] != nil {
      guard let balance = balances[exporter.name] else {
        doubts.append("'\(exporter.name)' sends no metrics of its SDK, so nobody knows what it lost")
        continue
      }
      if balance.beganBefore { doubts.append("'\(exporter.name)' was there before this tool listened") }
      if balance.ahead > 0 || activeUntil.map({ balance.readAt < $0 }) == true {
        doubts.append("'\(exporter.name)' counted its spans last before the load was over")
      }
      if balance.lost > 0 { doubts.append("'\(exporter.name)' lost \(balance.lost) spans") }
      if balance.live > 0 || balance.waiting > 0 {
        doubts.append("'\(exporter.name)' had not exported \(balance.live &+ balance.waiting) spans at its last count")
      }
    }
    let counts = books.counts
    if counts.refusedRequests > 0 { doubts.append("the collector refused \(counts.refusedRequests) requests") }
    if counts.invalidSpans > 0 { doubts.append("\(counts.invalidSpans) spans had IDs that OTLP forbids") }
    let unkept = tallies.spansDropped + tallies.spansForgotten + tallies.spansUnnamed
    if unkept > 0 { doubts.append("this tool could not keep \(unkept) spans") }
    if droppedDeliveries > 0 { doubts.append("this tool dropped \(droppedDeliveries) batches of observations") }
    self.doubts = doubts
  }
}
