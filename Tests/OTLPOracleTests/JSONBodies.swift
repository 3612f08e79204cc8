import OTLPMessages
import TestInputs

/// What a key of a JSON message may hold.
indirect enum JSONShape {
  case text
  /// Hexadecimal digits, mostly of this many.
  case identifier(digits: Int)
  case uint64, int64, uint32, int32, double, bool, base64
  /// A number, or a name behind the prefix.
  case enumeration(prefix: String, names: [String])
  case object(JSONSchema)
  case array(JSONShape)
  /// An AnyValue, which may hold others.
  case anyValue
}

/// The keys of a message; of those in one group, like the members of a oneof, there is one at most.
struct JSONSchema {
  var members: [(key: String, shape: JSONShape)]
  var oneOf: [(key: String, shape: JSONShape)] = []

  static func request(_ signal: OTLPSignal) -> JSONSchema {
    switch signal {
    case .traces: request("resourceSpans", "scopeSpans", "spans", span)
    case .metrics: request("resourceMetrics", "scopeMetrics", "metrics", metric)
    case .logs: request("resourceLogs", "scopeLogs", "logRecords", JSONSchema(members: [("severityText", .text)]))
    }
  }

  private static func request(
    _ resources: String, _ scopes: String, _ records: String, _ record: JSONSchema
  ) -> JSONSchema {
    let scope = JSONSchema(members: [("name", .text), ("version", .text), ("droppedAttributesCount", .uint32)])
    let scopeRecords = JSONSchema(members: [
      ("scope", .object(scope)), (records, .array(.object(record))), ("schemaUrl", .text),
    ])
    let value = JSONSchema(members: [], oneOf: [("stringValue", .text), ("stringValue", .text), ("intValue", .int64)])
    let named = JSONSchema(members: [("key", .text), ("value", .object(value))])
    let resource = JSONSchema(members: [("attributes", .array(.object(named)))])
    let resourceRecords = JSONSchema(members: [
      ("resource", .object(resource)), (scopes, .array(.object(scopeRecords))), ("schemaUrl", .text),
    ])
    return JSONSchema(members: [(resources, .array(.object(resourceRecords)))])
  }

  private static let keyValue = JSONSchema(members: [("key", .text), ("value", .anyValue)])

  private static let span: JSONSchema = {
    let kinds = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
    let code = JSONShape.enumeration(prefix: "STATUS_CODE_", names: ["UNSET", "OK", "ERROR"])
    return JSONSchema(members: [
      ("traceId", .identifier(digits: 32)), ("spanId", .identifier(digits: 16)),
      ("parentSpanId", .identifier(digits: 16)), ("name", .text),
      ("kind", .enumeration(prefix: "SPAN_KIND_", names: kinds)), ("startTimeUnixNano", .uint64),
      ("endTimeUnixNano", .uint64), ("attributes", .array(.object(keyValue))),
      ("status", .object(JSONSchema(members: [("message", .text), ("code", code)]))), ("flags", .uint32),
    ])
  }()

  private static let metric: JSONSchema = {
    let point: [(key: String, shape: JSONShape)] = [
      ("startTimeUnixNano", .uint64), ("timeUnixNano", .uint64), ("flags", .uint32),
      ("attributes", .array(.object(keyValue))),
    ]
    let totals: [(key: String, shape: JSONShape)] = [("count", .uint64), ("sum", .double)]
    let range: [(key: String, shape: JSONShape)] = [("min", .double), ("max", .double)]
    let buckets = JSONShape.object(JSONSchema(members: [("offset", .int32), ("bucketCounts", .array(.uint64))]))
    let number = JSONSchema(members: point, oneOf: [("asInt", .int64), ("asDouble", .double)])
    let explicit = JSONSchema(
      members: point + totals + range + [("bucketCounts", .array(.uint64)), ("explicitBounds", .array(.double))])
    let exponential = JSONSchema(
      members: point + totals + range + [
        ("scale", .int32), ("zeroCount", .uint64), ("zeroThreshold", .double), ("positive", buckets),
        ("negative", buckets),
      ])
    let temporality = JSONShape.enumeration(
      prefix: "AGGREGATION_TEMPORALITY_", names: ["UNSPECIFIED", "DELTA", "CUMULATIVE"])
    func data(_ point: JSONSchema) -> JSONShape {
      .object(
        JSONSchema(members: [
          ("dataPoints", .array(.object(point))), ("aggregationTemporality", temporality), ("isMonotonic", .bool),
        ]))
    }
    return JSONSchema(
      members: [("name", .text), ("unit", .text), ("description", .text)],
      oneOf: [
        ("gauge", data(number)), ("sum", data(number)), ("histogram", data(explicit)),
        ("exponentialHistogram", data(exponential)), ("summary", data(JSONSchema(members: point + totals))),
      ])
  }()
}

/// Writes OTLP/JSON as no sane exporter would: keys in any order, unknown ones, nulls, blanks, escapes, numbers in
/// every form that the JSON mapping of Protocol Buffers allows.
struct JSONBodies {
  var dice: Dice

  mutating func body(of signal: OTLPSignal) -> [UInt8] { Array(object(.request(signal), depth: 0).utf8) }

  private mutating func object(_ schema: JSONSchema, depth: Int) -> String {
    var members = schema.members.filter { _ in dice.below(5) != 0 }
    if !schema.oneOf.isEmpty, dice.below(8) != 0 { members.append(dice.pick(schema.oneOf)) }
    var texts = members.shuffled(using: &dice).map { member in
      key(member.key) + blanks() + ":" + (dice.below(30) == 0 ? " null" : value(member.shape, depth: depth))
    }
    if dice.below(10) == 0 {
      texts.insert("\"unknown\":" + anything(depth: 0), at: dice.below(texts.count + 1))
    }
    return blanks() + "{" + blanks() + texts.joined(separator: ",") + "}" + blanks()
  }

