/// A protobuf message as its fields, read without any schema of ours.
struct WireMessage {
  enum Value {
    case number(UInt64)
    case bytes([UInt8])
  }

  struct Malformed: Error {}

  private(set) var fields: [(number: Int, value: Value)] = []

  init(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let tag = try Self.varint(&rest)
      let value: Value
      switch tag & 7 {
      case 0: value = .number(try Self.varint(&rest))
      case 1: value = .number(try Self.fixed(8, &rest))
      case 2: value = .bytes(Array(try Self.take(Int(try Self.varint(&rest)), &rest)))
      case 5: value = .number(try Self.fixed(4, &rest))
      default: throw Malformed()
      }
      fields.append((Int(tag >> 3), value))
    }
  }

  func numbers(_ field: Int) -> [UInt64] {
    fields.compactMap { if $0.number == field, case .number(let number) = $0.value { number } else { nil } }
  }

  func bytes(_ field: Int) -> [[UInt8]] {
    fields.compactMap { if $0.number == field, case .bytes(let bytes) = $0.value { bytes } else { nil } }
  }

  func messages(_ field: Int) throws -> [WireMessage] { try bytes(field).map { try WireMessage($0) } }
  func text(_ field: Int) -> String { bytes(field).last.map { String(decoding: $0, as: UTF8.self) } ?? "" }
  func number(_ field: Int) -> UInt64 { numbers(field).last ?? 0 }

  /// A number of bytes, the most significant first.
  func identifier(_ field: Int) -> [UInt64] {
    let bytes = bytes(field).last ?? []
    return stride(from: 0, to: bytes.count, by: 8).map { start in
      bytes[start..<min(start + 8, bytes.count)].reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  private static func take(_ count: Int, _ rest: inout ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= rest.count else { throw Malformed() }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  private static func fixed(_ count: Int, _ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
    try take(count, &rest).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func varint(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
      guard let byte = rest.popFirst() else { throw Malformed() }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw Malformed()
  }
}
