import Scenarios
package import TraceContext

/// A message type's JSON text with fixed places that are overwritten for each message.
package struct MessageTemplate: Sendable {
  /// The text; its places hold zeros, but for flags that all messages have.
  package let payload: [UInt8]
  /// Where the digits of the trace ID (32), the span ID (16) and the flags (2) begin; nil where there are none.
  package let traceIDOffset: Int?
  package let spanIDOffset: Int?
  package let flagsOffset: Int?
  /// Where message ids begin, `IdentityPermutation.textLength` bytes each.
  package let messageIDOffsets: [Int]
  /// What goes into the places of trace context.
  package let context: ContextSource

  init(_ type: MessageType, carrier: Carrier) {
    var writer = JSONWriter()
    writer.write(type.body, carrier: carrier, trace: type.trace)
    if let size = type.size { writer.pad(to: size) }
    payload = writer.bytes
    traceIDOffset = writer.traceIDOffset
    spanIDOffset = writer.spanIDOffset
    flagsOffset = writer.flagsOffset
    messageIDOffsets = writer.messageIDOffsets
    context = ContextSource(type.trace)
  }

  /// The whole text of one message, as it is where its connection has received no context.
  package func text(
    of identity: MessageIdentity, connection: UInt32, in identities: IdentityPermutation
  ) -> String {
    text(of: identity, carrying: context.context(of: identity, connection: connection, in: identities), in: identities)
  }

  /// The whole text of one message with a context of whatever source.
  package func text(
    of identity: MessageIdentity, carrying context: Traceparent, in identities: IdentityPermutation
  ) -> String {
    var bytes = payload
    func put(_ text: some StringProtocol, at offset: Int?) {
      guard let offset else { return }
      bytes.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
    }
    put(context.traceID.description, at: traceIDOffset)
    put(context.parentID.description, at: spanIDOffset)
    put(context.description.suffix(2), at: flagsOffset)
    for offset in messageIDOffsets { put(identities.text(of: identity), at: offset) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The beginning of one message's text, cut between two characters.
  ///
  /// - Parameter limit: the most bytes that are left.
  package func beginning(
    of identity: MessageIdentity, connection: UInt32, in identities: IdentityPermutation, limit: Int
  ) -> (text: String, bytesLeftOut: Int) {
    let text = text(of: identity, connection: connection, in: identities)
    guard text.utf8.count > limit else { return (text, 0) }
    var end = text.utf8.index(text.startIndex, offsetBy: max(limit, 0))
    while end > text.startIndex, text.utf8[end] & 0xc0 == 0x80 { end = text.utf8.index(before: end) }
    return (String(text[..<end]), text.utf8[end...].count)
  }
}
