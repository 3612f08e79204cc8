import JSONText
import TraceContext

/// What a client said, as far as the chat understands it.
struct ChatMessage {
  enum Kind {
    /// The text as it stands between its quotes, still escaped.
    case chat(text: String, length: Int)
    case typing(Bool)
    case unknown
  }

  enum Fault: Error {
    case invalidJSON
    case notAnObject
  }

  var kind = Kind.unknown
  var traceparent: Traceparent?
  /// Escaped, as it came.
  var tracestate: String?

  init(_ text: Span<UInt8>) throws(Fault) {
    do throws(JSONFault) {
      var scanner = JSONScanner()
      guard try scanner.peek(text) == .object else {
        try scanner.skipValue(text)
        try scanner.expectEnd(text)
        throw JSONFault.syntax(at: -1)
      }
      try read(text, &scanner)
      try scanner.expectEnd(text)
    } catch {
      throw error == .syntax(at: -1) ? .notAnObject : .invalidJSON
    }
  }

  private mutating func read(_ text: Span<UInt8>, _ scanner: inout JSONScanner) throws(JSONFault) {
    var type: JSONString?
    var message: JSONString?
    var isTyping = false
    var next = try scanner.enterObject(text)
    while let key = next {
      let kind = try scanner.peek(text)
      let start = scanner.position
      if key.equals(Self.contextKey, in: text), kind == .object {
        try readContext(text, &scanner)
      } else if kind == .string {
        let string = try scanner.string(text)
        if key.equals(Self.typeKey, in: text) { type = string }
        if key.equals(Self.messageKey, in: text) { message = string }
      } else {
        try scanner.skipValue(text)
        if key.equals(Self.isTypingKey, in: text) { isTyping = text[start] == UInt8(ascii: "t") }
      }
      next = try scanner.nextKey(text)
    }
    if let type, type.equals(Self.typingType, in: text) {
      kind = .typing(isTyping)
    } else if let type, type.equals(Self.chatType, in: text) {
      kind = .chat(text: message.map { Self.raw($0, text) } ?? "", length: message?.count ?? 0)
    }
  }

  private mutating func readContext(_ text: Span<UInt8>, _ scanner: inout JSONScanner) throws(JSONFault) {
    var next = try scanner.enterObject(text)
    while let key = next {
      if try scanner.peek(text) == .string {
        let string = try scanner.string(text)
        if key.equals(Self.traceparentKey, in: text) {
          traceparent = try? Traceparent(parsing: string.unescaped(text).span.bytes)
        } else if key.equals(Self.tracestateKey, in: text) {
          tracestate = Self.raw(string, text)
        }
      } else {
        try scanner.skipValue(text)
      }
      next = try scanner.nextKey(text)
    }
  }

  private static func raw(_ string: JSONString, _ text: Span<UInt8>) -> String {
    text.extracting(string.start..<string.end).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }

  private static let typeKey = Array("type".utf8)
  private static let messageKey = Array("message".utf8)
  private static let isTypingKey = Array("is_typing".utf8)
  private static let contextKey = Array("trace_context".utf8)
  private static let traceparentKey = Array("traceparent".utf8)
  private static let tracestateKey = Array("tracestate".utf8)
  private static let typingType = Array("typing".utf8)
  private static let chatType = Array("chat_message".utf8)
}
