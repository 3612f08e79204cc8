/// The ordered list of vendors' entries that travels beside a traceparent (W3C Trace Context, tracestate).
package struct Tracestate: Hashable, Sendable {
  /// One `key=value` of the list.
  package struct Member: Hashable, Sendable {
    package var key: String
    package var value: String

    package init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  /// Which edition of the recommendation rules the grammar of keys.
  package enum SpecLevel: Int, CaseIterable, Sendable {
    /// A key begins with a letter, or is `tenant@system` of at most 241 and 14 characters.
    case one = 1
    /// A key begins with a letter or digit and may hold any number of `@` after it.
    case two = 2
  }

  /// Most members that a list may have.
  package static let memberLimit = 32
  /// Characters that every participant should be able to propagate.
  package static let propagationLimit = 512

  package private(set) var members: [Member]

  package static let empty = Tracestate(members: [])
}

/// Why a text is no tracestate; each case is a rule of W3C Trace Context, tracestate.
package enum TracestateFault: Error, Hashable, Sendable {
  /// More than 32 members.
  case tooManyMembers(Int)
  /// A member without `=`.
  case missingEquals(member: Int)
  case malformedKey(member: Int)
  case malformedValue(member: Int)
  /// The same key twice.
  case duplicateKey(member: Int)
}

extension Tracestate {
  /// Reads a combined tracestate: members between commas, blanks around them ignored, empty members allowed.
  ///
  /// Strict: one bad member refuses the list, which the recommendation allows. `member` counts from 0 over the
  /// members that are not empty.
  package init(_ text: String, level: SpecLevel = .two) throws(TracestateFault) {
    var members: [Member] = []
    var keys: Set<String> = []
    for part in text.utf8.split(separator: UInt8(ascii: ",")) {
      let member = part.trimmingBlanks()
      if member.isEmpty { continue }
      let index = members.count
      guard index < Self.memberLimit else { throw .tooManyMembers(index + 1) }
      guard let equals = member.firstIndex(of: UInt8(ascii: "=")) else { throw .missingEquals(member: index) }
      let key = member[..<equals]
      let value = member[member.index(after: equals)...]
      guard Self.isKey(key, level: level) else { throw .malformedKey(member: index) }
      guard Self.isValue(value) else { throw .malformedValue(member: index) }
      let name = String(Substring(key))
      guard keys.insert(name).inserted else { throw .duplicateKey(member: index) }
      members.append(Member(key: name, value: String(Substring(value))))
    }
    self.members = members
  }

  package var text: String { members.map { "\($0.key)=\($0.value)" }.joined(separator: ",") }

  private static func isKey(_ key: Substring.UTF8View, level: SpecLevel) -> Bool {
    switch level {
    case .two:
      guard let first = key.first, isLetter(first) || isDigit(first), key.count <= 256 else { return false }
      return key.dropFirst().allSatisfy { isKeyCharacter($0) || $0 == UInt8(ascii: "@") }
    case .one:
      let parts = key.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
      switch parts.count {
      case 1: return isLevelOneName(key, limit: 256, digitFirst: false)
      case 2:
        return isLevelOneName(parts[0], limit: 241, digitFirst: true)
          && isLevelOneName(parts[1], limit: 14, digitFirst: false)
      default: return false
      }
    }
  }

  private static func isLevelOneName(_ name: Substring.UTF8View, limit: Int, digitFirst: Bool) -> Bool {
    guard let first = name.first, name.count <= limit else { return false }
    guard isLetter(first) || (digitFirst && isDigit(first)) else { return false }
    return name.dropFirst().allSatisfy(isKeyCharacter)
  }

  private static func isValue(_ value: Substring.UTF8View) -> Bool {
    guard let last = value.last, last != UInt8(ascii: " "), value.count <= 256 else { return false }
    return value.allSatisfy {
      (0x20...0x7e).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=")
    }
  }

  private static func isKeyCharacter(_ byte: UInt8) -> Bool {
    isLetter(byte) || isDigit(byte)
      || [UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/")]
        .contains(byte)
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

extension Substring.UTF8View {
  /// Without the spaces and tabs at both ends (OWS, RFC 9110 §5.6.3).
  func trimmingBlanks() -> Substring.UTF8View {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    var rest = self[...]
    while let first = rest.first, isBlank(first) { rest = rest.dropFirst() }
    while let last = rest.last, isBlank(last) { rest = rest.dropLast() }
    return rest
  }
}
