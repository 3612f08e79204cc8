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
    writer.write(type.body, carrierAt: carrier.path[...])
    if let size = type.size { writer.pad(to: size) }
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

  /// The beginning of one message's text, cut between two characters.
  ///
  /// - Parameter limit: the most bytes that are left.
  package func beginning(
    of identity: MessageIdentity, in identities: IdentityPermutation, limit: Int
  ) -> (text: String, bytesLeftOut: Int) {
    let text = text(of: identity, in: identities)
    guard text.utf8.count > limit else { return (text, 0) }
    var end = text.utf8.index(text.startIndex, offsetBy: max(limit, 0))
    while end > text.startIndex, text.utf8[end] & 0xc0 == 0x80 { end = text.utf8.index(before: end) }
    return (String(text[..<end]), text.utf8[end...].count)
  }
}
