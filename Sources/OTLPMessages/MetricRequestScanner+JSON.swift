import JSONText

extension MetricRequestScanner {
  /// Reads the metric where the reader stands; its points are read when the rest of it is known.
  static func scanMetric<Sink: MetricSink & ~Copyable>(
    _ reader: inout JSONReader, _ text: Span<UInt8>, into sink: inout Sink
  ) throws(ScanError) {
    var head = MetricHead()
    var data: (kind: MetricKind, place: JSONReader)?
    var field = try reader.enterObject(text)
    while let key = field {
      if key.equals("name", text) {
        head.name = try reader.text(text)
      } else if key.equals("unit", text) {
        head.unit = try reader.text(text)
      } else if try !reader.takeNull(text) {
        if let kind = kind(of: key, text) { data = (kind, reader) }
        try reader.skipValue(text)
      }
      field = try reader.nextKey(text)
    }
    guard let data else { return }
    var again = data.place
    switch data.kind {
    case .gauge, .summary: break
    case .sum, .histogram, .exponentialHistogram:
      try scanTemporality(&again, text, ofSum: data.kind == .sum, into: &head)
    }
    again = data.place
    try ExportRequestScanner.eachElement(of: "dataPoints", &again, text) { reader throws(ScanError) in
      sink.append(try MetricDraft(data.kind, &reader, text).point(of: data.kind, head))
    }
  }

  private static func kind(of key: JSONString, _ text: Span<UInt8>) -> MetricKind? {
    for kind in MetricKind.allCases where key.equals(kind.jsonKey, text) { return kind }
    return nil
  }

  private static let temporalities: [StaticString] = [
    "AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA", "AGGREGATION_TEMPORALITY_CUMULATIVE",
  ]

  private static func scanTemporality(
    _ reader: inout JSONReader, _ text: Span<UInt8>, ofSum isSum: Bool, into head: inout MetricHead
  ) throws(ScanError) {
    var field = try reader.enterObject(text)
    while let key = field {
      if key.equals("aggregationTemporality", text) {
        head.temporality = .init(rawValue: try reader.enumeration(text, temporalities)) ?? .unspecified
      } else if isSum, key.equals("isMonotonic", text) {
        head.isMonotonic = try reader.bool(text)
      } else {
        try reader.skipValue(text)
      }
      field = try reader.nextKey(text)
    }
  }
}

extension JSONReader {
  /// Reads a string as a value of its own; empty for a null.
  mutating func text(_ text: Span<UInt8>) throws(ScanError) -> String {
    guard let string = try string(text) else { return "" }
    guard string.count <= MetricLimit.textBytes.rawValue else { throw .tooLarge(.textBytes, at: string.start) }
    return String(decoding: string.unescaped(text), as: UTF8.self)
  }
}
