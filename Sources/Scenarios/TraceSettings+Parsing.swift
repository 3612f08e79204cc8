import TraceContext
import Yams

extension DocumentReader {
  /// The modes that are one word; `raw` is a key, as it needs its text.
  private static let modes: [(word: String, mode: TraceMode)] = [
    ("fresh", .fresh), ("connection", .connection), ("sticky", .sticky), ("none", .none),
  ]

  /// A mode, or a mapping of it and of what else the carrier holds.
  mutating func readTrace(_ node: Node) -> TraceSettings? {
    guard node.mapping != nil else { return readMode(node, named: "trace").map { TraceSettings(mode: $0) } }
    let keys = ["mode", "raw", "sampled", "random", "tracestate", "baggage"]
    guard let fields = mapping(node, named: "trace", keys: keys) else { return nil }
    var mode: TraceMode? = .fresh
    if let node = fields["mode"] { mode = readMode(node, named: "mode") }
    if let node = fields["raw"] {
      if fields["mode"] != nil {
        report("'raw' and 'mode' exclude each other", at: node, hint: "keep one of them")
      }
      mode = readRaw(node)
    }
    guard let mode else { return nil }
    checkKeys(of: fields, goingWith: mode)
    return readContext(fields, mode: mode)
  }

  /// What every upgrade request carries, and the spans below it.
  mutating func readUpgrade(_ node: Node, beside target: Target?) -> UpgradeRule? {
    let keys = ["sampled", "random", "tracestate", "baggage", "spans"]
    guard let fields = mapping(node, named: "upgrade", keys: keys) else { return nil }
    let taken = (target?.headers ?? []).filter { TraceHeader.allCases.map(\.rawValue).contains($0.name.lowercased()) }
    for header in taken {
      report(
        "'upgrade' and the header '\(header.name)' exclude each other", at: node,
        hint: "leave the header out; 'upgrade' has keys for all that it carries")
    }
    let spans = fields["spans"].map { readSpans($0, named: "spans", depth: 0, entry: .client) } ?? []
    return readContext(fields, mode: .connection).map { UpgradeRule(trace: $0, spans: spans) }
  }

  private mutating func readMode(_ node: Node, named name: String) -> TraceMode? {
    guard let word = text(node, named: name) else { return nil }
    if let known = Self.modes.first(where: { $0.word == word }) { return known.mode }
    guard word != "raw" else {
      report(
        "'raw' needs its text", at: node, hint: "write it as in '{ raw: \"00-{{ trace.id }}-{{ span.id }}-01-x\" }'")
      return nil
    }
    reportUnknown(word, what: "trace", among: Self.modes.map(\.word), at: node)
    return nil
  }

  private mutating func readRaw(_ node: Node) -> TraceMode? {
    if case .null = scalar(node) {
      report("raw", isNo: "text", at: node, hint: "write '\"\"' for a traceparent without any")
      return nil
    }
    guard let text = template(node, named: "raw", allowing: .trace) else { return nil }
    for (name, value) in [("trace.id", Template.Value.traceID), ("span.id", .spanID)]
    where text.values.count(where: { $0 == value }) > 1 {
      report("'{{ \(name) }}' stands more than once in 'raw'", at: node, hint: "keep one of them")
    }
    return .raw(text)
  }

  /// Flags go into a traceparent of ours only, and where no carrier is, nothing is in it.
  private mutating func checkKeys(of fields: [String: Node], goingWith mode: TraceMode) {
    let reason: String
    var keys = ["sampled", "random"]
    switch mode {
    case .fresh, .connection, .sticky: return
    case .raw: reason = "'raw' is the whole text of the traceparent, its flags too"
    case .none:
      reason = "messages without a trace carry nothing"
      keys += ["tracestate", "baggage"]
    }
    for key in keys {
      if let node = fields[key] { report("'\(key)' says nothing here: \(reason)", at: node, hint: "leave it out") }
    }
  }

  private mutating func readContext(_ fields: [String: Node], mode: TraceMode) -> TraceSettings? {
    let problemsBefore = problems.count
    var settings = TraceSettings(mode: mode)
    if let node = fields["sampled"], let share = share(node, named: "sampled") { settings.sampled = share }
    if let node = fields["random"], let flag = bool(node, named: "random") { settings.isRandom = flag }
    settings.tracestate = fields["tracestate"].flatMap { readTracestate($0) }
    settings.baggage = fields["baggage"].flatMap { readBaggage($0) }
    return problems.count == problemsBefore ? settings : nil
  }

  private mutating func readTracestate(_ node: Node) -> Tracestate? {
    guard let word = text(node, named: "tracestate") else { return nil }
    let hint = "write it as in 'rojo=1,congo=2'"
    do throws(TracestateFault) {
      let state = try Tracestate(word)
      if !state.members.isEmpty { return state }
      report("'tracestate' has no member", at: node, hint: hint)
    } catch {
      report("'tracestate' is malformed: \(error)", at: node, hint: hint)
    }
    return nil
  }

  private mutating func readBaggage(_ node: Node) -> Baggage? {
    guard let word = text(node, named: "baggage") else { return nil }
    let hint = "write it as in 'user=alice,tier=gold', other characters as in '%20'"
    do throws(BaggageFault) {
      let baggage = try Baggage(word)
      if !baggage.members.isEmpty { return baggage }
      report("'baggage' has no member", at: node, hint: hint)
    } catch {
      report("'baggage' is malformed: \(error)", at: node, hint: hint)
    }
    return nil
  }
}
