import OTLPMessages
import TestInputs

/// What a field of a protobuf message may hold.
indirect enum WireShape {
  case varint, fixed32, fixed64
  case bytes(lengths: [Int])
  case text
  /// Repeated numbers, packed or one by one.
  case varints, fixed64s
  case message(WireSchema)
  /// An AnyValue, which may hold others.
  case anyValue
}

/// The fields of a message by their numbers.
struct WireSchema {
  var fields: [(number: UInt64, shape: WireShape)]

  init(_ fields: [(number: UInt64, shape: WireShape)]) { self.fields = fields }

  static func request(_ signal: OTLPSignal) -> WireSchema {
    let record: WireShape =
      switch signal {
      case .traces: .message(span)
      case .metrics: .message(metric)
      case .logs: .message(log)
      }
    let scope = WireSchema([(1, .text), (2, .text), (3, .message(keyValue))])
    // Elements are named twice, so that bodies are not mostly heads.
    let scopeRecords = WireSchema([(1, .message(scope)), (2, record), (2, record), (2, record), (3, .text)])
    let resource = WireSchema([(1, .message(keyValue)), (1, .message(keyValue)), (2, .varint)])
    let resourceRecords = WireSchema([
      (1, .message(resource)), (2, .message(scopeRecords)), (2, .message(scopeRecords)), (3, .text),
    ])
    return WireSchema([(1, .message(resourceRecords))])
  }

  private static let status = WireSchema([(2, .text), (3, .varint), (1, .varint)])
  fileprivate static let keyValue = WireSchema([(1, .text), (2, .anyValue)])

  private static let log = WireSchema([
    (1, .fixed64), (2, .varint), (3, .text), (5, .anyValue), (9, .bytes(lengths: [16])),
  ])

  private static let event = WireSchema([
    (1, .fixed64), (2, .text), (3, .message(keyValue)), (4, .varint),
  ])

  private static let link = WireSchema([
    (1, .bytes(lengths: [16, 16, 16, 0, 17])), (2, .bytes(lengths: [8, 8, 8, 0, 7])), (3, .text),
    (4, .message(keyValue)), (6, .fixed32),
  ])

  private static let span = WireSchema([
    (1, .bytes(lengths: [16, 16, 16, 8, 0, 17])), (2, .bytes(lengths: [8, 8, 8, 0, 7, 16])), (3, .text),
    (4, .bytes(lengths: [8, 8, 0, 0, 9])), (5, .text), (6, .varint), (7, .fixed64), (8, .fixed64),
    (9, .message(keyValue)), (9, .message(keyValue)), (10, .varint), (11, .message(event)), (13, .message(link)),
    (15, .message(status)), (16, .fixed32),
  ])

  private static let metric: WireSchema = {
    let number = WireSchema([
      (2, .fixed64), (3, .fixed64), (4, .fixed64), (6, .fixed64), (7, .message(keyValue)), (8, .varint), (5, .text),
    ])
    let histogram = WireSchema([
      (2, .fixed64), (3, .fixed64), (4, .fixed64), (5, .fixed64), (6, .fixed64s), (7, .fixed64s),
      (9, .message(keyValue)), (10, .varint), (11, .fixed64), (12, .fixed64), (8, .text),
    ])
    let buckets = WireSchema([(1, .varint), (2, .varints)])
    let exponential = WireSchema([
      (1, .message(keyValue)), (2, .fixed64), (3, .fixed64), (4, .fixed64), (5, .fixed64), (6, .varint),
      (7, .fixed64), (8, .message(buckets)), (9, .message(buckets)), (10, .varint), (12, .fixed64), (13, .fixed64),
      (14, .fixed64),
    ])
    let summary = WireSchema([
      (2, .fixed64), (3, .fixed64), (4, .fixed64), (5, .fixed64), (6, .text), (7, .message(keyValue)), (8, .varint),
    ])
    func data(_ point: WireSchema) -> WireShape {
      .message(WireSchema([(1, .message(point)), (1, .message(point)), (2, .varint), (3, .varint)]))
    }
    return WireSchema([
      (1, .text), (2, .text), (3, .text), (5, data(number)), (7, data(number)), (9, data(histogram)),
      (10, data(exponential)), (11, data(summary)),
    ])
  }()
}

/// Writes protobuf as no sane exporter would: fields in any order and again, unknown fields, undeclared wire types,
/// varints longer than they need to be.
struct WireBodies {
  var dice: Dice

