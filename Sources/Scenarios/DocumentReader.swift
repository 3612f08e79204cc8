import Yams

/// Walks over a YAML document and gathers every mistake with its place.
///
/// Each `read…` returns nil where its part cannot be understood; it has then reported why.
struct DocumentReader {
  let file: String
  /// The scenario's group, once it is read: templates may name it.
  var group: Group?
  /// Whether there is a group that could not be read; names that it might have are then not reported as well.
  var hasUnreadGroup = false
  private(set) var problems: [Diagnostic] = []

  init(file: String) { self.file = file }

  var sortedProblems: [Diagnostic] { problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) } }

  func diagnostic(_ message: String, line: Int, column: Int, hint: String? = nil) -> Diagnostic {
    Diagnostic(file: file, line: line, column: column, message: message, hint: hint)
  }

  mutating func report(_ message: String, at node: Node, hint: String? = nil) {
    problems.append(diagnostic(message, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, hint: hint))
  }

  /// Says that `name` is not what stands at `node`.
  mutating func report(_ name: String, isNo needed: String, at node: Node, hint: String? = nil) {
    report("'\(name)' is \(describe(node)), but \(needed) is needed", at: node, hint: hint)
  }

  /// Says that `name` has a good value of the wrong size.
  mutating func report(_ name: String, must condition: String, at node: Node) {
    report("'\(name)' is \(describe(node)), but must \(condition)", at: node)
  }

  /// - Parameter place: the mapping that has the word, where that helps.
  mutating func reportUnknown(
    _ word: String, what: String, in place: String? = nil, among known: [String], at node: Node
  ) {
    let hint =
      nearest(to: word, among: known).map { "did you mean '\($0)'?" } ?? "known: \(known.joined(separator: ", "))"
    report("unknown \(what) \(quoted(word))" + (place.map { " in '\($0)'" } ?? ""), at: node, hint: hint)
  }

  private func describe(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar):
      if case .null = self.scalar(node) { "empty" } else { scalar.string.isEmpty ? "empty" : quoted(scalar.string) }
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }

  // MARK: Mappings and lists

  /// The pairs of a mapping in the file's order, with every key as text.
  mutating func mappingPairs(_ node: Node, named name: String) -> [(key: (text: String, node: Node), value: Node)]? {
    guard let mapping = node.mapping else {
      report(name, isNo: "a mapping", at: node)
      return nil
    }
    return mapping.compactMap { key, value in
      guard let text = key.scalar?.string, !text.isEmpty else {
        report("a key in '\(name)' is \(describe(key)), but text is needed", at: key)
        return nil
      }
      return ((text, key), value)
    }
  }

  /// The values of a mapping by key; unknown keys are reported, with what may have been meant.
  mutating func mapping(_ node: Node, named name: String, keys: [String]) -> [String: Node]? {
    guard let pairs = mappingPairs(node, named: name) else { return nil }
    var fields: [String: Node] = [:]
    for (key, value) in pairs {
      if keys.contains(key.text) {
        fields[key.text] = value
      } else {
        reportUnknown(key.text, what: "key", in: name, among: keys, at: key.node)
      }
    }
    return fields
  }

  /// The value of a key that must be there.
  mutating func required(_ key: String, in fields: [String: Node], of node: Node, named name: String) -> Node? {
    if let value = fields[key] { return value }
    report("'\(key)' is missing in '\(name)'", at: node)
    return nil
  }

  mutating func list(_ node: Node, named name: String) -> [Node]? {
    guard let sequence = node.sequence else {
      report(name, isNo: "a list", at: node)
      return nil
    }
    return Array(sequence)
  }

  // MARK: Scalars

  /// What a plain or quoted scalar means in YAML's core schema.
  enum Scalar {
    case text(String)
    case bool(Bool)
    /// A number that is one in JSON too, in its digits.
    case number(String)
    case null
  }

  func scalar(_ node: Node) -> Scalar? {
    guard let scalar = node.scalar else { return nil }
    guard scalar.style == .plain || scalar.style == .any else { return .text(scalar.string) }
    switch scalar.string {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null", "~", "": return .null
    case let text where Self.isJSONNumber(text): return .number(text)
    case let text: return .text(text)
    }
  }

  /// Text that is not empty; a number or a truth value is taken as it is written.
  mutating func text(_ node: Node, named name: String) -> String? {
    switch scalar(node) {
    case .text(let text) where !text.isEmpty: return text
    case .bool(let value): return String(value)
    case .number(let digits): return digits
    case .text, .null, nil:
      report(name, isNo: "text", at: node)
      return nil
    }
  }

  mutating func bool(_ node: Node, named name: String) -> Bool? {
    if case .bool(let value) = scalar(node) { return value }
    report(name, isNo: "true or false", at: node)
    return nil
  }

  mutating func integer(_ node: Node, named name: String, in range: ClosedRange<Int>) -> Int? {
    guard case .number(let digits) = scalar(node), let value = Int(digits) else {
      let isQuoted = node.scalar.map { $0.style != .plain && Self.isJSONNumber($0.string) } ?? false
      report(name, isNo: "a whole number", at: node, hint: isQuoted ? "write it without quotes" : nil)
      return nil
    }
    guard range.contains(value) else {
      report(name, must: "lie between \(range.lowerBound) and \(range.upperBound)", at: node)
      return nil
    }
    return value
  }

  mutating func choice<Choice: RawRepresentable & CaseIterable>(_ node: Node, named name: String) -> Choice?
  where Choice.RawValue == String {
    guard let word = text(node, named: name) else { return nil }
    if let choice = Choice(rawValue: word) { return choice }
    reportUnknown(word, what: name, among: Choice.allCases.map(\.rawValue), at: node)
    return nil
  }

  /// The grammar of RFC 8259 §6.
  static func isJSONNumber(_ text: String) -> Bool {
    var rest = Substring(text).utf8
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    func digits(_ rest: inout Substring.UTF8View) -> Int {
      let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
      rest = rest.dropFirst(count)
      return count
    }
    let startsWithZero = rest.first == UInt8(ascii: "0")
    let whole = digits(&rest)
    guard whole > 0, !(startsWithZero && whole > 1) else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard digits(&rest) > 0 else { return false }
    }
    if let first = rest.first, first | 0x20 == UInt8(ascii: "e") {
      rest = rest.dropFirst()
      if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard digits(&rest) > 0 else { return false }
    }
    return rest.isEmpty
  }
}
