import TraceContext

/// Writes JSON text (RFC 8259) and remembers where its places are.
package struct JSONWriter {
  package private(set) var bytes: [UInt8] = []
  /// Where message ids begin.
  package private(set) var messageIDOffsets: [Int] = []
  /// Where the digits of the message's trace ID, span ID and flags begin.
  package private(set) var traceIDOffset: Int?
  package private(set) var spanIDOffset: Int?
  package private(set) var flagsOffset: Int?

  package init() {}

  /// Writes a message's body, an object, with its carrier.
  package mutating func write(_ body: BodyValue, carrier: Carrier, trace: TraceSettings) {
    switch trace.mode {
    case .none: write(body)
    case .fresh, .connection, .sticky, .raw: write(body, carrierAt: carrier.path[...], trace)
    }
  }

  /// Writes an object with the carrier at its place: objects on the way are made where they are missing, and what the
  /// author has at the place itself is replaced.
  private mutating func write(_ value: BodyValue, carrierAt path: ArraySlice<String>, _ trace: TraceSettings) {
    guard let key = path.first else {
      writeCarrier(trace)
      return
    }
    var members: [BodyValue.Member] = []
    if case .object(let own) = value { members = own }
    if !members.contains(where: { $0.key == key }) { members.append(.init(key: key, value: .object([]))) }
    writeObject(members) { writer, member in
      if member.key == key {
        writer.write(member.value, carrierAt: path.dropFirst(), trace)
      } else {
        writer.write(member.value)
      }
    }
  }

  /// Makes the written object exactly `size` bytes long by a last member.
  ///
  /// - Parameter size: at least `leastPaddedSize`; else nothing is done.
  package mutating func pad(to size: Int) {
    let count = size - leastPaddedSize
    guard count >= 0, bytes.last == UInt8(ascii: "}") else { return }
    bytes.reserveCapacity(size)
    bytes.removeLast()
    bytes.append(contentsOf: "\(separator)\"\(Self.paddingKey)\":\"".utf8)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "x"), count: count))
    bytes.append(contentsOf: "\"}".utf8)
  }

  /// The member that fills a message of a wanted size.
  package static let paddingKey = "padding"

  /// Bytes of what is written with an empty padding.
  package var leastPaddedSize: Int { bytes.count + "\(separator)\"\(Self.paddingKey)\":\"\"".utf8.count }

  /// What stands before a further member: nothing in an empty object.
  private var separator: String { bytes.count > 2 ? "," : "" }

  private mutating func writeCarrier(_ trace: TraceSettings) {
    bytes.append(contentsOf: "{\"\(TraceHeader.traceparent.rawValue)\":\"".utf8)
    if case .raw(let text) = trace.mode { write(text) } else { writeTraceparent(trace.flags.common ?? []) }
    bytes.append(UInt8(ascii: "\""))
    for (key, text) in [(TraceHeader.tracestate, trace.tracestate?.text), (.baggage, trace.baggage?.text)] {
      guard let text else { continue }
      bytes.append(contentsOf: ",\"\(key.rawValue)\":".utf8)
      quote { $0.escape(text) }
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func writeTraceparent(_ flags: TraceFlags) {
    let start = bytes.count
    traceIDOffset = start + Traceparent.traceIDOffset
    spanIDOffset = start + Traceparent.parentIDOffset
    flagsOffset = start + Traceparent.flagsOffset
    bytes.append(contentsOf: "\(Traceparent(traceID: .zero, parentID: .zero, flags: flags))".utf8)
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
      case .value(.traceID):
        traceIDOffset = bytes.count
        bytes.append(contentsOf: TraceID.zero.description.utf8)
      case .value(.spanID):
        spanIDOffset = bytes.count
        bytes.append(contentsOf: SpanID.zero.description.utf8)
      case .value(.connectionIndex), .value(.groupName), .value(.groupSize):
        break  // the reader of scenarios allows none of them in a message
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
