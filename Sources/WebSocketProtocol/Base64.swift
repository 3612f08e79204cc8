/// Base64 with padding (RFC 4648 §4).
package enum Base64 {
  package static func text(_ bytes: [UInt8]) -> String {
    let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    let length = (bytes.count + 2) / 3 * 4
    return String(unsafeUninitializedCapacity: length) { text in
      for chunk in 0..<length / 4 {
        let rest = bytes.count - 3 * chunk
        var value: UInt32 = 0
        for place in 0..<3 { value = value << 8 | (place < rest ? UInt32(bytes[3 * chunk + place]) : 0) }
        for digit in 0..<4 {
          let index = Int(value >> UInt32(18 - 6 * digit) & 63)
          text[4 * chunk + digit] = digit <= rest ? alphabet.utf8Start[index] : UInt8(ascii: "=")
        }
      }
      return length
    }
  }

  /// Whether the text is base64 of exactly 16 bytes, as a Sec-WebSocket-Key is (RFC 6455 §4.2.1).
  static func isKey(_ text: String) -> Bool {
    let digits = text.utf8.dropLast(2)
    return text.utf8.count == 24 && text.hasSuffix("==")
      && digits.allSatisfy {
        switch $0 {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
          true
        default: false
        }
      }
  }
}
