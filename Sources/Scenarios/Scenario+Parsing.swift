import Timing
import TraceContext
import TransportSecurity
import Yams

extension Scenario {
  /// Members that the echoes of all message types may match together.
  package static let matchLimit = 64
  /// Keys of attributes that the rules of all spans may name together.
  package static let attributeLimit = 8
  /// Longest scenario text that is read, in bytes.
  package static let sizeLimit = 1 << 20

  /// Reads a scenario and reports every mistake in it at once.
  ///
  /// - Parameter file: the name that diagnostics give; nothing is opened.
  package init(yaml: String, file: String) throws(Diagnostics) {
    var reader = DocumentReader(file: file)
    guard yaml.utf8.count <= Self.sizeLimit else {
      throw Diagnostics(all: [
        reader.diagnostic("the file has \(yaml.utf8.count) bytes, but 1 MiB is the most", line: 1, column: 1)
      ])
    }
    let scenario = reader.scenario(try reader.root(of: yaml))
    guard reader.problems.isEmpty, let scenario else { throw Diagnostics(all: reader.sortedProblems) }
    self = scenario
  }
}

extension DocumentReader {
  mutating func scenario(_ node: Node) -> Scenario? {
    guard
      let fields = mapping(
        node, named: "scenario",
        keys: ["name", "target", "carrier", "upgrade", "groups", "load", "messages", "expect", "collector"])
    else { return nil }
    if let groups = fields["groups"] {
      group = readGroup(groups)
      hasUnreadGroup = group == nil
    }
    let name = required("name", in: fields, of: node, named: "scenario").flatMap { text($0, named: "name") }
    let target = required("target", in: fields, of: node, named: "scenario").flatMap { readTarget($0) }
    let carrier = fields["carrier"].map { readCarrier($0) } ?? Carrier(path: ["trace_context"])
    var upgrade: UpgradeRule??
    if let node = fields["upgrade"] { upgrade = .some(readUpgrade(node, beside: target)) }
    let load = required("load", in: fields, of: node, named: "scenario").flatMap { readLoad($0) }
    let messages = required("messages", in: fields, of: node, named: "scenario")
      .flatMap { readMessages($0, carrier: carrier) }
    let expectations = fields["expect"].map { readExpectations($0) } ?? []
    let collector = fields["collector"].map { readCollector($0) } ?? .standard
    if let group, let load, load.connections % group.size != 0, let place = fields["groups"] {
      report(
        "\(load.connections) connections do not fill groups of \(group.size)", at: place,
        hint: "make 'connections' a multiple of \(group.size)")
    }
    let matched = (messages ?? []).reduce(0) { $0 + ($1.echo?.match.count ?? 0) }
    if matched > Scenario.matchLimit, let place = fields["messages"] {
      report(
        "the echoes match \(matched) members over all message types", at: place,
        hint: "at most \(Scenario.matchLimit) are possible")
    }
    checkSpans((messages ?? []).flatMap(\.spans) + ((upgrade ?? nil)?.spans ?? []), upgrade ?? nil, fields["messages"])
    checkEntries(messages ?? [], upgrade ?? nil, fields["messages"])
    guard let name, let target, let carrier, let load, let messages else { return nil }
    return Scenario(
      name: name, target: target, carrier: carrier, group: group, load: load, upgrade: upgrade ?? nil,
      messages: messages,
      expectations: expectations, collector: collector)
  }

  /// What the rules of all spans may not be together.
  private mutating func checkSpans(_ rules: [SpanRule], _ upgrade: UpgradeRule?, _ node: Node?) {
    guard let node else { return }
    let all = rules.flatMap(\.withDescendants)
    let keys = Set(all.flatMap(\.attributes).map(\.key))
    if keys.count > Scenario.attributeLimit {
      report(
        "the spans' rules name \(keys.count) attributes: \(keys.sorted().joined(separator: ", "))", at: node,
        hint: "at most \(Scenario.attributeLimit) can be looked at in one scenario")
    }
    if upgrade == nil, all.contains(where: { $0.links.contains(.connection) }) {
      report(
        "a span is to link to its connection's trace, but upgrades carry none", at: node,
        hint: "write 'upgrade: {}' beside the carrier, or 'links: [any]'")
    }
  }