  private mutating func value(_ shape: JSONShape, depth: Int) -> String {
    switch shape {
    case .text: return string(dice.pick(["", "a", "b", "service.name", "service.instance.id", "größe ✓ \"\\/\n"]))
    case .identifier(let digits): return identifier(digits)
    case .uint64: return number(UInt64.self, [0, 1, 5, 1_544_712_660_000_000_000, .max, 1 << 53 + 1])
    case .int64: return number(Int64.self, [0, 1, -1, .min, .max, -(1 << 53) - 1])
    case .uint32: return number(UInt32.self, [0, 1, 0x101, 0x301, .max])
    case .int32: return number(Int32.self, [0, 1, -3, .min, .max])
    case .double: return double()
    case .bool: return dice.pick(["true", "false"])
    case .base64: return dice.pick([#""""#, #""AA==""#, #""AAE=""#, #""AAEC""#, #""-_-_""#, #""+/8=""#, #""AAE""#])
    case .enumeration(let prefix, let names): return enumeration(prefix, names)
    case .object(let schema): return object(schema, depth: depth + 1)
    case .array(let element):
      let values = (0..<dice.below(4)).map { _ in value(element, depth: depth + 1) }
      return blanks() + "[" + blanks() + values.joined(separator: ",") + "]"
    case .anyValue: return anyValue(depth: depth)
    }
  }

  private mutating func anyValue(depth: Int) -> String {
    let keyValue = JSONSchema(members: [("key", .text), ("value", .anyValue)])
    var kinds: [(key: String, shape: JSONShape)] = [
      ("stringValue", .text), ("boolValue", .bool), ("intValue", .int64), ("doubleValue", .double),
      ("bytesValue", .base64),
    ]
    if depth < 14 {
      kinds.append(("arrayValue", .object(JSONSchema(members: [("values", .array(.anyValue))]))))
      kinds.append(("kvlistValue", .object(JSONSchema(members: [("values", .array(.object(keyValue)))]))))
    }
    return object(JSONSchema(members: [], oneOf: kinds), depth: depth + 1)
  }

  private mutating func identifier(_ digits: Int) -> String {
    let count = dice.below(10) == 0 ? dice.pick([0, 1, 2, digits - 1, digits + 1, 2 * digits]) : digits
    let alphabet = Array(dice.below(2) == 0 ? "0123456789abcdef" : "0123456789ABCDEFabcdef")
    var text = (0..<count).map { _ in dice.pick(alphabet) }
    if dice.below(12) == 0, !text.isEmpty { text[dice.below(text.count)] = dice.pick(["g", "x", "@", "ü", " "]) }
    return string(String(text))
  }

  private mutating func enumeration(_ prefix: String, _ names: [String]) -> String {
    switch dice.below(4) {
    case 0: string(prefix + dice.pick(names))
    case 1: dice.pick(["-1", "77", "2147483647", "-2147483648"])
    default: String(dice.below(names.count))
    }
  }

  private mutating func number<Number: FixedWidthInteger>(_: Number.Type, _ edges: [Number]) -> String {
    let value =
      dice.below(2) == 0 ? dice.pick(edges) : Number(truncatingIfNeeded: dice.next() >> UInt64(dice.below(64)))
    switch dice.below(3) {
    case 0: return "\(value)"
    case 1: return string("\(value)")
    default: return dice.pick(["1e3", "15E2", "1.5e+1", "2.0", "0.0", "1000e-3", Number.isSigned ? "-0" : "0"])
    }
  }

  private mutating func double() -> String {
    dice.pick([
      "0", "1", "-1.5", "0.1", "1e-3", "1.7976931348623157e308", "5e-324", "123456789012345678", "-0.0",
      #""NaN""#, #""Infinity""#, #""-Infinity""#, #""2.5""#, #""-3e2""#,
    ])
  }

  private mutating func key(_ key: String) -> String { dice.below(50) == 0 ? string(key) : "\"\(key)\"" }

  /// A string with some of its characters escaped, more than need to be.
  private mutating func string(_ text: String) -> String {
    let escapes = dice.below(4) == 0
    let characters = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"": return "\\\""
      case "\\": return "\\\\"
      case "\n": return dice.pick(["\\n", "\\u000a", "\\u000A"])
      case "/" where escapes: return "\\/"
      default:
        guard escapes, scalar.value < 0x1_0000, dice.below(3) == 0 else { return String(scalar) }
        let code = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - code.count) + code
      }
    }
    return "\"" + characters.joined() + "\""
  }

  private mutating func anything(depth: Int) -> String {
    switch dice.below(depth < 5 ? 6 : 4) {
    case 0: dice.pick(["null", "true", "false"])
    case 1: double()
    case 2: string("größe\n")
    case 3: dice.pick(["{}", "[]", "[ ]", "{ }"])
    case 4: "[" + anything(depth: depth + 1) + "," + anything(depth: depth + 1) + "]"
    default: "{\"name\":" + anything(depth: depth + 1) + ",\"\":" + anything(depth: depth + 1) + "}"
    }
  }

  private mutating func blanks() -> String { dice.below(12) == 0 ? dice.pick([" ", "\n\t", "  \r\n"]) : "" }
}
