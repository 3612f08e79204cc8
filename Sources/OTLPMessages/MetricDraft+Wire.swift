extension MetricDraft {
  /// Reads a data point of this kind.
  init(_ kind: MetricKind, _ message: WireCursor, _ body: RawSpan) throws(ScanError) {
    self.init()
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      let isRead =
        switch kind {
        case .gauge, .sum: try readNumber(tag, &fields, body)
        case .histogram: try readHistogram(tag, &fields, body)
        case .exponentialHistogram: try readExponentialHistogram(tag, &fields, body)
        case .summary: try readSummary(tag, &fields, body)
        }
      if !isRead { try fields.skip(tag, body) }
    }
  }

  /// Times have the same numbers in every kind of point.
  private mutating func readTime(
    _ tag: UInt64, _ fields: inout WireCursor, _ body: RawSpan
  ) throws(ScanError) -> Bool {
    switch tag {
    case PointTag.start: start = try fields.fixed64(body)
    case PointTag.time: time = try fields.fixed64(body)
    default: return false
    }
    return true
  }

  private mutating func readAttribute(_ fields: inout WireCursor, _ body: RawSpan) throws(ScanError) {
    let offset = fields.position
    try append(.init(fields.field(body), body), at: offset)
  }

  private mutating func readNumber(
    _ tag: UInt64, _ fields: inout WireCursor, _ body: RawSpan
  ) throws(ScanError) -> Bool {
    switch tag {
    case NumberPointTag.double: number = .double(try fields.double(body))
    case NumberPointTag.int: number = .int(Int64(bitPattern: try fields.fixed64(body)))
    case NumberPointTag.attribute: try readAttribute(&fields, body)
    case NumberPointTag.flags: flags = UInt32(truncatingIfNeeded: try fields.varint(body))
    default: return try readTime(tag, &fields, body)
    }
    return true
  }

  private mutating func readHistogram(
    _ tag: UInt64, _ fields: inout WireCursor, _ body: RawSpan
  ) throws(ScanError) -> Bool {
    switch tag {
    case HistogramPointTag.count: totals.count = try fields.fixed64(body)
    case HistogramPointTag.sum: totals.sum = try fields.double(body)
    case HistogramPointTag.bucketCount: try append(bucketCount: fields.fixed64(body), at: fields.position)
    case HistogramPointTag.bucketCounts:
      var packed = try fields.field(body)
      while packed.hasMore { try append(bucketCount: packed.fixed64(body), at: packed.position) }
    case HistogramPointTag.bound: try append(bound: fields.double(body), at: fields.position)
    case HistogramPointTag.bounds:
      var packed = try fields.field(body)
      while packed.hasMore { try append(bound: packed.double(body), at: packed.position) }
    case HistogramPointTag.attribute: try readAttribute(&fields, body)
    case HistogramPointTag.flags: flags = UInt32(truncatingIfNeeded: try fields.varint(body))
    case HistogramPointTag.min: totals.min = try fields.double(body)
    case HistogramPointTag.max: totals.max = try fields.double(body)
    default: return try readTime(tag, &fields, body)
    }
    return true
  }

  private mutating func readExponentialHistogram(
    _ tag: UInt64, _ fields: inout WireCursor, _ body: RawSpan
  ) throws(ScanError) -> Bool {
    switch tag {
    case ExponentialPointTag.attribute: try readAttribute(&fields, body)
    case ExponentialPointTag.count: totals.count = try fields.fixed64(body)
    case ExponentialPointTag.sum: totals.sum = try fields.double(body)
    case ExponentialPointTag.scale: scale = try fields.zigzag32(body)
    case ExponentialPointTag.zeroCount: zeroCount = try fields.fixed64(body)
    case ExponentialPointTag.positive: try positive.read(fields.field(body), body)
    case ExponentialPointTag.negative: try negative.read(fields.field(body), body)
    case ExponentialPointTag.flags: flags = UInt32(truncatingIfNeeded: try fields.varint(body))
    case ExponentialPointTag.min: totals.min = try fields.double(body)
    case ExponentialPointTag.max: totals.max = try fields.double(body)
    case ExponentialPointTag.zeroThreshold: zeroThreshold = try fields.double(body)
    default: return try readTime(tag, &fields, body)
    }
    return true
  }

  private mutating func readSummary(
    _ tag: UInt64, _ fields: inout WireCursor, _ body: RawSpan
  ) throws(ScanError) -> Bool {
    switch tag {
    case SummaryPointTag.count: totals.count = try fields.fixed64(body)
    case SummaryPointTag.sum: totals.sum = try fields.double(body)
    case SummaryPointTag.attribute: try readAttribute(&fields, body)
    case SummaryPointTag.flags: flags = UInt32(truncatingIfNeeded: try fields.varint(body))
    default: return try readTime(tag, &fields, body)
    }
    return true
  }
}

extension MetricPoint.Buckets {
  fileprivate mutating func read(_ message: WireCursor, _ body: RawSpan) throws(ScanError) {
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case BucketsTag.offset: offset = try fields.zigzag32(body)
      case BucketsTag.count: try append(fields.varint(body), at: fields.position)
      case BucketsTag.counts:
        var packed = try fields.field(body)
        while packed.hasMore { try append(packed.varint(body), at: packed.position) }
      default: try fields.skip(tag, body)
      }
    }
  }

  mutating func append(_ count: UInt64, at offset: Int) throws(ScanError) {
    try MetricDraft.append(count, to: &counts, .bucketsPerPoint, at: offset)
  }
}

extension WireCursor {
  fileprivate mutating func double(_ body: RawSpan) throws(ScanError) -> Double {
    Double(bitPattern: try fixed64(body))
  }

  /// A sint32 (Protocol Buffers encoding, "Signed Integers").
  fileprivate mutating func zigzag32(_ body: RawSpan) throws(ScanError) -> Int32 {
    let value = UInt32(truncatingIfNeeded: try varint(body))
    return Int32(bitPattern: value >> 1) ^ -Int32(bitPattern: value & 1)
  }

  /// What is left of the message as text, repaired where it is not UTF-8.
  func text(_ body: RawSpan) throws(ScanError) -> String {
    guard count <= MetricLimit.textBytes.rawValue else { throw .tooLarge(.textBytes, at: position) }
    return body.extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}
