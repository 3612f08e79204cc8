extension FaultInjection {
  /// Why a text names no fault.
  package enum SyntaxError: Error, Hashable, Sendable {
    case unknownFault(String)
    /// `slow` without a time, `partial-success` without a number.
    case missingQuantity(CollectorFault)
    /// Not a time such as `2s` or `500ms`, of at most a day.
    case malformedDelay(String)
    /// Not a number from 1 to a million million.
    case malformedNumber(String)
    /// Neither a count of requests nor a share such as `10%`.
    case malformedPortion(String)
    /// More than the fault has.
    case trailingText(String)
  }

  /// Reads `unavailable`, `unavailable=2` (the first two requests), `unavailable=10%`, `slow=2s`, `slow=2s/10%`,
  /// `partial-success=5/3`: the fault, what it needs to know, and which requests meet it.
  package init(parsing text: String) throws(SyntaxError) {
    let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = sides.first.map(String.init) ?? ""
    guard let fault = CollectorFault(rawValue: name) else { throw .unknownFault(name) }
    self.init(fault)
    var parts = sides.count > 1 ? sides[1].split(separator: "/", omittingEmptySubsequences: false)[...] : []
    switch fault {
    case .slow:
      guard let part = parts.popFirst(), !part.isEmpty else { throw .missingQuantity(fault) }
      delay = try Self.delay(part)
    case .partialSuccess:
      guard let part = parts.popFirst(), !part.isEmpty else { throw .missingQuantity(fault) }
      rejectedItems = Int64(try Self.number(part) { .malformedNumber($0) })
    case .unavailable, .tooManyRequests, .badGateway, .badRequest, .reset, .dropAnswer: break
    }
    if let part = parts.popFirst() { portion = try Self.portion(part) }
    if let part = parts.first { throw .trailingText(String(part)) }
  }

  private static func portion(_ text: Substring) throws(SyntaxError) -> Portion {
    guard text.hasSuffix("%") else { return .first(try number(text) { .malformedPortion($0) }) }
    let share = try number(text.dropLast()) { _ in .malformedPortion(String(text)) }
    guard share <= 100 else { throw .malformedPortion(String(text)) }
    return .percent(share)
  }

  private static func delay(_ text: Substring) throws(SyntaxError) -> Duration {
    let (digits, milliseconds) = text.hasSuffix("ms") ? (text.dropLast(2), 1) : (text.dropLast(1), 1000)
    guard text.hasSuffix("s") else { throw .malformedDelay(String(text)) }
    let count = try number(digits) { _ in .malformedDelay(String(text)) }
    guard count <= 86_400_000 / milliseconds else { throw .malformedDelay(String(text)) }
    return .milliseconds(count * milliseconds)
  }

  /// A number without a sign, from 1 to a million million.
  private static func number(
    _ text: Substring, orThrow error: (String) -> SyntaxError
  ) throws(SyntaxError) -> Int {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
      (1...1_000_000_000_000).contains(number)
    else { throw error(String(text)) }
    return number
  }
}

extension FaultInjection.SyntaxError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownFault(let name):
      "no fault is called '\(name)'; there are " + CollectorFault.allCases.map(\.rawValue).joined(separator: ", ")
    case .missingQuantity(.slow): "'slow' needs a time: slow=2s"
    case .missingQuantity(let fault): "'\(fault.rawValue)' needs a number: \(fault.rawValue)=5"
    case .malformedDelay(let text): "'\(text)' is no time such as 2s or 500ms, up to a day"
    case .malformedNumber(let text): "'\(text)' is no number from 1 to 1000000000000"
    case .malformedPortion(let text): "'\(text)' says neither how many requests (2) nor how many of them (10%)"
    case .trailingText(let text): "'/\(text)' says nothing that this fault knows"
    }
  }
}
