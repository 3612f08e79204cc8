import JSONText

/// The two texts that name a resource, or a scope, in a JSON body.
struct JSONNames {
  var first: JSONString?
  var second: JSONString?
}

extension ExportRequestScanner {
  /// Reads the name and version of a scope where the reader stands.
  static func scanScope(
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

  /// Reads the service's name and instance of a resource where the reader stands.
  static func scanResource(
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
