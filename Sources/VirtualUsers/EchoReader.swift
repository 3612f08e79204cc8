import JSONText
import Observations
package import Planning
import Scenarios
import TraceContext

/// Tells from a message's text which of our messages it answers, and what trace context it carries.
///
/// One strict pass over the JSON, which is spared where the text has the shape of one that was read before; nothing is
/// allocated but for escaped strings, which echoes of ours do not have, and for a tracestate or a baggage that is not
/// what we sent. Of members with the same key the last one counts, as with the parsers that most servers use.
/// One thread's own: it remembers what it has read.
package struct EchoReader {
  /// A text of the scenario: where it stands in `texts`.
  struct Piece: Sendable {
    var start: Int
    var count: Int
  }

  /// A top-level member that some type's echo must have; plain numbers, so that looking at it counts no references.
  private struct Rule: Sendable {
    var key: Piece
    var value: Value
  }

  private enum Value: Sendable {
    case string(Piece)
    /// A string that holds a message's text id between a prefix and a suffix.
    case messageID(prefix: Piece, suffix: Piece)
    /// A literal or number, by its text.
    case token(Piece)
  }

  private let identities: IdentityPermutation
  /// All texts of the scenario that are looked for, one after the other.
  private let texts: [UInt8]
  let carrier: CarrierWords
  private let rules: [Rule]
  /// By type: a bit for each rule of `rules` that must hold; zero where the type has no echo.
  private let required: [UInt64]
  /// By type: whether a rule names the message.
  private let namesMessage: [Bool]
  private let shapes = EchoShapes()
  /// Whether texts that differ in ids alone are read alike: not where a rule asks for a certain text of the length of
  /// another's id, at the same key.
  private let hasShapes: Bool

  /// Nil for a plan whose echoes match more than `Scenario.matchLimit` members, which no scenario file can have.
  package init?(_ plan: Plan) {
    identities = plan.identities
    var texts: [UInt8] = []
    func piece(_ text: String) -> Piece {
      defer { texts.append(contentsOf: text.utf8) }
      return Piece(start: texts.count, count: text.utf8.count)
    }
    func value(_ value: MatchValue) -> Value {
      switch value {
      case .bool(let flag): return .token(piece(flag ? "true" : "false"))
      case .null: return .token(piece("null"))
      case .number(let digits): return .token(piece(digits))
      case .text(let template):
        guard let place = template.parts.firstIndex(of: .value(.messageID)) else {
          return .string(piece(template.filled { _ in "" }))
        }
        let prefix = Template(Array(template.parts[..<place])).filled { _ in "" }
        let suffix = Template(Array(template.parts[(place + 1)...])).filled { _ in "" }
        return .messageID(prefix: piece(prefix), suffix: piece(suffix))
      }
    }
    carrier = CarrierWords(plan.scenario, piece)
    var rules: [Rule] = []
    var required: [UInt64] = []
    var namesMessage: [Bool] = []
    for message in plan.scenario.messages {
      var bits: UInt64 = 0
      var names = false
      for (key, expected) in message.echo?.match ?? [] {
        guard rules.count < Scenario.matchLimit else { return nil }
        bits |= 1 << UInt64(rules.count)
        let value = value(expected)
        if case .messageID = value { names = true }
        rules.append(Rule(key: piece(key), value: value))
      }
      required.append(bits)
      namesMessage.append(names)
    }
    hasShapes = !rules.contains { Self.wants($0, aTextOfTheLengthOfAnIDOf: rules, texts) }
    self.texts = texts
    self.rules = rules
    self.required = required
    self.namesMessage = namesMessage
  }

  private static func wants(_ rule: Rule, aTextOfTheLengthOfAnIDOf rules: [Rule], _ texts: [UInt8]) -> Bool {
    func text(_ piece: Piece) -> ArraySlice<UInt8> { texts[piece.start..<piece.start + piece.count] }
    guard case .string(let wanted) = rule.value else { return false }
    return rules.contains { other in
      guard case .messageID(let prefix, let suffix) = other.value else { return false }
      return text(other.key) == text(rule.key)
        && wanted.count == prefix.count + IdentityPermutation.textLength + suffix.count
    }
  }

  /// - Parameter text: is UTF-8.
  package func read(_ text: UnsafeRawBufferPointer) -> Reading {
    shapes.reading(of: text, identities) ?? readWhole(text)
  }

  package func read(_ text: Span<UInt8>) -> Reading { text.withUnsafeBytes { read($0) } }

  @inline(never)
  private func readWhole(_ text: UnsafeRawBufferPointer) -> Reading {
    text.withMemoryRebound(to: UInt8.self) { bytes in
      var scan = Scan()
      do {
        try self.scan(bytes.span, &scan)
      } catch {
        return .unreadable(.invalidJSON)
      }
      if let fault = scan.fault { return .unreadable(fault) }
      let reading = reading(of: scan, bytes.span)
      if hasShapes, let places = scan.places, case .echo(let echo) = reading,
        (echo.message == nil) == (places.message == nil),
        Self.isLearnable(echo, places)
      {
        shapes.learn(text, type: echo.type, places)
      }
      return reading
    }
  }

  /// Whether a context is what stands at its place, and not what a later member of the same key made of it; and the rest
  /// as it is in most echoes, which is what `EchoShapes` tells of a text that it knows.
  private static func isLearnable(_ echo: Echo, _ places: EchoShapes.Places) -> Bool {
    guard echo.tracestate == .kept, echo.baggage == .kept, echo.form.isEmpty else { return false }
    return switch echo.context {
    case .present: places.traceparent != nil
    case .absent: places.traceparent == nil
    case .wrongType, .malformed: false
    }
  }

  /// What one pass over a text has found.
  struct Scan {
    /// The text is no object.
    var fault: UnreadableReason?
    /// Rules that hold, and rules that another sender's id keeps from holding; a bit each.
    var held: UInt64 = 0
    var foreign: UInt64 = 0
    var message: MessageIdentity?
    /// Of the last carrier.
    var carrier = CarrierReading()
    /// The key of the carrier or of a part of it stood more than once.
    var isRepeated = false
    /// Where the ids stand; nil where they are not all that could differ in a text of the same shape.
    var places: EchoShapes.Places? = EchoShapes.Places()

    mutating func found(messageAt place: Int) {
      if places?.message == nil { places?.message = place } else { places = nil }
    }

    mutating func found(traceparentAt place: Int) {
      if places?.traceparent == nil { places?.traceparent = place } else { places = nil }
    }
  }

  private func scan(_ text: Span<UInt8>, _ scan: inout Scan) throws(JSONFault) {
    var scanner = JSONScanner()
    guard try scanner.peek(text) == .object else {
      try scanner.skipValue(text)
      try scanner.expectEnd(text)
      scan.fault = .notAnObject
      return
    }
    var hasCarrier = false
    var next = try scanner.enterObject(text)
    while let key = next {
      let kind = try scanner.peek(text)
      let start = scanner.position
      if equals(key, carrier.path[0], text) {
        if hasCarrier { scan.isRepeated = true }
        hasCarrier = true
        scan.carrier = try readCarrier(text, &scanner, level: 1, &scan)
      } else if kind == .string {
        let string = try scanner.string(text)
        for index in 0..<rules.count where equals(key, rules[index].key, text) {
          let bit: UInt64 = 1 << UInt64(index)
          scan.held &= ~bit
          scan.foreign &= ~bit
          match(rules[index].value, string, text, bit: bit, &scan, isPlain: true)
        }
      } else {
        try scanner.skipValue(text)
        for index in 0..<rules.count where equals(key, rules[index].key, text) {
          let bit: UInt64 = 1 << UInt64(index)
          scan.held &= ~bit
          scan.foreign &= ~bit
          if case .token(let token) = rules[index].value,
            equals(JSONString(start: start, end: scanner.position, isEscaped: false), token, text)
          {
            scan.held |= bit
          }
        }
      }
      next = try scanner.nextKey(text)
    }
    try scanner.expectEnd(text)
  }

  func equals(_ string: JSONString, _ piece: Piece, _ text: Span<UInt8>) -> Bool {
    // Most members are another's: told by their length.
    guard string.count == piece.count || string.isEscaped else { return false }
    return string.equals(texts.span.extracting(piece.start..<piece.start &+ piece.count), in: text)
  }

  /// The type whose rules all hold: one whose text names the message before one that matches less, and only then one
  /// that another sender's text keeps from matching.
  private func reading(of scan: Scan, _ text: Span<UInt8>) -> Reading {
    let (held, foreign) = (scan.held, scan.foreign)
    var unnamed: Int?
    var foreignType: Int?
    for type in 0..<required.count where required[type] != 0 && (held | foreign) & required[type] == required[type] {
      if held & required[type] != required[type] {
        foreignType = foreignType ?? type
      } else if namesMessage[type] {
        return .echo(echo(of: type, scan.message, scan, text))
      } else {
        unnamed = unnamed ?? type
      }
    }
    if let unnamed { return .echo(echo(of: unnamed, nil, scan, text)) }
    return foreignType.map { .foreign(type: UInt8($0)) } ?? .unreadable(.unmatched)
  }

  /// - Parameter isPlain: whether the text is the one that was received, and not a part of it unescaped.
  private func match(
    _ value: Value, _ string: JSONString, _ text: Span<UInt8>, bit: UInt64, _ scan: inout Scan, isPlain: Bool
  ) {
    switch value {
    case .token: break
    case .string(let expected): if equals(string, expected, text) { scan.held |= bit }
    case .messageID(let prefix, let suffix):
      if string.isEscaped {
        // Escaped by choice, as 'é' is by a server that writes ASCII only: match what it means.
        let bytes = string.unescaped(text)
        let plain = JSONString(start: 0, end: bytes.count, isEscaped: false)
        scan.places = nil
        return match(value, plain, bytes.span, bit: bit, &scan, isPlain: false)
      }
      let length = prefix.count &+ IdentityPermutation.textLength &+ suffix.count
      let middle = string.start &+ prefix.count
      guard string.count == length,
        equals(JSONString(start: string.start, end: middle, isEscaped: false), prefix, text),
        equals(JSONString(start: string.end &- suffix.count, end: string.end, isEscaped: false), suffix, text),
        let identity = identities.identity(inText: text, at: middle)
      else {
        scan.foreign |= bit
        return
      }
      scan.held |= bit
      scan.message = identity
      if isPlain { scan.found(messageAt: middle) }
    }
  }
}
