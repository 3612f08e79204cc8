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
    var lines: [String] = []
    var start = 0
    while start < end {
      var stop = start
      while stop < end, window[stop] != UInt8(ascii: "\r") { stop += 1 }
      guard window[stop + 1] == UInt8(ascii: "\n") else { throw .malformed }
      let line = window[start..<stop]
      guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else { throw .malformed }
      lines.append(String(decoding: line, as: UTF8.self))
      start = stop + 2
    }
    guard let first = lines.first else { throw .malformed }
    var head = HTTPHead(startLine: first, fields: [])
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":"), colon > line.startIndex, line.first != " ", line.first != "\t"
      else { throw .malformed }
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      let trimmed = value.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
      head.fields.append((line[..<colon].lowercased(), String(trimmed)))
    }
    return (head, end + 2)
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

  func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }

  /// Whether one of the comma-separated tokens of a field is `token`, ignoring case (RFC 9110 §5.6.1).
  func hasToken(_ token: String, in name: String) -> Bool {
    fields.contains { field in
      field.name == name
        && field.value.split(separator: ",").contains {
          $0.lowercased().split(separator: " ").joined(separator: " ") == token
        }
    }
  }
}
