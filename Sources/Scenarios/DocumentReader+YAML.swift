import Yams

/// From text to nodes, and why that fails.
extension DocumentReader {
  /// The document's root.
  ///
  /// Anchors and aliases are refused before they are resolved: a few hundred bytes of them unfold to any size, and a
  /// mistake in a part that is used twice has no one place.
  func root(of yaml: String) throws(Diagnostics) -> Node {
    if let alias = Self.firstAlias(in: yaml) {
      let (line, column) = Self.place(ofByte: alias.offset, in: yaml)
      throw Diagnostics(all: [
        diagnostic(
          "'*\(alias.name)' repeats the part that '&\(alias.name)' names, which a scenario cannot do", line: line,
          column: column, hint: "write the part out where it is used")
      ])
    }
    let root: Node?
    do {
      root = try compose(yaml: yaml)
    } catch {
      throw Diagnostics(all: [diagnostic(for: error, in: yaml)])
    }
    guard let root else {
      throw Diagnostics(all: [
        diagnostic("the file is empty", line: 1, column: 1, hint: "a scenario begins with 'name:' and 'target:'")
      ])
    }
    return root
  }

  private func diagnostic(for error: any Error, in yaml: String) -> Diagnostic {
    switch error as? YamlError {
    case .composer(nil, _, let mark, _):
      return diagnostic(
        "an alias repeats a part that no anchor names", line: mark.line, column: mark.column,
        hint: "put text that begins with '*' in quotes")
    case .composer(_?, _, let mark, _):
      return diagnostic(
        "another document begins here", line: mark.line, column: mark.column,
        hint: "write each scenario in its own file")
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
      if problem.hasPrefix("Maximum nesting level") {
        return diagnostic("the file is nested deeper than 1000 levels", line: mark.line, column: mark.column)
      }
      let isTab = Self.scalar(line: mark.line, column: mark.column, in: yaml) == "\t"
      return diagnostic(
        "this is no YAML: \(problem)", line: mark.line, column: mark.column,
        hint: isTab ? "indent with spaces, not with tabs" : nil)
    case .duplicatedKeysInMapping(let duplicates, let context):
      return diagnostic(
        "the key \(quoted(duplicates.first ?? "")) stands more than once in one mapping", line: context.mark.line,
        column: context.mark.column, hint: "keep one of them")
    case .reader(let problem, let offset, _, _):
      let (line, column) = Self.place(ofByte: offset ?? 0, in: yaml)
      return diagnostic("this is no YAML: \(problem)", line: line, column: column)
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded, nil:
      return diagnostic("this is no YAML", line: 1, column: 1)
    }
  }

  /// The first `*name` whose `&name` stands before it, where YAML may take both for an alias and its anchor.
  private static func firstAlias(in yaml: String) -> (name: String, offset: Int)? {
    var anchors: Set<Substring> = []
    let bytes = yaml.utf8
    var before: UInt8 = 0x0a
    var offset = 0
    for index in bytes.indices {
      let byte = bytes[index]
      if byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"), !isWordByte(before) {
        let name = Substring(bytes[bytes.index(after: index)...].prefix(while: isWordByte))
        if byte == UInt8(ascii: "&") {
          anchors.insert(name)
        } else if !name.isEmpty, anchors.contains(name) {
          return (String(name), offset)
        }
      }
      before = byte
      offset += 1
    }
    return nil
  }

  private static func place(ofByte offset: Int, in yaml: String) -> (line: Int, column: Int) {
    var line = 1
    var column = 1
    for byte in yaml.utf8.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xc0 != 0x80 {
        column += 1
      }
    }
    return (line, column)
  }

  private static func scalar(line: Int, column: Int, in yaml: String) -> Unicode.Scalar? {
    let lines = yaml.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.indices.contains(line - 1) else { return nil }
    return lines[line - 1].dropFirst(column - 1).first
  }
}
