import JSONText
import TraceContext

/// What a client said, as far as the chat understands it.
struct ChatMessage {
  enum Kind {
    /// The text as it stands between its quotes, still escaped.
    case chat(text: String, length: Int)
    case typing(Bool)
    /// The type as it stands in the message, cut at 64 bytes.
    case unknown(type: String)
  }

  enum Fault: Error {
    case invalidJSON
    case notAnObject
  }

  var kind = Kind.unknown(type: "None")
  var context = ReceivedContext.absent
  /// Escaped, as it came; empty for none.
  var tracestate = ""
  var baggage = ""
  /// Whether the carrier is there, whatever it is.
  var hasCarrier = false
  /// Whether a member is of a type at which code that does not look fails.
  var isIllTyped = false

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
    var hasMistypedMessage = false
    var next = try scanner.enterObject(text)
    while let key = next {
      let kind = try scanner.peek(text)
      let start = scanner.position
      if key.equals(Self.contextKey, in: text) {
        try readCarrier(text, &scanner, kind)
      } else if kind == .string {
        let string = try scanner.string(text)
        if key.equals(Self.typeKey, in: text) { type = string }
        if key.equals(Self.messageKey, in: text) { (message, hasMistypedMessage) = (string, false) }
      } else {
        try scanner.skipValue(text)
        if key.equals(Self.isTypingKey, in: text) { isTyping = text[start] == UInt8(ascii: "t") }
        if key.equals(Self.messageKey, in: text) { hasMistypedMessage = true }
        if key.equals(Self.typeKey, in: text) {
          type = JSONString(start: start, end: scanner.position, isEscaped: false)
        }
      }
      next = try scanner.nextKey(text)
    }
    guard let type else { return }
    if type.equals(Self.typingType, in: text) {
      kind = .typing(isTyping)
    } else if type.equals(Self.chatType, in: text) {
      isIllTyped = isIllTyped || hasMistypedMessage
      kind = .chat(text: message.map { Self.raw($0, text) } ?? "", length: message?.count ?? 0)
    } else {
      kind = .unknown(type: Self.raw(type, text, limit: Self.typeLimit))
    }
  }

  /// Of two carriers the last one counts, as JSON's readers have it.
  private mutating func readCarrier(
    _ text: Span<UInt8>, _ scanner: inout JSONScanner, _ kind: JSONKind
  ) throws(JSONFault) {
    (context, tracestate, baggage, hasCarrier) = (.absent, "", "", true)
    guard kind == .object else {
      isIllTyped = true
      return try scanner.skipValue(text)
    }
    var next = try scanner.enterObject(text)
    while let key = next {
      if try scanner.peek(text) == .string {
        let string = try scanner.string(text)
        if key.equals(Self.traceparentKey, in: text) {
          context = Self.context(string, text)
        } else if key.equals(Self.tracestateKey, in: text) {
          tracestate = Self.companion(string, text)
        } else if key.equals(Self.baggageKey, in: text) {
          baggage = Self.companion(string, text)
        }
      } else {
        let start = scanner.position
        try scanner.skipValue(text)
        readMistyped(key, text, first: text[start])
      }
      next = try scanner.nextKey(text)
    }
  }

  /// A member of the carrier that is no string; null is as good as absent to code that does not look.
  private mutating func readMistyped(_ key: JSONString, _ text: Span<UInt8>, first: UInt8) {
    let isTraceparent = key.equals(Self.traceparentKey, in: text)
    guard isTraceparent || key.equals(Self.tracestateKey, in: text) else { return }
    if isTraceparent { context = .invalid([]) }
    if first != UInt8(ascii: "n") { isIllTyped = true }
  }

  private static func context(_ string: JSONString, _ text: Span<UInt8>) -> ReceivedContext {
    let bytes = string.unescaped(text)
    let traceparent = try? Traceparent(parsing: bytes.span.bytes)
    return traceparent.map { .valid($0) } ?? .invalid(bytes)
  }

  /// - Parameter limit: bytes at most; a character that goes over it is left out whole.
  private static func raw(_ string: JSONString, _ text: Span<UInt8>, limit: Int = .max) -> String {
    var end = string.end
    if string.count > limit {
      end = string.start + limit
      while end > string.start, text[end] & 0xc0 == 0x80 { end -= 1 }
    }
    return text.extracting(string.start..<end).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }

  private static let typeLimit = 64
  /// What travels beside a traceparent; dropped where it is longer than SDKs pass on, as each span holds it.
  private static func companion(_ string: JSONString, _ text: Span<UInt8>) -> String {
    string.count <= 8192 ? raw(string, text) : ""
  }

  private static let typeKey = Array("type".utf8)
  private static let messageKey = Array("message".utf8)
  private static let isTypingKey = Array("is_typing".utf8)
  private static let contextKey = Array("trace_context".utf8)
  private static let traceparentKey = Array("traceparent".utf8)
  private static let tracestateKey = Array("tracestate".utf8)
  private static let baggageKey = Array("baggage".utf8)
  private static let typingType = Array("typing".utf8)
  private static let chatType = Array("chat_message".utf8)
}
