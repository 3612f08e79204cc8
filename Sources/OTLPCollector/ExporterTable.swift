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
  /// - Parameters:
  ///   - bytes: of the body.
  ///   - wallNow: nanoseconds since 1970.
  mutating func add(_ shares: [ExporterShare], bytes: Int, isRepeated: Bool, wallNow: UInt64) {
    var parts = ByteParts(bytes: bytes, records: shares.reduce(0) { $0 + $1.spans + $1.invalidSpans })
    var index = 0
    while index < shares.count {
      let exporter = shares[index].exporter
      var spans = 0
      var records = 0
      var newestEnd: UInt64 = 0
      // An exporter's scopes stand one after the other.
      while index < shares.count, shares[index].exporter == exporter {
        spans += shares[index].spans
        records += shares[index].spans + shares[index].invalidSpans
        newestEnd = max(newestEnd, shares[index].newestEnd)
        add(shares[index], isRepeated: isRepeated)
        index += 1
      }
      let bytes = parts.next(records)
      guard books.indices.contains(exporter) else { continue }
      books[exporter].requests += 1
      books[exporter].bytes += bytes
      guard spans > 0, !isRepeated else { continue }
      books[exporter].queue.add(batch: spans, age: Int64(clamping: wallNow) &- Int64(clamping: newestEnd))
    }
  }

  /// Books the data points or log records of a body.
  mutating func add(_ tally: RecordTally, bytes: Int, as kind: WritableKeyPath<ExporterBooks, UInt64>) {
    var parts = ByteParts(bytes: bytes, records: Int(clamping: tally.total))
    for (exporter, count) in tally.records {
      let bytes = parts.next(Int(clamping: count))
      guard books.indices.contains(Int(exporter)) else { continue }
      books[Int(exporter)].requests += 1
      books[Int(exporter)].bytes += bytes
      books[Int(exporter)][keyPath: kind] += count
    }
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

/// A body's bytes, in parts by the records of each exporter, which add up to the whole.
struct ByteParts {
  private let bytes: UInt64
  private let records: UInt64
  private var recordsSoFar: UInt64 = 0
  private var bytesSoFar: UInt64 = 0

  init(bytes: Int, records: Int) {
    self.bytes = UInt64(clamping: bytes)
    self.records = UInt64(clamping: records)
  }

  /// The bytes of the next so many records.
  mutating func next(_ count: Int) -> UInt64 {
    guard records > 0 else { return 0 }
    recordsSoFar = min(recordsSoFar + UInt64(clamping: count), records)
    // Neither factor is beyond 2³⁰, the largest body.
    let end = bytes &* recordsSoFar / records
    defer { bytesSoFar = end }
    return end - bytesSoFar
  }
}
