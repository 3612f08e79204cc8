import OTLPMessages

/// A room and the names of its spans, made once.
struct ChatRoom {
  let name: String
  /// Slots of its members, in the order in which they joined.
  var members: [Int] = []
  let serverSpanName: String
  let receiveSpanName: String
  let sendSpanName: String
  let attributes: [Attribute]
  let group: Attribute
  let groupAttributes: [Attribute]

  /// The room's number names nothing outside: spans carry the path, as the ASGI instrumentation has it.
  init(name: String, path: String) {
    self.name = name
    serverSpanName = "HTTP \(path)"
    receiveSpanName = "HTTP \(path) websocket receive"
    sendSpanName = "HTTP \(path) websocket send"
    attributes = [Attribute("chat.room", .string(name))]
    group = Attribute("chat.group", .string("chat_\(name)"))
    groupAttributes = [group]
  }

  /// The room of a path like `/ws/chat/room-1/`, or nil where it names none.
  static func name(inPath path: String) -> String? {
    let path = path.prefix { $0 != "?" }
    guard path.hasPrefix("/ws/chat/"), path.hasSuffix("/") else { return nil }
    let name = path.dropFirst("/ws/chat/".count).dropLast()
    let isValid = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    return isValid && !name.isEmpty && name.utf8.count < 100 ? String(name) : nil
  }
}
