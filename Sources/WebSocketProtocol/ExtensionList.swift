/// One extension of a Sec-WebSocket-Extensions field, with its parameters in their order (RFC 6455 §9.1).
struct ExtensionEntry: Equatable {
  struct Parameter: Equatable {
    var name: String
    /// Without the quotes that it may have had.
    var value: String?
  }

  var name: String
  var parameters: [Parameter]
}

/// Reads the values of Sec-WebSocket-Extensions fields.
struct ExtensionList {
  private var rest: ArraySlice<UInt8>

  /// The extensions of one field's value; nil where it breaks the grammar, which fails the connection (RFC 6455 §9.1).
  ///
  /// Empty elements between commas are passed over, as RFC 9110 §5.6.1 asks of a recipient.
  static func read(_ value: String) -> [ExtensionEntry]? {
    var list = ExtensionList(rest: Array(value.utf8)[...])
    return list.entries()
  }

  private mutating func entries() -> [ExtensionEntry]? {
    var entries: [ExtensionEntry] = []
    while true {
      skipBlanks()
      if take(UInt8(ascii: ",")) { continue }
      if rest.isEmpty { return entries.isEmpty ? nil : entries }
      guard let entry = entry() else { return nil }
      entries.append(entry)
      guard rest.isEmpty || rest.first == UInt8(ascii: ",") else { return nil }
    }
  }

  /// An extension, with the blanks behind it.
  private mutating func entry() -> ExtensionEntry? {
    guard let name = token() else { return nil }
    var entry = ExtensionEntry(name: name, parameters: [])
    skipBlanks()
    while take(UInt8(ascii: ";")) {
      skipBlanks()
      guard let parameter = parameter() else { return nil }
      entry.parameters.append(parameter)
      skipBlanks()
    }
    return entry
  }

  private mutating func parameter() -> ExtensionEntry.Parameter? {
    guard let name = token() else { return nil }
    skipBlanks()
    guard take(UInt8(ascii: "=")) else { return ExtensionEntry.Parameter(name: name, value: nil) }
    skipBlanks()
    guard let value = rest.first == UInt8(ascii: "\"") ? quotedToken() : token() else { return nil }
    return ExtensionEntry.Parameter(name: name, value: value)
  }

  private mutating func token() -> String? {
    let bytes = rest.prefix(while: HTTPHead.isTokenByte)
    guard !bytes.isEmpty else { return nil }
    rest = rest.dropFirst(bytes.count)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A quoted string; what it means must be a token again.
  private mutating func quotedToken() -> String? {
    rest = rest.dropFirst()
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
      guard let meant = byte == UInt8(ascii: "\\") ? rest.popFirst() : byte, HTTPHead.isTokenByte(meant) else {
        return nil
      }
      bytes.append(meant)
    }
    return nil
  }

  private mutating func skipBlanks() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 } }

  /// Passes over a byte if it is next.
  private mutating func take(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest = rest.dropFirst()
    return true
  }
}
