/// Why bytes are no ExportTraceServiceRequest; every offset is the byte of the body where the fault begins.
package enum ScanError: Error, Hashable, Sendable {
  /// A value or a length reaches past the end of its message.
  case truncated(at: Int)
  /// A varint does not fit 64 bits.
  case overlongVarint(at: Int)
  /// A field that we know has a wire type that its declaration does not allow.
  case wrongWireType(field: UInt32, at: Int)
  /// A group, which proto3 does not have.
  case group(at: Int)
  /// Field number zero or beyond 2²⁹ − 1, or a wire type that does not exist.
  case invalidTag(at: Int)
}

extension ScanError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .truncated(let offset): "byte \(offset): the message ends inside a field"
    case .overlongVarint(let offset): "byte \(offset): a varint is longer than 64 bits"
    case .wrongWireType(let field, let offset): "byte \(offset): field \(field) has the wrong wire type"
    case .group(let offset): "byte \(offset): groups are not part of proto3"
    case .invalidTag(let offset): "byte \(offset): no valid field tag"
    }
  }
}
