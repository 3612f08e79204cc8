/// An IPv4 or IPv6 address, or a range of IPv4 addresses as `10.0.0.0/28` writes it (RFC 4632 §3.1).
package struct AddressRange: Hashable, Sendable {
  /// Each address as text; a range's first and last are left out where they name the network and all of its hosts.
  package let hosts: [String]

  /// The most addresses of one range.
  package static let sizeLimit = 4096

  /// Nil for anything else, and for a range of more than `sizeLimit`.
  package init?(_ word: String) {
    guard let slash = word.firstIndex(of: "/") else {
      guard Self.number(word) != nil || word.contains(":") && word.utf8.allSatisfy(Self.isIPv6Byte) else { return nil }
      hosts = [word]
      return
    }
    guard let address = Self.number(String(word[..<slash])), let length = Int(word[word.index(after: slash)...]),
      (0...32).contains(length), 1 << (32 - length) <= Self.sizeLimit
    else { return nil }
    let size = UInt32(1) << UInt32(32 - length)
    let first = address & ~(size - 1)
    let inner = size > 2 ? 1..<size - 1 : 0..<size
    hosts = inner.map { Self.text(first + $0) }
  }

  /// The address of four decimal numbers, or nil.
  private static func number(_ word: String) -> UInt32? {
    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var number: UInt32 = 0
    for part in parts {
      guard part.utf8.count <= 3, part.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let byte = UInt8(part)
      else { return nil }
      number = number << 8 | UInt32(byte)
    }
    return number
  }

  private static func text(_ number: UInt32) -> String {
    stride(from: 24, through: 0, by: -8).map { String(number >> UInt32($0) & 0xff) }.joined(separator: ".")
  }

  private static func isIPv6Byte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
