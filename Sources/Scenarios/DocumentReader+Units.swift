import Timing
import Yams

/// Quantities with their units: `500/s`, `10s`, `1MiB`, `{{ room.size }}`.
extension DocumentReader {
  mutating func duration(_ node: Node, named name: String) -> Duration? {
    guard let word = text(node, named: name) else { return nil }
    if let duration = Quantities.duration(word) { return duration }
    report(
      name, isNo: "a time", at: node, hint: "write it with its unit, as in '10s', '250ms' or '2m'; at most 30 days")
    return nil
  }

  /// A time above 0.
  mutating func positiveDuration(_ node: Node, named name: String) -> Duration? {
    guard let duration = duration(node, named: name) else { return nil }
    guard duration > .zero else {
      report(name, must: "be above 0s", at: node)
      return nil
    }
    return duration
  }

  /// Two times with '..' between them, the shorter one first.
  mutating func durations(_ node: Node, named name: String) -> (shortest: Duration, longest: Duration)? {
    guard let word = text(node, named: name) else { return nil }
    if let dots = word.firstRange(of: ".."), let shortest = Quantities.duration(String(word[..<dots.lowerBound])),
      let longest = Quantities.duration(String(word[dots.upperBound...])), shortest <= longest, longest > .zero
    {
      return (shortest, longest)
    }
    report(name, isNo: "a range of times", at: node, hint: "write it as in '100ms..10s', the shorter one first")
    return nil
  }

  mutating func rate(_ node: Node, named name: String) -> Rate? {
    guard let word = text(node, named: name) else { return nil }
    if let rate = Quantities.rate(word) { return rate }
    report(
      name, isNo: "a rate", at: node, hint: "write it with its unit, as in '500/s'; above 0 and at most 100000000/s")
    return nil
  }

  /// A rate, or two with '..' between them.
  mutating func ramp(_ node: Node, named name: String) -> (from: Rate, to: Rate)? {
    guard let word = text(node, named: name) else { return nil }
    if let ramp = Quantities.ramp(word) { return ramp }
    report(
      name, isNo: "a rate", at: node,
      hint: "write it with its unit, as in '500/s', or '100/s..500/s' for a ramp; above 0 and at most 100000000/s")
    return nil
  }

  /// A share of a whole, 0 to 1.
  mutating func share(_ node: Node, named name: String) -> Double? {
    guard let word = text(node, named: name) else { return nil }
    if let percentage = Quantities.percentage(word) { return percentage / 100 }
    report(name, isNo: "a percentage", at: node, hint: "write it as in '90%', at most '100%'")
    return nil
  }

  mutating func bytes(_ node: Node, named name: String) -> Int? {
    guard let word = text(node, named: name) else { return nil }
    if let bytes = Quantities.bytes(word) { return bytes }
    report(
      name, isNo: "a size", at: node, hint: "write it with its unit, as in '512B', '64KiB' or '1MiB'; at most 16MiB")
    return nil
  }

  mutating func count(_ node: Node, named name: String) -> Count? {
    switch scalar(node) {
    case .number: return integer(node, named: name, in: 0...1_000_000).map { .fixed($0) }
    case .text, .bool, .null:
      guard let template = template(node, named: name, allowing: .count) else { return nil }
      if template.parts == [.value(.groupSize)] { return .groupSize }
    case nil: break
    }
    let hint = group.map { "write '1' or '{{ \($0.name).size }}'" } ?? "write '1'"
    report(name, isNo: "a number or a group's size", at: node, hint: hint)
    return nil
  }
}

/// Templates: `{{ name }}` in text.
extension DocumentReader {
  /// Where a template stands, which decides what it may name.
  enum TemplatePlace {
    case connection, message, trace, count
  }

  mutating func template(_ node: Node, named name: String, allowing place: TemplatePlace) -> Template? {
    guard let scalar = node.scalar else {
      report(name, isNo: "text", at: node)
      return nil
    }
    var parts: [Template.Part] = []
    var rest = Substring(scalar.string)
    while let open = rest.firstRange(of: "{{") {
      if open.lowerBound > rest.startIndex { parts.append(.literal(String(rest[..<open.lowerBound]))) }
      guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
        report(
          "'{{' is not closed by '}}' in '\(name)'", at: node, hint: "write it as in '{{ \(example(in: place)) }}'")
        return nil
      }
      let word = rest[open.upperBound..<close.lowerBound].trimmed
      guard let value = names(allowedIn: place).first(where: { $0.name == word })?.value else {
        reportUnknown(template: word, named: name, allowing: place, at: node)
        return nil
      }
      parts.append(.value(value))
      rest = rest[close.upperBound...]
    }
    if !rest.isEmpty { parts.append(.literal(String(rest))) }
    return Template(parts)
  }

  private mutating func reportUnknown(
    template word: String, named name: String, allowing place: TemplatePlace, at node: Node
  ) {
    guard !hasUnreadGroup else { return }
    let known = names(allowedIn: place).map(\.name)
    guard known.isEmpty else {
      reportUnknown(word, what: "template name", in: name, among: known, at: node)
      return
    }
    report(
      "unknown template name \(quoted(word)) in '\(name)'", at: node,
      hint: "name a group first, as in 'groups: { room: 10 }'")
  }

  private func example(in place: TemplatePlace) -> String {
    names(allowedIn: place).last?.name ?? "room.size"
  }

  private func names(allowedIn place: TemplatePlace) -> [(name: String, value: Template.Value)] {
    switch place {
    case .connection:
      [("connection.index", .connectionIndex)] + (group.map { [($0.name, .groupName)] } ?? [])
    case .message: [("message.id", .messageID)]
    case .trace: [("trace.id", .traceID), ("span.id", .spanID)]
    case .count: group.map { [("\($0.name).size", .groupSize)] } ?? []
    }
  }
}

extension Substring {
  fileprivate var trimmed: String {
    var rest = self
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return String(rest)
  }
}
