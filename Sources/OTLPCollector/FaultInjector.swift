import OTLPMessages

/// Decides which request meets which fault, by counting: the same requests meet the same faults in every run.
struct FaultInjector {
  private let injections: [FaultInjection]
  /// Requests so far, by signal.
  private var counts: [OTLPSignal: UInt64] = [:]

  init(_ injections: [FaultInjection]) { self.injections = injections }

  /// The faults that the next request of a signal meets: the first that refuses it or breaks the connection alone,
  /// else all that only change its answer.
  mutating func next(_ signal: OTLPSignal) -> [FaultInjection] {
    guard !injections.isEmpty else { return [] }
    let number = counts[signal, default: 0]
    counts[signal] = number &+ 1
    let met = injections.filter { $0.portion.contains(number) }
    if let decisive = met.first(where: \.fault.storesNothing) { return [decisive] }
    return met
  }
}
