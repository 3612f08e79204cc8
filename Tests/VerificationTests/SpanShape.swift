import Observations
import TraceContext

/// A span tree in words, to make spans of.
struct SpanShape: Sendable {
  var name: String
  var kind: SpanKind = .internal
  var children: [SpanShape] = []

  init(_ name: String, _ kind: SpanKind = .internal, _ children: [SpanShape] = []) {
    self.name = name
    self.kind = kind
    self.children = children
  }

  private static let asgiSend = SpanShape("HTTP /ws/chat/room-0/ websocket send")
  static let background = SpanShape(
    "chat.queue_background_task", .producer,
    [SpanShape("chat.process_message_background", .consumer, [SpanShape("chat.analyze_sentiment")])])

  /// The trees of the reference system with correct propagation.
  static func chat(members: Int, withBackground: Bool = true) -> [SpanShape] {
    let send = SpanShape(
      "chat.send_broadcast", .consumer, [SpanShape("websocket.send", .client, [asgiSend])])
    let broadcast = SpanShape(
      "chat.broadcast_message", .producer, Array(repeating: send, count: members))
    let process = SpanShape(
      "chat.process_message", .internal,
      [SpanShape("chat.save_message"), broadcast] + (withBackground ? [background] : []))
    return [SpanShape("websocket.receive", .server, [process])]
  }

  static func typing(members: Int) -> [SpanShape] {
    let send = SpanShape("websocket.send", .client, [asgiSend])
    let typing = SpanShape("chat.typing_indicator", .producer, Array(repeating: send, count: members))
    return [SpanShape("websocket.receive", .server, [typing])]
  }

  /// The tree of the scenario with repeated names.
  static let repeatedNames = [
    SpanShape(
      "entry", .internal,
      [("first", "read"), ("second", "write"), ("third", "write")].map { step, work in
        SpanShape(step, .internal, [SpanShape("work", .internal, [SpanShape(work)])])
      })
  ]

  /// The trees of the article as it is written: the receive span is in the connection's trace.
  static func chatAsWritten(members: Int) -> [SpanShape] {
    chat(members: members, withBackground: false)[0].children
  }

  static func typingAsWritten(members: Int) -> [SpanShape] { typing(members: members)[0].children }
}

/// A span that was made up.
struct MadeUpSpan: Hashable {
  var id: UInt64
  var parent: UInt64
  var name: String
  var kind: SpanKind
  var start: UInt64
  var end: UInt64
  var status = SpanStatus.unset
  var isRemote = false
  var scope = "made-up"
  var attributes: [String: String] = [:]
  /// To the span IDs that we sent with these traces.
  var links: [TraceID] = []
  var furtherLinks: [SpanDetail.SpanLink] = []
  var events: [String] = []
}
