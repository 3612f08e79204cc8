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

/// The two texts that name a resource, or a scope, in a JSON body.
struct JSONNames {
  var first: JSONString?
  var second: JSONString?
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
      &reader, text, head: "resource", tail: keys.scopes, into: &sink, readHead: resource,
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
      &reader, text, head: "scope", tail: keys.records, into: &sink, readHead: scope,
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
    var skippedEnd = 0
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
    var again = start
    while again.position < skippedEnd {
      key = again.position == start.position ? try again.enterObject(text) : try again.nextKey(text)
      if key?.equals(tail, text) == true, again.position < skippedEnd {
        try eachElement(&again, text) { reader throws(ScanError) in try readTail(&reader, text, &sink) }
      } else {
        try again.skipValue(text)
      }
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

  private static func scope(
    _ reader: inout JSONReader, _ text: Span<UInt8>, into names: inout JSONNames
  ) throws(ScanError) {
    var key = try reader.enterObject(text)
    while let name = key {
      if name.equals("name", text) {
        names.first = try reader.string(text)
      } else if name.equals("version", text) {
        names.second = try reader.string(text)
      } else {
        try reader.skipValue(text)
      }
      key = try reader.nextKey(text)
    }
  }

  private static func resource(
    _ reader: inout JSONReader, _ text: Span<UInt8>, into names: inout JSONNames
  ) throws(ScanError) {
    var service = names
    try eachElement(of: "attributes", &reader, text) { reader throws(ScanError) in
      let (key, value) = try attribute(&reader, text)
      if key?.equals("service.name", text) == true {
        service.first = value
      } else if key?.equals("service.instance.id", text) == true {
        service.second = value
      }
    }
    names = service
  }

  /// The key and the value of a KeyValue; the value is nil unless it is a string.
  private static func attribute(
    _ reader: inout JSONReader, _ text: Span<UInt8>
  ) throws(ScanError) -> (key: JSONString?, value: JSONString?) {
    var key: JSONString?
    var value: JSONString?
    var field = try reader.enterObject(text)
    while let name = field {
      if name.equals("key", text) {
        key = try reader.string(text)
      } else if name.equals("value", text) {
        value = try stringValue(&reader, text)
      } else {
        try reader.skipValue(text)
      }
      field = try reader.nextKey(text)
    }
    return (key, value)
  }

  /// The string of an AnyValue, nil where it is of another kind.
  private static func stringValue(_ reader: inout JSONReader, _ text: Span<UInt8>) throws(ScanError) -> JSONString? {
    var value: JSONString?
    var field = try reader.enterObject(text)
    while let name = field {
      if name.equals("stringValue", text) { value = try reader.string(text) } else { try reader.skipValue(text) }
      field = try reader.nextKey(text)
    }
    return value
  }
}
