extension String {
  /// The text as a JSON string with its quotes (RFC 8259, section 7).
  var jsonLiteral: String {
    var literal = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": literal += "\\\""
      case "\\": literal += "\\\\"
      case "\u{0}"..<" ":
        let code = String(scalar.value, radix: 16)
        literal += "\\u" + String(repeating: "0", count: 4 - code.count) + code
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "\""
  }
}
