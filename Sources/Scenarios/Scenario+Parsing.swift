import Timing
import TraceContext
import Yams

extension Scenario {
  /// Longest scenario text that is read, in bytes.
  package static let sizeLimit = 1 << 20

  /// Reads a scenario and reports every mistake in it at once.
  ///
  /// - Parameter file: the name that diagnostics give; nothing is opened.
  package init(yaml: String, file: String) throws(Diagnostics) {
    var reader = DocumentReader(file: file)
    guard yaml.utf8.count <= Self.sizeLimit else {
      throw Diagnostics(all: [reader.diagnostic("the file is larger than 1 MiB", line: 1, column: 1)])
    }
    let root: Node?
    do {
      root = try compose(yaml: yaml)
    } catch {
      throw Diagnostics(all: [reader.diagnostic(forYAML: error)])
    }
    guard let root else {
      throw Diagnostics(all: [reader.diagnostic("the file is empty; a scenario begins with 'name:'", line: 1, column: 1)])
    }
    let scenario = reader.scenario(root)
    guard reader.problems.isEmpty, let scenario else { throw Diagnostics(all: reader.sortedProblems) }
    self = scenario
  }
}

extension DocumentReader {
  mutating func scenario(_ node: Node) -> Scenario? {
    guard
      let fields = mapping(
        node, named: "scenario",
        keys: ["name", "target", "carrier", "groups", "load", "messages", "expect", "collector"])
    else { return nil }
    if let groups = fields["groups"] { group = readGroup(groups) }
    let name = required("name", in: fields, of: node).flatMap { text($0) }
    let target = required("target", in: fields, of: node).flatMap { readTarget($0) }
    let carrier = fields["carrier"].map { readCarrier($0) } ?? Carrier(path: ["trace_context"])
    let load = required("load", in: fields, of: node).flatMap { readLoad($0) }
    let messages = required("messages", in: fields, of: node).flatMap { readMessages($0, carrier: carrier) }
    let expectations = fields["expect"].map { readExpectations($0) } ?? []
    let collector = fields["collector"].map { readCollector($0) } ?? .standard
    guard let name, let target, let carrier, let load, let messages else { return nil }
    if let group, load.connections % group.size != 0, let place = fields["groups"] {
      report(
        "\(load.connections) connections do not fill groups of \(group.size)", at: place,
        hint: "use a multiple of \(group.size)")
    }
    return Scenario(
      name: name, target: target, carrier: carrier, group: group, load: load, messages: messages,
      expectations: expectations, collector: collector)
  }

  // MARK: Target and groups

  private mutating func readTarget(_ node: Node) -> Target? {
    guard let fields = mapping(node, named: "target", keys: ["url", "headers"]) else { return nil }
    var headers: [(name: String, value: Template)] = []
    if let headerNode = fields["headers"] {
      guard let pairs = mappingPairs(headerNode, named: "headers") else { return nil }
      for (key, value) in pairs {
        guard Self.isHeaderName(key.text) else {
          report("'\(key.text)' is no header name", at: key.node)
          continue
        }
        guard let text = template(value, allowing: .connection) else { continue }
        guard !text.parts.contains(where: { if case .literal(let l) = $0 { Self.hasControl(l) } else { false } })
        else {
          report("a header value holds no control characters", at: value)
          continue
        }
        headers.append((key.text, text))
      }
    }
    guard let urlNode = required("url", in: fields, of: node), let url = template(urlNode, allowing: .connection)
    else { return nil }
    return Target(url: url, headers: headers)
  }

  private mutating func readGroup(_ node: Node) -> Group? {
    guard let pairs = mappingPairs(node, named: "groups") else { return nil }
    guard let (key, value) = pairs.first else {
      report("'groups' names no group", at: node, hint: "write 'groups: { room: 10 }'")
      return nil
    }
    if pairs.count > 1 {
      report("only one kind of group can be given", at: pairs[1].0.node)
    }
    guard let size = integer(value, named: "group size", in: 1...1_000_000) else { return nil }
    let reserved = ["message", "connection"]
    guard !reserved.contains(key.text), key.text.utf8.allSatisfy({ Self.isWordByte($0) }), !key.text.isEmpty else {
      report(
        "'\(key.text)' cannot name a group", at: key.node,
        hint: "use letters, digits, '-' and '_', but not \(reserved.joined(separator: " or "))")
      return nil
    }
    return Group(name: key.text, size: size)
  }

  private mutating func readCarrier(_ node: Node) -> Carrier? {
    guard let fields = mapping(node, named: "carrier", keys: ["at"]),
      let at = required("at", in: fields, of: node), let pointer = text(at)
    else { return nil }
    guard pointer.hasPrefix("/"), pointer.utf8.count > 1 else {
      report(
        "'\(pointer)' is no JSON pointer to an object inside the message", at: at,
        hint: "write it with slashes, as in '/trace_context'")
      return nil
    }
    let path = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
      .map { Self.unescapedPointerToken(String($0)) }
    guard path.count <= 8 else {
      report("the carrier lies deeper than 8 levels", at: at)
      return nil
    }
    return Carrier(path: path)
  }

