extension MetricPoint.Attribute {
  /// Reads a KeyValue.
  init(_ message: WireCursor, _ body: RawSpan) throws(ScanError) {
    var budget = AnyValueBudget()
    let (key, value) = try AnyValue.keyValue(message, body, &budget)
    self.init(key, value.attributeValue)
    if case .rendered(let text) = self.value, text.utf8.count > MetricLimit.textBytes.rawValue {
      throw .tooLarge(.textBytes, at: message.position)
    }
  }
}

extension AnyValue {
  /// The value of a KeyValue.
  init(of message: WireCursor, _ body: RawSpan) throws(ScanError) {
    var budget = AnyValueBudget()
    self = try Self.keyValue(message, body, &budget).value
  }

  static func keyValue(
    _ message: WireCursor, _ body: RawSpan, _ budget: inout AnyValueBudget
  ) throws(ScanError) -> (key: String, value: AnyValue) {
    var key = WireCursor(uncheckedFrom: 0, to: 0)
    var value = AnyValue.none
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case KeyValueTag.key:
        key = try fields.field(body)
        try budget.takeText(key.count, at: key.position)
      case KeyValueTag.value: try value.merge(fields.field(body), body, &budget)
      default: try fields.skip(tag, body)
      }
    }
    return (try key.text(body), value)
  }

  /// Reads an AnyValue over what its field held before: the last member counts, an array or a list grows.
  private mutating func merge(
    _ message: WireCursor, _ body: RawSpan, _ budget: inout AnyValueBudget
  ) throws(ScanError) {
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case AnyValueTag.string:
        let text = try fields.field(body)
        try budget.takeText(text.count, at: text.position)
        self = .string(try text.text(body))
      case AnyValueTag.bool: self = .bool(try fields.varint(body) != 0)
      case AnyValueTag.int: self = .int(Int64(bitPattern: try fields.varint(body)))
      case AnyValueTag.double: self = .double(Double(bitPattern: try fields.fixed64(body)))
      case AnyValueTag.array: try mergeArray(fields.field(body), body, &budget)
      case AnyValueTag.keyValueList: try mergeList(fields.field(body), body, &budget)
      case AnyValueTag.bytes:
        let bytes = try fields.field(body)
        try budget.takeText(bytes.count, at: bytes.position)
        self = .bytes(body.extracting(bytes.range).withUnsafeBytes { Array($0) })
      case AnyValueTag.stringIndex:
        // An index into a table that only profiles have.
        _ = try fields.varint(body)
        self = .none
      default: try fields.skip(tag, body)
      }
    }
  }

  private mutating func mergeArray(
    _ message: WireCursor, _ body: RawSpan, _ budget: inout AnyValueBudget
  ) throws(ScanError) {
    try budget.enter(at: message.position)
    var values: [AnyValue] = []
    if case .array(let before) = self { values = before }
    self = .none
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case ArrayValueTag.value:
        try budget.takeValue(at: fields.position)
        var value = AnyValue.none
        try value.merge(fields.field(body), body, &budget)
        values.append(value)
      default: try fields.skip(tag, body)
      }
    }
    self = .array(values)
    budget.leave()
  }

  private mutating func mergeList(
    _ message: WireCursor, _ body: RawSpan, _ budget: inout AnyValueBudget
  ) throws(ScanError) {
    try budget.enter(at: message.position)
    var members: [(key: String, value: AnyValue)] = []
    if case .list(let before) = self { members = before }
    self = .none
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case ArrayValueTag.value:
        try budget.takeValue(at: fields.position)
        members.append(try Self.keyValue(fields.field(body), body, &budget))
      default: try fields.skip(tag, body)
      }
    }
    self = .list(members)
    budget.leave()
  }
}
