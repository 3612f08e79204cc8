/// The first line and the header fields of an HTTP/1.1 message (RFC 9112 §2).
struct HTTPHead {
  var startLine: String
  /// Names in lower case.
  var fields: [(name: String, value: String)]

  /// Longest head that is read, in bytes.
  static let sizeLimit = 16384

  enum Fault: Error, Hashable {
    case malformed
    case tooLong
  }

  /// Reads a head; nil where the bytes end before it does. Its length includes the empty line.
  static func read(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> (head: HTTPHead, length: Int)? {
    let window = UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, sizeLimit)])
    guard let end = endOfHead(window) else {
      guard bytes.count < sizeLimit else { throw .tooLong }
      return nil
    }
    var head: HTTPHead?
    var start = 0
    while start < end {
      var stop = start
      while stop < end, window[stop] != UInt8(ascii: "\r") { stop += 1 }
      guard window[stop + 1] == UInt8(ascii: "\n") else { throw .malformed }
      let line = UnsafeRawBufferPointer(rebasing: window[start..<stop])
      for byte in line where byte < 0x20 && byte != 0x09 || byte == 0x7f { throw .malformed }
      if head == nil {
        head = HTTPHead(startLine: String(decoding: line, as: UTF8.self), fields: [])
      } else {
        head?.fields.append(try field(line))
      }
      start = stop + 2
    }
    guard let head else { throw .malformed }
    return (head, end + 2)
  }

  /// A name is a token: so no blank stands before the colon, and no folded line begins with one (RFC 9112 §5).
  private static func field(_ line: UnsafeRawBufferPointer) throws(Fault) -> (name: String, value: String) {
    var colon = 0
    while colon < line.count, line[colon] != UInt8(ascii: ":") {
      guard isTokenByte(line[colon]) else { throw .malformed }
      colon += 1
    }
    guard colon > 0, colon < line.count else { throw .malformed }
    let name = String(unsafeUninitializedCapacity: colon) { bytes in
      for index in 0..<colon { bytes[index] = lowercased(line[index]) }
      return colon
    }
    var value = line[(colon + 1)...]
    while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
    while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
    return (name, String(decoding: value, as: UTF8.self))
  }

  /// Of ASCII letters only.
  private static func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }

  /// Where the empty line begins, or nil.
  private static func endOfHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= 4 else { return nil }
    for index in 0...bytes.count - 4 where bytes[index] == UInt8(ascii: "\r") {
      if bytes[index + 1] == UInt8(ascii: "\n"), bytes[index + 2] == UInt8(ascii: "\r"),
        bytes[index + 3] == UInt8(ascii: "\n")
      {
        return index + 2
      }
    }
    return nil
  }

  /// The status of an answer in HTTP/1.1 or 1.0 (RFC 9112 §4): three digits of which the first is 1 to 5 (RFC 9110 §15),
  /// without a sign; nil for what is no status line.
  var status: UInt16? {
    let parts = startLine.utf8.split(separator: UInt8(ascii: " "), maxSplits: 2)
    guard parts.count >= 2, parts[0].starts(with: "HTTP/1.".utf8), parts[1].count == 3,
      parts[1].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let status = UInt16(Substring(parts[1])), (100...599).contains(status)
    else { return nil }
    return status
  }

  func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

  func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }

  /// The value of a field that stands exactly once, or nil.
  func only(_ name: String) -> String? {
    let values = all(name)
    return values.count == 1 ? values[0] : nil
  }

  /// Whether one of the comma-separated tokens of a field is `token`, ignoring the case of ASCII letters (RFC 9110
  /// §5.6.1): a Kelvin sign is no k.
  func hasToken(_ token: String, in name: String) -> Bool {
    fields.contains { field in
      field.name == name
        && field.value.utf8.split(separator: UInt8(ascii: ",")).contains { word in
          var word = word
          while let first = word.first, first == 0x20 || first == 0x09 { word.removeFirst() }
          while let last = word.last, last == 0x20 || last == 0x09 { word.removeLast() }
          return word.count == token.utf8.count && zip(word, token.utf8).allSatisfy { Self.lowercased($0) == $1 }
        }
    }
  }

  /// Without the spaces and tabs at both ends.
  static func trimmed(_ text: Substring) -> String {
    var rest = text.utf8
    while let first = rest.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
    while let last = rest.last, last == 0x20 || last == 0x09 { rest.removeLast() }
    return String(Substring(rest))
  }

  /// RFC 9110 §5.6.2.
  static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
