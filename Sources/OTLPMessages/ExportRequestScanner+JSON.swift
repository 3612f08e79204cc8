import JSONText

/// The keys on the way to the records of a signal.
struct RecordKeys {
  let resources: StaticString
  let scopes: StaticString
  let records: StaticString

  static let traces = RecordKeys(resources: "resourceSpans", scopes: "scopeSpans", records: "spans")
  static let metrics = RecordKeys(resources: "resourceMetrics", scopes: "scopeMetrics", records: "metrics")
  static let logs = RecordKeys(resources: "resourceLogs", scopes: "scopeLogs", records: "logRecords")
}

extension ExportRequestScanner {
  /// Reads the record that begins where the reader stands, and steps over it.
  typealias JSONRecord<Sink: ~Copyable> = (inout JSONReader, Span<UInt8>, inout Sink) throws(ScanError) -> Void

  /// Hands resources, scopes and the place of every record of a JSON body over.
  ///
  /// Keys are in lowerCamelCase only and come in any order; unknown ones are skipped. The last of equal keys counts,
  /// but for a resource or a scope that comes again after its records: that is skipped.
  static func scanJSON<Sink: ExportSink & ~Copyable>(
    _ body: RawSpan, _ keys: RecordKeys, into sink: inout Sink, record: JSONRecord<Sink>
  ) throws(ScanError) {
    try body.withUnsafeBytes { bytes throws(ScanError) in
      let text = bytes.bindMemory(to: UInt8.self).span
      do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: text)
      } catch {
        throw ScanError.invalidUTF8(at: error.byteOffsets.lowerBound)
      }
      var reader = JSONReader()
      try eachElement(of: keys.resources, &reader, text) { reader throws(ScanError) in
        try scanResourceRecords(&reader, text, keys, into: &sink, record: record)
      }
      try reader.expectEnd(text)
    }
  }

  private static func scanResourceRecords<Sink: ExportSink & ~Copyable>(
    _ reader: inout JSONReader, _ text: Span<UInt8>, _ keys: RecordKeys, into sink: inout Sink,
    record: JSONRecord<Sink>
  ) throws(ScanError) {
    try headFirst(
      &reader, text, head: "resource", tail: keys.scopes, into: &sink, readHead: scanResource,
      begin: { service, text, sink in
        let name = service.first?.unescaped(text) ?? []
        let instance = service.second?.unescaped(text) ?? []
        sink.beginResource(serviceName: name.span.bytes, serviceInstance: instance.span.bytes)
      },
      readTail: { reader, text, sink throws(ScanError) in
        try scanScopeRecords(&reader, text, keys, into: &sink, record: record)
      })
  }

  private static func scanScopeRecords<Sink: ExportSink & ~Copyable>(
    _ reader: inout JSONReader, _ text: Span<UInt8>, _ keys: RecordKeys, into sink: inout Sink,
    record: JSONRecord<Sink>
  ) throws(ScanError) {
    try headFirst(
      &reader, text, head: "scope", tail: keys.records, into: &sink, readHead: scanScope,
      begin: { scope, text, sink in
        let name = scope.first?.unescaped(text) ?? []
        let version = scope.second?.unescaped(text) ?? []
        sink.beginScope(name: name.span.bytes, version: version.span.bytes)
      }, readTail: record)
  }

  /// Reads an object with a head, and a tail of elements that need the head first.
  ///
  /// Where elements come before the head they are skipped, and read once the head is known: exporters write the head
  /// first, and skipping JSON is half the work of reading it.
  private static func headFirst<Sink: ExportSink & ~Copyable>(
    _ reader: inout JSONReader, _ text: Span<UInt8>, head: StaticString, tail: StaticString, into sink: inout Sink,
    readHead: (inout JSONReader, Span<UInt8>, inout JSONNames) throws(ScanError) -> Void,
    begin: (JSONNames, Span<UInt8>, inout Sink) -> Void, readTail: JSONRecord<Sink>
  ) throws(ScanError) {
    let start = reader
    var names = JSONNames()
    var hasHead = false
    var hasBegun = false
    // Tails before this place have been skipped.
    var skippedEnd = start.position
    var key = try reader.enterObject(text)
    while let name = key {
      if name.equals(head, text), !hasBegun {
        try readHead(&reader, text, &names)
        hasHead = true
      } else if name.equals(tail, text), hasHead {
        if !hasBegun { begin(names, text, &sink) }
        hasBegun = true
        try eachElement(&reader, text) { reader throws(ScanError) in try readTail(&reader, text, &sink) }
      } else {
        try reader.skipValue(text)
        if name.equals(tail, text) { skippedEnd = reader.position }
      }
      key = try reader.nextKey(text)
    }
    if !hasBegun { begin(names, text, &sink) }
    try readSkipped(from: start, to: skippedEnd, text, tail: tail, into: &sink, readTail: readTail)
  }

  /// Reads the tails of the object at `start` that end at `end` or before.
  private static func readSkipped<Sink: ExportSink & ~Copyable>(
    from start: JSONReader, to end: Int, _ text: Span<UInt8>, tail: StaticString, into sink: inout Sink,
    readTail: JSONRecord<Sink>
  ) throws(ScanError) {
    guard start.position < end else { return }
    var reader = start
    var key = try reader.enterObject(text)
    while let name = key {
      if name.equals(tail, text) {
        try eachElement(&reader, text) { reader throws(ScanError) in try readTail(&reader, text, &sink) }
      } else {
        try reader.skipValue(text)
      }
      key = reader.position < end ? try reader.nextKey(text) : nil
    }
  }

  /// Reads every element of one member of an object and skips the others.
  static func eachElement(
    of member: StaticString, _ reader: inout JSONReader, _ text: Span<UInt8>,
    _ read: (inout JSONReader) throws(ScanError) -> Void
  ) throws(ScanError) {
    var key = try reader.enterObject(text)
    while let name = key {
      if name.equals(member, text) { try eachElement(&reader, text, read) } else { try reader.skipValue(text) }
      key = try reader.nextKey(text)
    }
  }

  /// Reads every element of an array.
  @inline(__always)
  static func eachElement(
    _ reader: inout JSONReader, _ text: Span<UInt8>, _ read: (inout JSONReader) throws(ScanError) -> Void
  ) throws(ScanError) {
    var isInside = try reader.enterArray(text)
    while isInside {
      try read(&reader)
      isInside = try reader.nextElement(text)
    }
  }
}
