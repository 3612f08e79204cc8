/// Application-defined key and value pairs that travel beside the trace context (W3C Baggage).
package struct Baggage: Hashable, Sendable {
  /// One entry: a token, its percent-decoded value, and its properties as written.
  package struct Member: Hashable, Sendable {
    package var key: String
    package var value: String
    package var properties: [String]

    package init(key: String, value: String, properties: [String] = []) {
      self.key = key
      self.value = value
      self.properties = properties
    }
  }

  /// Members, and bytes of the whole text, that a participant must at least propagate (W3C Baggage, Limits).
  package static let memberMinimum = 64
  package static let byteMinimum = 8192
  /// Members of the grammar's list rule.
  package static let memberLimit = 180

  package private(set) var members: [Member]

  package static let empty = Baggage(members: [])
}

/// Why a text is no baggage; each case is a rule of W3C Baggage, header content.
package enum BaggageFault: Error, Hashable, Sendable {
  case tooManyMembers(Int)
  case missingEquals(member: Int)
  /// The key is no token (RFC 9110 §5.6.2).
  case malformedKey(member: Int)
  /// A byte outside baggage-octet.
  case malformedValue(member: Int)
  case malformedProperty(member: Int)
}

extension Baggage {
  /// Reads a combined baggage text. Values are percent-decoded; undecodable UTF-8 becomes U+FFFD.
  ///
  /// A `%` that begins no escape stands for itself, as implementations do. `member` counts from 0.
  package init(_ text: String) throws(BaggageFault) {
    var members: [Member] = []
    for part in text.utf8.split(separator: UInt8(ascii: ",")) {
      let member = part.trimmingBlanks()
      if member.isEmpty { continue }
      let index = members.count
      guard index < Self.memberLimit else { throw .tooManyMembers(index + 1) }
      var pieces = member.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)[...]
      guard let pair = pieces.popFirst(), let equals = pair.firstIndex(of: UInt8(ascii: "=")) else {
        throw .missingEquals(member: index)
      }
      let key = pair[..<equals].trimmingBlanks()
      let value = pair[pair.index(after: equals)...].trimmingBlanks()
      guard !key.isEmpty, key.allSatisfy(Self.isTokenCharacter) else { throw .malformedKey(member: index) }
      guard value.allSatisfy(Self.isOctet) else { throw .malformedValue(member: index) }
      var properties: [String] = []
      for piece in pieces {
        let property = piece.trimmingBlanks()
        guard Self.isProperty(property) else { throw .malformedProperty(member: index) }
        properties.append(String(Substring(property)))
      }
      members.append(
        Member(key: String(Substring(key)), value: Self.percentDecoded(value), properties: properties))
    }
    self.members = members
  }

  /// The text form, every byte outside baggage-octet and every `%` percent-encoded.
  package var text: String {
    members.map { member in
      ([member.key + "=" + Self.percentEncoded(member.value)] + member.properties).joined(separator: ";")
    }
    .joined(separator: ",")
  }

  /// A token alone, or with a value behind an equals sign.
  private static func isProperty(_ property: Substring.UTF8View) -> Bool {
    let equals = property.firstIndex(of: UInt8(ascii: "=")) ?? property.endIndex
    let key = property[..<equals].trimmingBlanks()
    return !key.isEmpty && key.allSatisfy(isTokenCharacter)
      && property[equals...].dropFirst().trimmingBlanks().allSatisfy(isOctet)
  }

  private static func percentDecoded(_ value: Substring.UTF8View) -> String {
    let bytes = Array(value)
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = hexDigit(bytes[index + 1]),
        let low = hexDigit(bytes[index + 2])
      {
        decoded.append(high << 4 | low)
        index += 3
      } else {
        decoded.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }

  private static func percentEncoded(_ value: String) -> String {
    var text = ""
    for byte in value.utf8 {
      if isOctet(byte), byte != UInt8(ascii: "%") {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        text += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return text
  }

  /// A hexadecimal digit of either case: percent-encoding allows both (RFC 3986 §2.1).
  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte) ? byte - UInt8(ascii: "A") + 10 : HexText.nibble(byte)
  }

  /// baggage-octet: printable ASCII but for the quote, comma, semicolon and backslash.
  private static func isOctet(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7f
      && ![UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\\")].contains(byte)
  }

  private static func isTokenCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