  // MARK: Load

  private mutating func readLoad(_ node: Node) -> Load? {
    guard let fields = mapping(node, named: "load", keys: ["connections", "connect-rate", "phases"]) else { return nil }
    let connections = required("connections", in: fields, of: node)
      .flatMap { integer($0, named: "connections", in: 1...1_000_000) }
    let connectRate = fields["connect-rate"].map { rate($0) } ?? Rate(perSecond: 1000)
    let phases = required("phases", in: fields, of: node).flatMap { readPhases($0) }
    guard let connections, let connectRate, let phases else { return nil }
    return Load(connections: connections, connectRate: connectRate, phases: phases)
  }

  private mutating func readPhases(_ node: Node) -> [Phase]? {
    guard let nodes = list(node, named: "phases") else { return nil }
    if nodes.isEmpty { report("'phases' is empty", at: node, hint: "write at least one, as in '- { for: 10s, rate: 100/s }'") }
    var phases: [Phase] = []
    for (index, phaseNode) in nodes.enumerated() {
      if let phase = readPhase(phaseNode, index: index) { phases.append(phase) }
    }
    let isOpen = phases.map { if case .open = $0.pace { true } else { false } }
    if let first = isOpen.first, isOpen.contains(!first) {
      report("phases with 'rate' and phases with 'think-time' cannot be mixed in one scenario", at: node)
    }
    return phases.count == nodes.count ? phases : nil
  }

  private mutating func readPhase(_ node: Node, index: Int) -> Phase? {
    guard
      let fields = mapping(
        node, named: "phase", keys: ["name", "for", "rate", "arrivals", "think-time", "warm-up"])
    else { return nil }
    let name = fields["name"].map { text($0) } ?? "phase \(index + 1)"
    let length = required("for", in: fields, of: node).flatMap { duration($0, named: "for") }
    if let length, length <= .zero, let place = fields["for"] { report("a phase lasts longer than 0 s", at: place) }
    let isWarmUp = fields["warm-up"].map { bool($0, named: "warm-up") } ?? false
    var arrivals: Arrivals? = .constant
    if let arrivalsNode = fields["arrivals"] { arrivals = choice(arrivalsNode, named: "arrivals") }
    let pace: Pace?
    switch (fields["rate"], fields["think-time"]) {
    case (let rateNode?, nil):
      pace = rate(rateNode).flatMap { rate in arrivals.map { .open(rate, $0) } }
    case (nil, let thinkNode?):
      if let arrivalsNode = fields["arrivals"] { report("'arrivals' goes with 'rate' only", at: arrivalsNode) }
      pace = duration(thinkNode, named: "think-time").map { .closed(thinkTime: $0) }
    case (nil, nil):
      report("the phase says neither 'rate' nor 'think-time'", at: node, hint: "write 'rate: 100/s' or 'think-time: 1s'")
      pace = nil
    case (_?, let thinkNode?):
      report("a phase has either 'rate' (open model) or 'think-time' (closed model)", at: thinkNode)
      pace = nil
    }
    guard let name, let length, let isWarmUp, let pace else { return nil }
    return Phase(name: name, duration: length, pace: pace, isWarmUp: isWarmUp)
  }

  // MARK: Collector

  private mutating func readCollector(_ node: Node) -> CollectorSettings {
    var settings = CollectorSettings.standard
    guard let fields = mapping(node, named: "collector", keys: ["http", "settle", "answer-delay"]) else { return settings }
    if let http = fields["http"] { settings.httpPort = integer(http, named: "http", in: 0...65535) }
    if let settle = fields["settle"], let value = duration(settle, named: "settle") {
      settings.settle = value
      if value < .milliseconds(100) || value > .seconds(600) {
        report("'settle' lies between 100ms and 600s", at: settle)
      }
    }
    if let delay = fields["answer-delay"], let value = duration(delay, named: "answer-delay") {
      settings.answerDelay = value
    }
    return settings
  }

  private static func isHeaderName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { isWordByte($0) || "!#$%&'*+.^`|~".utf8.contains($0) }
  }

  private static func hasControl(_ text: String) -> Bool { text.utf8.contains { $0 < 0x20 || $0 == 0x7f } }

  static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// RFC 6901 §4: `~1` is a slash and `~0` a tilde.
  private static func unescapedPointerToken(_ token: String) -> String {
    var text = ""
    var rest = Substring(token)
    while let character = rest.popFirst() {
      if character == "~", rest.first == "1" {
        text.append("/")
        rest.removeFirst()
      } else if character == "~", rest.first == "0" {
        text.append("~")
        rest.removeFirst()
      } else {
        text.append(character)
      }
    }
    return text
  }
}
