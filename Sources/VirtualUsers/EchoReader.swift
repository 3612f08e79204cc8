import JSONText
package import Observations
package import Planning
import Scenarios
package import TraceContext

/// Tells from a message's text which of our messages it answers, and what trace context it carries.
///
/// One strict pass over the JSON; nothing is allocated but for escaped strings, which echoes of ours do not have. Of
/// members with the same key the last one counts, as with the parsers that most servers use.
package struct EchoReader: Sendable {
  package enum Reading: Hashable, Sendable {
    /// Matches a message type; `message` is the one that its text names, where the type has such a text.
    case echo(type: UInt8, message: MessageIdentity?, EchoedContext)
    /// Matches a type whose text names a message, but of another sender.
    case foreign(type: UInt8)
    case unreadable(UnreadableReason)
  }

  /// A top-level member that some type's echo must have.
  @usableFromInline
  struct Rule: Sendable {
    @usableFromInline let type: UInt8
    @usableFromInline let key: [UInt8]
    @usableFromInline let value: Value
  }

  @usableFromInline
  enum Value: Sendable {
    case string([UInt8])
    /// A string that holds a message's text id between a prefix and a suffix.
    case messageID(prefix: [UInt8], suffix: [UInt8])
    /// A literal or number, by its text.
    case token([UInt8])
  }

  @usableFromInline let identities: IdentityPermutation
  @usableFromInline let carrierPath: [[UInt8]]
  @usableFromInline let rules: [Rule]
  /// By type: a bit for each rule of `rules` that must hold; zero where the type has no echo.
  @usableFromInline let required: [UInt64]
  /// By type: whether a rule names the message.
  @usableFromInline let namesMessage: [Bool]

  static let traceparentKey = Array("traceparent".utf8)

  /// Nil for a plan whose echoes match more than `Scenario.matchLimit` members, which no scenario file can have.
  package init?(_ plan: Plan) {
    identities = plan.identities
    carrierPath = plan.scenario.carrier.path.map { Array($0.utf8) }
    var rules: [Rule] = []
    var required: [UInt64] = []
    var namesMessage: [Bool] = []
    for (type, message) in plan.scenario.messages.enumerated() {
      var bits: UInt64 = 0
      var names = false
      for (key, value) in message.echo?.match ?? [] {
        guard rules.count < Scenario.matchLimit else { return nil }
        bits |= 1 << UInt64(rules.count)
        let value = Self.value(value)
        if case .messageID = value { names = true }
        rules.append(Rule(type: UInt8(type), key: Array(key.utf8), value: value))
      }
      required.append(bits)
      namesMessage.append(names)
    }
    self.rules = rules
    self.required = required
    self.namesMessage = namesMessage
  }

  private static func value(_ value: MatchValue) -> Value {
    switch value {
    case .bool(let flag): return .token(Array((flag ? "true" : "false").utf8))
    case .null: return .token(Array("null".utf8))
    case .number(let digits): return .token(Array(digits.utf8))
    case .text(let template):
      guard let place = template.parts.firstIndex(of: .value(.messageID)) else {
        return .string(Array(template.filled { _ in "" }.utf8))
      }
      let prefix = Template(Array(template.parts[..<place])).filled { _ in "" }
      let suffix = Template(Array(template.parts[(place + 1)...])).filled { _ in "" }
      return .messageID(prefix: Array(prefix.utf8), suffix: Array(suffix.utf8))
    }
  }

  package func read(_ text: Span<UInt8>) -> Reading {
    do {
      return try scan(text)
    } catch {
      return .unreadable(.invalidJSON)
    }
  }

  private func scan(_ text: Span<UInt8>) throws(JSONFault) -> Reading {
    var scanner = JSONScanner()
    guard try scanner.peek(text) == .object else {
      try scanner.skipValue(text)
      try scanner.expectEnd(text)
      return .unreadable(.notAnObject)
    }
    var held: UInt64 = 0
    var foreign: UInt64 = 0
    var message: MessageIdentity?
    var context = EchoedContext.absent
    var next = try scanner.enterObject(text)
    while let key = next {
      let kind = try scanner.peek(text)
      let start = scanner.position
      if key.equals(carrierPath[0], in: text) {
        context = try readCarrier(text, &scanner, level: 1)
      } else if kind == .string {
        let string = try scanner.string(text)
        for index in 0..<rules.count where key.equals(rules[index].key, in: text) {
          held &= ~(1 << UInt64(index))
          foreign &= ~(1 << UInt64(index))
          match(rules[index].value, string, text, bit: 1 << UInt64(index), &held, &foreign, &message)
        }
      } else {
        try scanner.skipValue(text)
        for index in 0..<rules.count where key.equals(rules[index].key, in: text) {
          held &= ~(1 << UInt64(index))
          foreign &= ~(1 << UInt64(index))
          if case .token(let token) = rules[index].value,
            JSONString(start: start, end: scanner.position, isEscaped: false).equals(token, in: text)
          {
            held |= 1 << UInt64(index)
          }
        }
      }
      next = try scanner.nextKey(text)
    }
    try scanner.expectEnd(text)
    return reading(held: held, foreign: foreign, message, context)
  }

  /// The type whose rules all hold: one whose text names the message before one that matches less, and only then one
  /// that another sender's text keeps from matching.
  private func reading(
    held: UInt64, foreign: UInt64, _ message: MessageIdentity?, _ context: EchoedContext
  ) -> Reading {
    var unnamed: Int?
    var foreignType: Int?
    for type in 0..<required.count where required[type] != 0 && (held | foreign) & required[type] == required[type] {
      if held & required[type] != required[type] {
        foreignType = foreignType ?? type
      } else if namesMessage[type] {
        return .echo(type: UInt8(type), message: message, context)
      } else {
        unnamed = unnamed ?? type
      }
    }
    if let unnamed { return .echo(type: UInt8(unnamed), message: nil, context) }
    return foreignType.map { .foreign(type: UInt8($0)) } ?? .unreadable(.unmatched)
  }

  private func match(
    _ value: Value, _ string: JSONString, _ text: Span<UInt8>, bit: UInt64, _ held: inout UInt64,
    _ foreign: inout UInt64, _ message: inout MessageIdentity?
  ) {
    switch value {
    case .token: break
    case .string(let expected): if string.equals(expected, in: text) { held |= bit }
    case .messageID(let prefix, let suffix):
      if string.isEscaped {
        // Escaped by choice, as 'é' is by a server that writes ASCII only: match what it means.
        let bytes = string.unescaped(text)
        let plain = JSONString(start: 0, end: bytes.count, isEscaped: false)
        return match(value, plain, bytes.span, bit: bit, &held, &foreign, &message)
      }
      let length = prefix.count &+ IdentityPermutation.textLength &+ suffix.count
      let middle = string.start &+ prefix.count
      guard string.count == length,
        JSONString(start: string.start, end: middle, isEscaped: false).equals(prefix, in: text),
        JSONString(start: string.end &- suffix.count, end: string.end, isEscaped: false).equals(suffix, in: text),
        let identity = identities.identity(inText: text, at: middle)
      else {
        foreign |= bit
        return
      }
      held |= bit
      message = identity
    }
  }

  /// Reads the value of the carrier's key at `level - 1`, which begins at the scanner's place.
  private func readCarrier(
    _ text: Span<UInt8>, _ scanner: inout JSONScanner, level: Int
  ) throws(JSONFault) -> EchoedContext {
    guard try scanner.peek(text) == .object else {
      try scanner.skipValue(text)
      return .wrongType
    }
    var context = EchoedContext.absent
    var next = try scanner.enterObject(text)
    while let key = next {
      if level < carrierPath.count, key.equals(carrierPath[level], in: text) {
        context = try readCarrier(text, &scanner, level: level + 1)
      } else if level == carrierPath.count, key.equals(Self.traceparentKey, in: text) {
        context = try readTraceparent(text, &scanner)
      } else {
        try scanner.skipValue(text)
      }
      next = try scanner.nextKey(text)
    }
    return context
  }

  private func readTraceparent(
    _ text: Span<UInt8>, _ scanner: inout JSONScanner
  ) throws(JSONFault) -> EchoedContext {
    guard try scanner.peek(text) == .string else {
      try scanner.skipValue(text)
      return .wrongType
    }
    let string = try scanner.string(text)
    do throws(TraceparentFault) {
      if string.isEscaped { return .present(try Traceparent(parsing: string.unescaped(text).span.bytes)) }
      return .present(try Traceparent(parsing: text.extracting(string.start..<string.end).bytes))
    } catch {
      return .malformed(error)
    }
  }
}