  mutating func body(of signal: OTLPSignal) -> [UInt8] { message(.request(signal), depth: 0) }

  private mutating func message(_ schema: WireSchema, depth: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    let most = depth == 0 ? 2 : min(schema.fields.count + 2, 12)
    for _ in 0..<dice.below(most + 1) {
      guard dice.below(16) != 0 else {
        bytes += anything(dice.pick([17, 20, 99, 1000, 536_870_911]))
        continue
      }
      let field = dice.pick(schema.fields)
      bytes += dice.below(60) == 0 ? anything(field.number) : self.field(field.number, field.shape, depth: depth)
    }
    return bytes
  }

  private mutating func field(_ number: UInt64, _ shape: WireShape, depth: Int) -> [UInt8] {
    switch shape {
    case .varint: return tag(number, 0) + varint(interesting())
    case .fixed32: return tag(number, 5) + dice.bytes(4)
    case .fixed64: return tag(number, 1) + fixed64()
    case .bytes(let lengths):
      let count = dice.pick(lengths)
      return delimited(number, dice.below(12) == 0 ? .init(repeating: 0, count: count) : dice.bytes(count))
    case .text: return delimited(number, text())
    case .varints:
      let numbers = (0..<dice.below(5)).map { _ in varint(interesting()) }
      if dice.below(2) == 0 { return delimited(number, Array(numbers.joined())) }
      return numbers.flatMap { tag(number, 0) + $0 }
    case .fixed64s:
      let numbers = (0..<dice.below(5)).map { _ in fixed64() }
      if dice.below(2) == 0 { return delimited(number, Array(numbers.joined())) }
      return numbers.flatMap { tag(number, 1) + $0 }
    case .message(let schema): return delimited(number, message(schema, depth: depth + 1))
    case .anyValue: return delimited(number, anyValue(depth: depth))
    }
  }

  private mutating func anyValue(depth: Int) -> [UInt8] {
    let values = WireSchema([(1, .anyValue)])
    let members = WireSchema([(1, .message(.keyValue))])
    var fields: [(number: UInt64, shape: WireShape)] = [
      (1, .text), (1, .text), (1, .text), (2, .varint), (3, .varint), (4, .fixed64), (7, .text), (8, .varint),
    ]
    if depth < 12 { fields += [(5, .message(values)), (6, .message(members))] }
    return (0..<dice.pick([0, 1, 1, 1, 1, 2])).reduce(into: []) { bytes, _ in
      let field = dice.pick(fields)
      bytes += self.field(field.number, field.shape, depth: depth + 1)
    }
  }

  /// A field of any wire type but groups.
  private mutating func anything(_ number: UInt64) -> [UInt8] {
    switch dice.below(4) {
    case 0: tag(number, 0) + varint(interesting())
    case 1: tag(number, 1) + dice.bytes(8)
    case 2: delimited(number, text())
    default: tag(number, 5) + dice.bytes(4)
    }
  }

  private mutating func text() -> [UInt8] {
    let texts = ["", "a", "b", "service.name", "service.name", "service.instance.id", "größe ✓ \"\\\n", "scope"]
    switch dice.below(12) {
    case 0: return dice.bytes(dice.below(20))
    case 1: return .init(repeating: 0x78, count: dice.pick([127, 128, 300]))
    default: return Array(dice.pick(texts).utf8)
    }
  }

  private mutating func fixed64() -> [UInt8] {
    dice.below(4) == 0 ? dice.pick([.init(repeating: 0, count: 8), [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]]) : dice.bytes(8)
  }

  private mutating func interesting() -> UInt64 {
    dice.below(8) == 0
      ? dice.next()
      : dice.pick([0, 1, 1, 2, 2, 3, 4, 5, 6, 127, 128, 300, 1 << 31, 1 << 32 + 2, .max, .max - 1, 1 << 63])
  }

  private mutating func tag(_ number: UInt64, _ wireType: UInt64) -> [UInt8] { varint(number << 3 | wireType) }

  private mutating func delimited(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
    tag(number, 2) + varint(UInt64(content.count)) + content
  }

  private mutating func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    guard dice.below(100) == 0, bytes.count < 10 else { return bytes }
    bytes[bytes.count - 1] |= 0x80
    return bytes + [0]
  }
}