  /// What the spans at the top of a tree hang on must be one thing, and be known.
  private mutating func checkEntries(_ messages: [MessageType], _ upgrade: UpgradeRule?, _ node: Node?) {
    guard let node else { return }
    for message in messages {
      let entries = Set(message.spans.map(\.entry))
      if entries.count > 1 {
        report("the spans at the top of '\(message.name)' have different parents", at: node)
      }
      if entries.contains(.root), message.echo?.context != .new {
        report(
          "the spans of '\(message.name)' begin a trace of the server's own, which nothing tells", at: node,
          hint: "write 'echo: { …, trace-context: new }', whose trace is theirs")
      }
    }
    if let upgrade, upgrade.spans.contains(where: { $0.entry != .client }) {
      report("spans of an upgrade hang on the span ID that it carries, and on nothing else", at: node)
    }
  }

  // MARK: Groups and carrier

  private mutating func readGroup(_ node: Node) -> Group? {
    guard let pairs = mappingPairs(node, named: "groups") else { return nil }
    guard let (key, value) = pairs.first else {
      report("'groups' names no group", at: node, hint: "write 'groups: { room: 10 }'")
      return nil
    }
    if pairs.count > 1 {
      report("'groups' has \(pairs.count) kinds of group, but only one can be given", at: pairs[1].0.node)
    }
    let reserved = ["message", "connection"]
    guard !reserved.contains(key.text), key.text.utf8.allSatisfy({ Self.isWordByte($0) }) else {
      report(
        "\(quoted(key.text)) cannot name a group", at: key.node,
        hint: "use letters, digits, '-' and '_', but neither 'message' nor 'connection'")
      return nil
    }
    // With a wrong size the group still has its name, or every template that names it would be wrong too.
    return Group(name: key.text, size: integer(value, named: key.text, in: 1...1_000_000) ?? 1)
  }

  private mutating func readCarrier(_ node: Node) -> Carrier? {
    guard let fields = mapping(node, named: "carrier", keys: ["at"]),
      let at = required("at", in: fields, of: node, named: "carrier"), let pointer = text(at, named: "at")
    else { return nil }
    guard pointer.hasPrefix("/"), pointer.utf8.count > 1 else {
      report(
        "\(quoted(pointer)) is no JSON pointer to an object inside the message", at: at,
        hint: "write it with slashes, as in '/trace_context'")
      return nil
    }
    let path = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
      .map { Self.unescapedPointerToken(String($0)) }
    guard path.count <= 8 else {
      report("the carrier lies \(path.count) levels deep, but 8 is the most", at: at)
      return nil
    }
    return Carrier(path: path)
  }

  // MARK: Load

  private mutating func readLoad(_ node: Node) -> Load? {
    guard let fields = mapping(node, named: "load", keys: ["connections", "connect-rate", "send-lag", "phases"]) else {
      return nil
    }
    let connections = required("connections", in: fields, of: node, named: "load")
      .flatMap { integer($0, named: "connections", in: 1...1_000_000) }
    let connectRate = fields["connect-rate"].map { rate($0, named: "connect-rate") } ?? Rate(perSecond: 1000)
    let phases = required("phases", in: fields, of: node, named: "load").flatMap { readPhases($0) }
    let sendLagBound = fields["send-lag"].map { duration($0, named: "send-lag") } ?? .milliseconds(50)
    guard let connections, let connectRate, let phases, let sendLagBound else { return nil }
    return Load(connections: connections, connectRate: connectRate, sendLagBound: sendLagBound, phases: phases)
  }

