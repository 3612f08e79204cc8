import Observations

/// What of one body came from one scope of one exporter.
struct ExporterShare: Equatable {
  /// Number of the exporter; `ExporterNames.overflow` for one that no longer fits.
  var exporter: Int
  var scopeName: String
  var scopeVersion: String
  var spans = 0
  var invalidSpans = 0
  /// When the newest of its spans ended, on the target's clock.
  var newestEnd: UInt64 = 0
}

/// The books of every exporter, within bounds.
struct ExporterTable {
  private(set) var books: [ExporterBooks] = []
  private static let scopeLimit = 128

  /// Makes books for the exporters that are new, in the order of their numbers.
  mutating func announce(_ exporters: [(service: String, instance: String)]) {
    for exporter in exporters {
      books.append(ExporterBooks(service: exporter.service, instance: exporter.instance))
    }
  }

  /// Books a batch that was taken now, or before.
  ///
  /// - Parameter wallNow: nanoseconds since 1970.
  mutating func add(_ shares: [ExporterShare], isRepeated: Bool, wallNow: UInt64) {
    var index = 0
    while index < shares.count {
      let exporter = shares[index].exporter
      var spans = 0
      var newestEnd: UInt64 = 0
      // An exporter's scopes stand one after the other.
      while index < shares.count, shares[index].exporter == exporter {
        spans += shares[index].spans
        newestEnd = max(newestEnd, shares[index].newestEnd)
        add(shares[index], isRepeated: isRepeated)
        index += 1
      }
      guard books.indices.contains(exporter) else { continue }
      books[exporter].requests += 1
      guard spans > 0, !isRepeated else { continue }
      books[exporter].queue.add(batch: spans, age: Int64(clamping: wallNow) &- Int64(clamping: newestEnd))
    }
  }

  mutating func add(dataPoints: UInt64, of exporter: Int) {
    guard books.indices.contains(exporter) else { return }
    books[exporter].requests += 1
    books[exporter].dataPoints += dataPoints
  }

  mutating func add(logRecords: UInt64, of exporter: Int) {
    guard books.indices.contains(exporter) else { return }
    books[exporter].requests += 1
    books[exporter].logRecords += logRecords
  }

  private mutating func add(_ share: ExporterShare, isRepeated: Bool) {
    guard books.indices.contains(share.exporter) else { return }
    books[share.exporter].invalidSpans += UInt64(clamping: share.invalidSpans)
    guard !isRepeated else {
      books[share.exporter].duplicateSpans += UInt64(clamping: share.spans)
      return
    }
    books[share.exporter].spans += UInt64(clamping: share.spans)
    let scope = books[share.exporter].scopes.firstIndex {
      $0.name == share.scopeName && $0.version == share.scopeVersion
    }
    if let scope {
      books[share.exporter].scopes[scope].spans += UInt64(clamping: share.spans)
    } else if books[share.exporter].scopes.count < Self.scopeLimit {
      var books = ScopeBooks(name: share.scopeName, version: share.scopeVersion)
      books.spans = UInt64(clamping: share.spans)
      self.books[share.exporter].scopes.append(books)
    }
  }
}
