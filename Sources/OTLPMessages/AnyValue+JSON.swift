import JSONText

extension MetricPoint.Attribute {
  /// Reads a KeyValue where the reader stands.
  init(_ reader: inout JSONReader, _ text: Span<UInt8>) throws(ScanError) {
    let offset = reader.position
    var budget = AnyValueBudget()
    let (key, value) = try AnyValue.keyValue(&reader, text, &budget)
    self.init(key, value.attributeValue)
    if case .rendered(let text) = self.value, text.utf8.count > MetricLimit.textBytes.rawValue {
      throw .tooLarge(.textBytes, at: offset)
    }
  }
}

extension AnyValue {
  static func keyValue(
    _ reader: inout JSONReader, _ text: Span<UInt8>, _ budget: inout AnyValueBudget
  ) throws(ScanError) -> (key: String, value: AnyValue) {
    var key = ""
    var value = AnyValue.none
    var field = try reader.enterObject(text)
    while let name = field {
      if name.equals("key", text) {
        key = try reader.text(text, &budget)
      } else if name.equals("value", text) {
        value = try AnyValue(&reader, text, &budget)
      } else {
        try reader.skipValue(text)
      }
      field = try reader.nextKey(text)
    }
    return (key, value)
  }

  /// Reads an AnyValue where the reader stands.
  init(_ reader: inout JSONReader, _ text: Span<UInt8>, _ budget: inout AnyValueBudget) throws(ScanError) {
    self = .none
    var field = try reader.enterObject(text)
    while let name = field {
      if try !reader.takeNull(text) { try read(name, &reader, text, &budget) }
      field = try reader.nextKey(text)
    }
  }

  private mutating func read(
    _ name: JSONString, _ reader: inout JSONReader, _ text: Span<UInt8>, _ budget: inout AnyValueBudget
  ) throws(ScanError) {
    if name.equals("stringValue", text) {
      self = .string(try reader.text(text, &budget))
    } else if name.equals("boolValue", text) {
      self = .bool(try reader.bool(text))
    } else if name.equals("intValue", text) {
      self = .int(try reader.int64(text))
    } else if name.equals("doubleValue", text) {
      self = .double(try reader.double(text))
    } else if name.equals("bytesValue", text) {
      let offset = reader.position
      guard let bytes = Base64.bytes(of: Array(try reader.text(text, &budget).utf8)) else {
        throw .wrongType(at: offset)
      }
      self = .bytes(bytes)
    } else if name.equals("arrayValue", text) {
      self = .array(
        try Self.values(&reader, text, &budget) { reader, budget throws(ScanError) in
          try AnyValue(&reader, text, &budget)
        })
    } else if name.equals("kvlistValue", text) {
      self = .list(
        try Self.values(&reader, text, &budget) { reader, budget throws(ScanError) in
          try Self.keyValue(&reader, text, &budget)
        })
    } else {
      try reader.skipValue(text)
    }
  }

  /// Reads the `values` of an ArrayValue or a KeyValueList.
  private static func values<Value>(
    _ reader: inout JSONReader, _ text: Span<UInt8>, _ budget: inout AnyValueBudget,
    _ read: (inout JSONReader, inout AnyValueBudget) throws(ScanError) -> Value
  ) throws(ScanError) -> [Value] {
    try budget.enter(at: reader.position)
    var values: [Value] = []
    try ExportRequestScanner.eachElement(of: "values", &reader, text) { reader throws(ScanError) in
      try budget.takeValue(at: reader.position)
      values.append(try read(&reader, &budget))
    }
    budget.leave()
    return values
  }
}

extension JSONReader {
  /// Reads a text that the budget pays for.
  fileprivate mutating func text(_ text: Span<UInt8>, _ budget: inout AnyValueBudget) throws(ScanError) -> String {
    let offset = position
    let value = try self.text(text)
    try budget.takeText(value.utf8.count, at: offset)
    return value
  }
}
