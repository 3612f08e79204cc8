import TraceContext

/// Writes JSON text (RFC 8259) and remembers where its places are.
package struct JSONWriter {
  package private(set) var bytes: [UInt8] = []
  /// Where message ids begin.
  package private(set) var messageIDOffsets: [Int] = []
  /// Where the traceparent begins.
  package private(set) var traceparentOffset: Int?

  package init() {}

  /// Writes an object with the carrier at its place: objects on the way are made where they are missing, and what the
  /// author has at the place itself is replaced.
  package mutating func write(_ value: BodyValue, carrierAt path: ArraySlice<String>) {
    guard let key = path.first else {
      writeCarrier()
      return
    }
    var members: [BodyValue.Member] = []
    if case .object(let own) = value { members = own }
    if !members.contains(where: { $0.key == key }) { members.append(.init(key: key, value: .object([]))) }
    writeObject(members) { writer, member in
      if member.key == key {
        writer.write(member.value, carrierAt: path.dropFirst())
      } else {
        writer.write(member.value)
      }
    }
  }

  /// Makes the written object exactly `size` bytes long by a last member.
  ///
  /// - Parameter size: at least what is written and an empty member, `paddingLength`; else nothing is done.
  package mutating func pad(to size: Int) {
    let count = size - bytes.count - Self.paddingLength
    guard count >= 0, bytes.last == UInt8(ascii: "}") else { return }
    bytes.reserveCapacity(size)
    bytes.removeLast()
    bytes.append(contentsOf: ",\"\(Self.paddingKey)\":\"".utf8)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "x"), count: count))
    bytes.append(contentsOf: "\"}".utf8)
  }

  /// The member that fills a message of a wanted size.
  package static let paddingKey = "padding"
  /// Bytes that an empty padding takes behind other members, of which a message has the carrier at least.
  package static let paddingLength = ",\"\(paddingKey)\":\"\"".utf8.count

  private mutating func writeCarrier() {
    let zeros = Traceparent(traceID: .zero, parentID: .zero, flags: .sampled)
    bytes.append(contentsOf: "{\"traceparent\":\"".utf8)
    traceparentOffset = bytes.count
    bytes.append(contentsOf: "\(zeros)\"}".utf8)
  }

  private mutating func writeObject(
    _ members: [BodyValue.Member], _ writeValue: (inout JSONWriter, BodyValue.Member) -> Void
  ) {
    bytes.append(UInt8(ascii: "{"))
    for (index, member) in members.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      quote { $0.escape(member.key) }
      bytes.append(UInt8(ascii: ":"))
      writeValue(&self, member)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  mutating func write(_ value: BodyValue) {
    switch value {
    case .object(let members): writeObject(members) { $0.write($1.value) }
    case .array(let values):
      bytes.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        write(value)
      }
      bytes.append(UInt8(ascii: "]"))
    case .string(let template): quote { $0.write(template) }
    case .number(let digits): bytes.append(contentsOf: digits.utf8)
    case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    case .null: bytes.append(contentsOf: "null".utf8)
    }
  }

  private mutating func quote(_ content: (inout JSONWriter) -> Void) {
    bytes.append(UInt8(ascii: "\""))
    content(&self)
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func write(_ template: Template) {
    for part in template.parts {
      switch part {
      case .literal(let text): escape(text)
      case .value(.messageID):
        messageIDOffsets.append(bytes.count)
        bytes.append(contentsOf: "00000000-00-00000000".utf8)
      case .value(.connectionIndex), .value(.groupName), .value(.groupSize):
        break  // the reader of scenarios allows none of them in a body
      }
    }
  }

  private mutating func escape(_ text: String) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20: bytes += Array("\\u00".utf8) + HexText.string(UInt64(byte)).utf8.suffix(2)
      default: bytes.append(byte)
      }
    }
  }
}
