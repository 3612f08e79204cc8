import Scenarios
package import TraceContext

/// A message type's JSON text with fixed places that are overwritten for each message.
package struct MessageTemplate: Sendable {
  /// The text; its places hold zeros.
  package let payload: [UInt8]
  /// Where the 32 digits of the trace ID begin; the 16 of the parent ID follow 33 bytes later. Nil without a trace.
  package let traceIDOffset: Int?
  /// Where message ids begin, `IdentityPermutation.textLength` bytes each.
  package let messageIDOffsets: [Int]

  init(_ type: MessageType, carrier: Carrier) {
    var writer = JSONWriter()
    switch type.trace {
    case .fresh: writer.write(type.body, carrierAt: carrier.path[...])
    }
    payload = writer.bytes
    traceIDOffset = writer.traceparentOffset.map { $0 + 3 }
    messageIDOffsets = writer.messageIDOffsets
  }

  /// The whole text of one message.
  package func text(of identity: MessageIdentity, in identities: IdentityPermutation) -> String {
    var bytes = payload
    if let traceIDOffset {
      let traceID = identities.traceID(of: identity)
      bytes.replaceSubrange(traceIDOffset..<traceIDOffset + 32, with: Array(traceID.description.utf8))
      let spanID = identities.spanID(in: traceID)
      bytes.replaceSubrange(traceIDOffset + 33..<traceIDOffset + 49, with: Array(spanID.description.utf8))
    }
    for offset in messageIDOffsets {
      bytes.replaceSubrange(
        offset..<offset + IdentityPermutation.textLength, with: Array(identities.text(of: identity).utf8))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

}

/// Writes JSON text (RFC 8259) and remembers where its places are.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []
  private(set) var messageIDOffsets: [Int] = []
  private(set) var traceparentOffset: Int?

  /// Writes an object with the carrier at its place: objects on the way are made where they are missing, and what the
  /// author has at the place itself is replaced.
  mutating func write(_ value: BodyValue, carrierAt path: ArraySlice<String>) {
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
