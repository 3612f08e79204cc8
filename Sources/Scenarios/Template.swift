/// Text with places that are filled in for each connection or message: `m-{{ message.id }}`.
package struct Template: Hashable, Sendable {
  package enum Part: Hashable, Sendable {
    case literal(String)
    case value(Value)
  }

  /// What a place may name.
  package enum Value: Hashable, Sendable {
    /// The message's identity in text, 20 characters; no two messages of a run have the same.
    case messageID
    /// The connection's number, from 0.
    case connectionIndex
    /// The name of the connection's group.
    case groupName
    /// How many members of the connection's group are open.
    case groupSize
    /// The message's own trace ID, 32 digits.
    case traceID
    /// The message's own span ID, 16 digits.
    case spanID
  }

  package var parts: [Part]

  package init(_ parts: [Part]) { self.parts = parts }
  package init(literal text: String) { parts = text.isEmpty ? [] : [.literal(text)] }

  package var values: [Value] {
    parts.compactMap { part in
      switch part {
      case .literal: nil
      case .value(let value): value
      }
    }
  }

  /// The text with every place filled in.
  package func filled(_ fill: (Value) -> String) -> String {
    if parts.count == 1, case .literal(let text)? = parts.first { return text }
    return parts.map { part in
      switch part {
      case .literal(let text): text
      case .value(let value): fill(value)
      }
    }
    .joined()
  }
}

extension Scenario {
  /// A template with what it names of a connection; what it names of a message is left out.
  package func filled(_ template: Template, connection index: Int) -> String {
    template.filled { value in
      switch value {
      case .connectionIndex: String(index)
      case .groupName: "\(group?.name ?? "group")-\(group(ofConnection: index))"
      case .groupSize: String(group?.size ?? 1)
      case .messageID, .traceID, .spanID: ""
      }
    }
  }

  /// The group of a connection, from 0; where there are none each connection is one.
  package func group(ofConnection index: Int) -> Int { group.map { index / $0.size } ?? index }
}

/// A JSON value of a message's body; objects keep the author's order.
package indirect enum BodyValue: Hashable, Sendable {
  case object([Member])
  case array([BodyValue])
  case string(Template)
  /// A number, in the author's digits.
  case number(String)
  case bool(Bool)
  case null

  package struct Member: Hashable, Sendable {
    package var key: String
    package var value: BodyValue

    package init(key: String, value: BodyValue) {
      self.key = key
      self.value = value
    }
  }
}
