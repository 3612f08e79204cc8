/// OTLP's AnyValue as a tree, which lives only until it is rendered.
indirect enum AnyValue {
  case none
  case string(String)
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case array([AnyValue])
  case list([(key: String, value: AnyValue)])
  case bytes([UInt8])

  var attributeValue: MetricPoint.AttributeValue {
    switch self {
    case .string(let text): .string(text)
    case .bool(let flag): .bool(flag)
    case .int(let number): .int(number)
    case .double(let number): .double(number)
    case .bytes(let bytes): .rendered(Base64.text(of: bytes))
    case .none, .array, .list: .rendered(rendered)
    }
  }

  /// JSON text; it recurses no deeper than the tree, which `AnyValueBudget` bounds.
  private var rendered: String {
    switch self {
    case .none: "null"
    case .string(let text): text.jsonLiteral
    case .bool(let flag): "\(flag)"
    case .int(let number): "\(number)"
    case .double(let number): Self.rendered(number)
    case .bytes(let bytes): "\"\(Base64.text(of: bytes))\""
    case .array(let values): "[\(values.map(\.rendered).joined(separator: ","))]"
    case .list(let members):
      "{\(members.map { "\($0.key.jsonLiteral):\($0.value.rendered)" }.joined(separator: ","))}"
    }
  }

  /// JSON has no numbers for what is not finite: the JSON mapping of Protocol Buffers writes texts.
  private static func rendered(_ number: Double) -> String {
    if number.isNaN { return "\"NaN\"" }
    if number.isInfinite { return number < 0 ? "\"-Infinity\"" : "\"Infinity\"" }
    return number.description
  }
}

/// What is left for one attribute: the values inside of its value, and all of its text.
struct AnyValueBudget {
  private var textBytes = MetricLimit.textBytes.rawValue
  private var values = MetricLimit.valuesPerAttribute.rawValue
  private var levels = MetricLimit.depth

  /// Pays for a value inside of an array or a list.
  mutating func takeValue(at offset: Int) throws(ScanError) {
    guard values > 0 else { throw .tooLarge(.valuesPerAttribute, at: offset) }
    values -= 1
  }

  /// Pays for a key, a text or bytes of so many bytes.
  mutating func takeText(_ count: Int, at offset: Int) throws(ScanError) {
    guard count <= textBytes else { throw .tooLarge(.textBytes, at: offset) }
    textBytes -= count
  }

  mutating func enter(at offset: Int) throws(ScanError) {
    guard levels > 0 else { throw .tooDeep(at: offset) }
    levels -= 1
  }

  mutating func leave() { levels += 1 }
}
