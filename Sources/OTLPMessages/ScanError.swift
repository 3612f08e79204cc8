import JSONText

/// Why bytes are no export request; every offset is the byte of the body where the fault begins.
package enum ScanError: Error, Hashable, Sendable {
  /// A value or a length reaches past the end of its message.
  case truncated(at: Int)
  /// A varint takes more than ten bytes.
  case overlongVarint(at: Int)
  /// A group, which proto3 does not have.
  case group(at: Int)
  /// Field number zero or beyond 2²⁹ − 1, a wire type that does not exist, or a tag of more than five bytes.
  case invalidTag(at: Int)
  /// The bytes are not UTF-8, which JSON has to be (RFC 8259, section 8.1).
  case invalidUTF8(at: Int)
  /// What stands there breaks JSON's grammar, or the text ends there.
  case syntax(at: Int)
  /// Values are nested deeper than anyone means.
  case tooDeep(at: Int)
  /// The JSON value of a field that we read is of a kind that its declaration does not allow.
  case wrongType(at: Int)
  /// A JSON number does not fit the field's declared width.
  case outOfRange(at: Int)
  /// A part exceeds the bound that keeps hostile bodies from taking memory; see `MetricLimit`.
  case tooLarge(MetricLimit, at: Int)
}

extension ScanError {
  init(_ fault: JSONFault) {
    switch fault {
    case .syntax(let offset): self = .syntax(at: offset)
    case .tooDeep(let offset): self = .tooDeep(at: offset)
    }
  }
}

extension ScanError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .truncated(let offset): "byte \(offset): the message ends inside a field"
    case .overlongVarint(let offset): "byte \(offset): a varint is longer than ten bytes"
    case .group(let offset): "byte \(offset): groups are not part of proto3"
    case .invalidTag(let offset): "byte \(offset): no valid field tag"
    case .invalidUTF8(let offset): "byte \(offset): the JSON text is not UTF-8"
    case .syntax(let offset): "byte \(offset): no valid JSON"
    case .tooDeep(let offset): "byte \(offset): values are nested too deep"
    case .wrongType(let offset): "byte \(offset): a value of the wrong type for its field"
    case .outOfRange(let offset): "byte \(offset): a number out of its field's range"
    case .tooLarge(let limit, let offset): "byte \(offset): more than \(limit.rawValue) \(limit.unit)"
    }
  }
}