  private mutating func readPhases(_ node: Node) -> [Phase]? {
    guard let nodes = list(node, named: "phases") else { return nil }
    if nodes.isEmpty {
      report("'phases' is empty", at: node, hint: "write at least one, as in '- { for: 10s, rate: 100/s }'")
    }
    if nodes.count > 255 { report("there are \(nodes.count) phases, but 255 is the most", at: node) }
    var phases: [Phase] = []
    for (index, phaseNode) in nodes.enumerated() {
      if let phase = readPhase(phaseNode, index: index) { phases.append(phase) }
    }
    let isOpen = phases.map { if case .open = $0.pace { true } else { false } }
    if let first = isOpen.first, isOpen.contains(!first) {
      report("phases with 'rate' and phases with 'think-time' cannot be mixed in one scenario", at: node)
    }
    if phases.reduce(.zero, { $0 + $1.duration }) > Quantities.longestDuration {
      report("the phases last longer than 30 days together", at: node)
    }
    return phases.count == nodes.count ? phases : nil
  }

  private mutating func readPhase(_ node: Node, index: Int) -> Phase? {
    guard
      let fields = mapping(
        node, named: "phase", keys: ["name", "for", "rate", "arrivals", "burst", "think-time", "warm-up"])
    else { return nil }
    let name = fields["name"].map { text($0, named: "name") } ?? "phase \(index + 1)"
    let length = required("for", in: fields, of: node, named: "phase").flatMap { duration($0, named: "for") }
    if let length, length <= .zero, let place = fields["for"] { report("for", must: "be above 0s", at: place) }
    let isWarmUp = fields["warm-up"].map { bool($0, named: "warm-up") } ?? false
    var arrivals: Arrivals? = .constant
    if let arrivalsNode = fields["arrivals"] { arrivals = choice(arrivalsNode, named: "arrivals") }
    var burst: Int? = 1
    if let burstNode = fields["burst"] { burst = integer(burstNode, named: "burst", in: 1...1_000_000) }
    let pace: Pace?
    switch (fields["rate"], fields["think-time"]) {
    case (let rateNode?, nil):
      if let ramp = ramp(rateNode, named: "rate"), let arrivals, let burst {
        pace = .open(OpenLoad(from: ramp.from, to: ramp.to, arrivals: arrivals, burst: burst))
      } else {
        pace = nil
      }
    case (nil, let thinkNode?):
      for key in ["arrivals", "burst"] {
        if let node = fields[key] { report("'\(key)' goes with 'rate' only, not with 'think-time'", at: node) }
      }
      pace = duration(thinkNode, named: "think-time").map { .closed(thinkTime: $0) }
    case (nil, nil):
      report(
        "the phase has neither 'rate' nor 'think-time'", at: node, hint: "write 'rate: 100/s' or 'think-time: 1s'")
      pace = nil
    case (_?, let thinkNode?):
      report(
        "the phase has both 'rate' and 'think-time'", at: thinkNode,
        hint: "'rate' is the open model, 'think-time' the closed one; keep one of them")
      pace = nil
    }
    guard let name, let length, let isWarmUp, let pace else { return nil }
    return Phase(name: name, duration: length, pace: pace, isWarmUp: isWarmUp)
  }

  // MARK: Collector

  private mutating func readCollector(_ node: Node) -> CollectorSettings {
    var settings = CollectorSettings.standard
    guard
      let fields = mapping(
        node, named: "collector", keys: ["http", "grpc", "services", "settle", "answer-delay", "memory"])
    else { return settings }
    if let http = fields["http"] { settings.httpPort = integer(http, named: "http", in: 0...65535) }
    if let grpc = fields["grpc"] { settings.grpcPort = integer(grpc, named: "grpc", in: 0...65535) }
    if let services = fields["services"] {
      for service in list(services, named: "services") ?? [] {
        if let name = text(service, named: "services") { settings.services.append(name) }
      }
    }
    if let settle = fields["settle"], let value = duration(settle, named: "settle") {
      settings.settle = value
      if value < .milliseconds(100) || value > .seconds(600) {
        report("settle", must: "lie between 100ms and 600s", at: settle)
      }
    }
    if let delay = fields["answer-delay"], let value = duration(delay, named: "answer-delay") {
      settings.answerDelay = value
    }
    if let memory = fields["memory"], let word = text(memory, named: "memory") {
      if let value = Quantities.memory(word) {
        settings.memory = value
      } else {
        report("memory", isNo: "an amount of memory", at: memory, hint: "write it as in '512MiB', from 1MiB to 1024GiB")
      }
    }
    return settings
  }

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
