import TraceContext
import Yams

extension DocumentReader {
  mutating func readMessages(_ node: Node, carrier: Carrier?) -> [MessageType]? {
    guard let pairs = mappingPairs(node, named: "messages") else { return nil }
    if pairs.isEmpty { report("'messages' is empty", at: node, hint: "name at least one message type") }
    if pairs.count > 255 { report("'messages' has \(pairs.count) message types, but 255 is the most", at: node) }
    let types = pairs.compactMap { readMessage($0.1, name: $0.0.text, carrier: carrier) }
    if !types.isEmpty, types.count == pairs.count, types.allSatisfy({ $0.weight == 0 }) {
      report(
        "no message type has a weight above 0, so nothing would be sent", at: node,
        hint: "a type without 'weight' has 1")
    }
    return types.count == pairs.count ? types : nil
  }

  private mutating func readMessage(_ node: Node, name: String, carrier: Carrier?) -> MessageType? {
    guard
      let fields = mapping(
        node, named: name, keys: ["weight", "body", "size", "trace", "echo", "spans"])
    else { return nil }
    let weight = fields["weight"].map { integer($0, named: "weight", in: 0...1_000_000) } ?? 1
    var trace: TraceSettings? = .fresh
    if let traceNode = fields["trace"] { trace = readTrace(traceNode) }
    let content = Content(carrier: carrier, trace: trace)
    let body = required("body", in: fields, of: node, named: name).flatMap { readBody($0, content) }
    var size: Int??
    if let sizeNode = fields["size"] {
      size = .some(readSize(sizeNode, of: body, at: fields["body"], content))
    }
    var echo: EchoRule??
    if let echoNode = fields["echo"] { echo = .some(readEcho(echoNode, to: trace)) }
    let problemsBefore = problems.count
    let spans =
      fields["spans"].map {
        readSpans($0, named: "spans", depth: 0, entry: trace?.mode.isTraced == false ? .root : .client)
      } ?? []
    let areSpansRead = problems.count == problemsBefore
    if case .some(let rule?) = echo, let parent = rule.parent, areSpansRead,
      let place = fields["echo"]?.mapping?["parent"]
    {
      checkParent(parent, isIn: spans, at: place)
    }
    guard let weight, let body, let trace else { return nil }
    if case .some(.none) = echo { return nil }
    if case .some(.none) = size { return nil }
    return MessageType(
      name: name, weight: weight, body: body, size: size ?? nil, trace: trace, echo: echo ?? nil, spans: spans)
  }

  /// What goes into a message beside its body; nil where that could not be read, which is told already.
  private struct Content {
    var carrier: Carrier?
    var trace: TraceSettings?

    /// Where the carrier will stand, or nil where there is none or nothing is known of it.
    var carrierPath: ArraySlice<String>? {
      switch trace?.mode {
      case .fresh?, .connection?, .sticky?, .raw?: carrier?.path[...]
      // Where none is written, the author may write one that is none of ours.
      case TraceMode.none?, nil: nil
      }
    }
  }

  /// The size that a message is padded to: no less than it has already, and nobody else's is the member for that.
  private mutating func readSize(_ node: Node, of body: BodyValue?, at bodyNode: Node?, _ content: Content) -> Int? {
    guard let size = bytes(node, named: "size") else { return nil }
    // Without these, their own mistakes are told already.
    guard let body, let carrier = content.carrier, let trace = content.trace else { return size }
    let padding = JSONWriter.paddingKey
    if let place = bodyNode?.mapping?.first(where: { $0.key.scalar?.string == padding })?.key {
      report(
        "'\(padding)' is the member that 'size' fills the message with", at: place,
        hint: "leave it out of the body, or leave out 'size'")
      return nil
    }
    guard content.carrierPath?.first != padding else {
      report(
        "'size' fills the message with the member '\(padding)', which holds the carrier", at: node,
        hint: "move the carrier, or leave out 'size'")
      return nil
    }
    var writer = JSONWriter()
    writer.write(body, carrier: carrier, trace: trace)
    let least = writer.leastPaddedSize
    guard size >= least else {
      report(
        "'size' is \(size) bytes, but the body with its carrier and an empty '\(padding)' has \(least) already",
        at: node, hint: "make it '\(least)B' at least")
      return nil
    }
    return size
  }

  private mutating func readBody(_ node: Node, _ content: Content) -> BodyValue? {
    guard node.mapping != nil else {
      report("body", isNo: "a mapping", at: node, hint: "write its members, as in 'body: { type: chat_message }'")
      return nil
    }
    if let path = content.carrierPath { checkPlace(of: path, in: node) }
    return bodyValue(node, depth: 0)
  }

  /// The carrier's own key may not be in the body, and what is on the way to it are objects.
  private mutating func checkPlace(of path: ArraySlice<String>, in node: Node) {
    guard let pairs = node.mapping, let (key, value) = pairs.first(where: { $0.key.scalar?.string == path.first })
    else {
      return
    }
    if path.count == 1 {
      report(
        "\(quoted(path[path.startIndex])) is the carrier's place, which is filled in", at: key,
        hint: "leave it out of the body, or move the carrier")
    } else if value.mapping == nil {
      report(
        "\(quoted(path[path.startIndex])) is on the way to the carrier, but is no mapping", at: value,
        hint: "make it one, or move the carrier")
    } else {
      checkPlace(of: path.dropFirst(), in: value)
    }
  }

  private mutating func bodyValue(_ node: Node, depth: Int) -> BodyValue? {
    guard depth < Self.depthLimit else {
      report("the body is nested deeper than \(Self.depthLimit) levels", at: node)
      return nil
    }
    if node.mapping != nil {
      guard let pairs = mappingPairs(node, named: "body") else { return nil }
      let members = pairs.compactMap { key, value in
        bodyValue(value, depth: depth + 1).map { BodyValue.Member(key: key.text, value: $0) }
      }
      return members.count == pairs.count ? .object(members) : nil
    }
    if let sequence = node.sequence {
      let values = sequence.compactMap { bodyValue($0, depth: depth + 1) }
      return values.count == sequence.count ? .array(values) : nil
    }
    switch scalar(node) {
    case .text: return template(node, named: "body", allowing: .message).map { .string($0) }
    case .bool(let value): return .bool(value)
    case .number(let digits): return .number(digits)
    case .null: return .null
    case nil: return nil
    }
  }
}
