import Timing
import Yams

/// Quantities with their units: `500/s`, `10s`, `{{ room.size }}`.
extension DocumentReader {
  mutating func duration(_ node: Node, named name: String) -> Duration? {
    guard let word = text(node) else { return nil }
    if let duration = Quantities.duration(word) { return duration }
    report("'\(name)' is '\(word)', but a time is needed", at: node, hint: "write it with its unit, as in '10s', '250ms' or '2m'")
    return nil
  }

  mutating func rate(_ node: Node) -> Rate? {
    guard let word = text(node) else { return nil }
    if let rate = Quantities.rate(word) { return rate }
    report("'\(word)' is no rate", at: node, hint: "write it with its unit, as in '500/s'; it is above 0")
    return nil
  }

  mutating func count(_ node: Node, named name: String) -> Count? {
    if case .number(let digits) = scalar(node), let value = Int(digits) {
      guard (0...1_000_000).contains(value) else {
        report("'\(name)' is \(value), but lies between 0 and 1000000", at: node)
        return nil
      }
      return .fixed(value)
    }
    guard let template = template(node, allowing: .count) else { return nil }
    if template.parts == [.value(.groupSize)] { return .groupSize }
    report("'\(name)' is neither a number nor a group's size", at: node, hint: "write '1' or '{{ room.size }}'")
    return nil
  }
}

/// Templates: `{{ name }}` in text.
extension DocumentReader {
  /// Where a template stands, which decides what it may name.
  enum TemplatePlace {
    case connection, message, count
  }

  mutating func template(_ node: Node, allowing place: TemplatePlace) -> Template? {
    guard let scalar = node.scalar else {
      report("text is needed here", at: node)
      return nil
    }
    var parts: [Template.Part] = []
    var rest = Substring(scalar.string)
    while let open = rest.firstRange(of: "{{") {
      if open.lowerBound > rest.startIndex { parts.append(.literal(String(rest[..<open.lowerBound]))) }
      guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
        report("'{{' is not closed by '}}'", at: node)
        return nil
      }
      let name = rest[open.upperBound..<close.lowerBound].trimmed
      let known = names(allowedIn: place)
      guard let value = known.first(where: { $0.name == name })?.value else {
        reportUnknown(name, what: "name in a template:", among: known.map(\.name), at: node)
        return nil
      }
      parts.append(.value(value))
      rest = rest[close.upperBound...]
    }
    if !rest.isEmpty { parts.append(.literal(String(rest))) }
    return Template(parts)
  }

  private func names(allowedIn place: TemplatePlace) -> [(name: String, value: Template.Value)] {
    var names: [(name: String, value: Template.Value)] = []
    switch place {
    case .connection:
      names.append(("connection.index", .connectionIndex))
      if let group { names.append((group.name, .groupName)) }
    case .message: names.append(("message.id", .messageID))
    case .count: if let group { names.append(("\(group.name).size", .groupSize)) }
    }
    return names
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
