/// All that a collector can tell of what it received, and from whom.
package struct CollectorBooks: Hashable, Sendable {
  package var counts: CollectorCounts
  /// In the order in which they first sent something.
  package var exporters: [ExporterBooks]
  package var series: [MetricSeries]
  /// Data points of series that found no room.
  package var droppedPoints: UInt64
  /// Nanoseconds since 1970.
  package var listeningSince: UInt64
  /// The services that are asked for; empty for all.
  package var services: [String]

  package init(
    counts: CollectorCounts = CollectorCounts(), exporters: [ExporterBooks] = [], series: [MetricSeries] = [],
    droppedPoints: UInt64 = 0, listeningSince: UInt64 = 0, services: [String] = []
  ) {
    self.counts = counts
    self.exporters = exporters
    self.series = series
    self.droppedPoints = droppedPoints
    self.listeningSince = listeningSince
    self.services = services
  }

  /// Of the exporters that send metrics of their SDK and are asked for.
  package var balances: [SpanBalance] {
    exporters.enumerated().compactMap { place, books in
      guard services.isEmpty || services.contains(books.service) else { return nil }
      return SpanBalance(books, at: place, series, listeningSince: listeningSince)
    }
  }
}
