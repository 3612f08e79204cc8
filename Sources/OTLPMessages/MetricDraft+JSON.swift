import JSONText

extension MetricDraft {
  /// Reads a data point of this kind where the reader stands.
  init(_ kind: MetricKind, _ reader: inout JSONReader, _ text: Span<UInt8>) throws(ScanError) {
    self.init()
    var field = try reader.enterObject(text)
    while let key = field {
      // Null is a missing field, and there is no field here that its presence would clear.
      if try !reader.takeNull(text), try !readCommon(key, &reader, text), try !read(kind, key, &reader, text) {
        try reader.skipValue(text)
      }
      field = try reader.nextKey(text)
    }
  }

  private mutating func readCommon(
    _ key: JSONString, _ reader: inout JSONReader, _ text: Span<UInt8>
  ) throws(ScanError) -> Bool {
    if key.equals("startTimeUnixNano", text) {
      start = try reader.uint64(text)
    } else if key.equals("timeUnixNano", text) {
      time = try reader.uint64(text)
    } else if key.equals("flags", text) {
      flags = try reader.uint32(text)
    } else if key.equals("attributes", text) {
      try readAttributes(&reader, text)
    } else {
      return false
    }
    return true
  }

  private mutating func read(
    _ kind: MetricKind, _ key: JSONString, _ reader: inout JSONReader, _ text: Span<UInt8>
  ) throws(ScanError) -> Bool {
    switch kind {
    case .gauge, .sum: try readNumber(key, &reader, text)
    case .histogram: try readTotals(key, &reader, text) ? true : try readBuckets(key, &reader, text)
    case .exponentialHistogram: try readTotals(key, &reader, text) ? true : try readExponents(key, &reader, text)
    case .summary: try readTotals(key, &reader, text)
    }
  }

  private mutating func readNumber(
    _ key: JSONString, _ reader: inout JSONReader, _ text: Span<UInt8>
  ) throws(ScanError) -> Bool {
    if key.equals("asInt", text) {
      number = .int(try reader.int64(text))
    } else if key.equals("asDouble", text) {
      number = .double(try reader.double(text))
    } else {
      return false
    }
    return true
  }

  private mutating func readTotals(
    _ key: JSONString, _ reader: inout JSONReader, _ text: Span<UInt8>
  ) throws(ScanError) -> Bool {
    if key.equals("count", text) {
      totals.count = try reader.uint64(text)
    } else if key.equals("sum", text) {
      totals.sum = try reader.double(text)
    } else if key.equals("min", text) {
      totals.min = try reader.double(text)
    } else if key.equals("max", text) {
      totals.max = try reader.double(text)
    } else {
      return false
    }
    return true
  }

  private mutating func readBuckets(
    _ key: JSONString, _ reader: inout JSONReader, _ text: Span<UInt8>
  ) throws(ScanError) -> Bool {
    if key.equals("bucketCounts", text) {
      var isInside = try reader.enterArray(text)
      while isInside {
        try append(bucketCount: reader.uint64(text), at: reader.position)
        isInside = try reader.nextElement(text)
      }
    } else if key.equals("explicitBounds", text) {
      var isInside = try reader.enterArray(text)
      while isInside {
        try append(bound: reader.double(text), at: reader.position)
        isInside = try reader.nextElement(text)
      }
    } else {
      return false
    }
    return true
  }

  private mutating func readExponents(
    _ key: JSONString, _ reader: inout JSONReader, _ text: Span<UInt8>
  ) throws(ScanError) -> Bool {
    if key.equals("scale", text) {
      scale = try reader.int32(text)
    } else if key.equals("zeroCount", text) {
      zeroCount = try reader.uint64(text)
    } else if key.equals("zeroThreshold", text) {
      zeroThreshold = try reader.double(text)
    } else if key.equals("positive", text) {
      positive = try .init(&reader, text)
    } else if key.equals("negative", text) {
      negative = try .init(&reader, text)
    } else {
      return false
    }
    return true
  }

  private mutating func readAttributes(_ reader: inout JSONReader, _ text: Span<UInt8>) throws(ScanError) {
    var isInside = try reader.enterArray(text)
    while isInside {
      let offset = reader.position
      try append(.init(&reader, text), at: offset)
      isInside = try reader.nextElement(text)
    }
  }
}

extension MetricPoint.Buckets {
  fileprivate init(_ reader: inout JSONReader, _ text: Span<UInt8>) throws(ScanError) {
    self.init()
    var field = try reader.enterObject(text)
    while let key = field {
      if key.equals("offset", text) {
        offset = try reader.int32(text)
      } else if key.equals("bucketCounts", text) {
        var isInside = try reader.enterArray(text)
        while isInside {
          try append(reader.uint64(text), at: reader.position)
          isInside = try reader.nextElement(text)
        }
      } else {
        try reader.skipValue(text)
      }
      field = try reader.nextKey(text)
    }
  }
}
