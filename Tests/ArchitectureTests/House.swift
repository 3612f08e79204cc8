/// Which module may import which: the table of the design, as data.
struct House {
  struct Room {
    /// 0 is the ground; nothing imports from a higher row.
    var row: Int
    /// Modules of ours.
    var own: Set<String>
    /// Modules of the system and of others.
    var foreign: Set<String>
  }

  var rooms: [String: Room]

  static let spanstorm: House = {
    let words: Set = ["TraceContext", "JSONText", "Timing", "TransportSecurity"]
    let users = words.union(["Planning", "Scenarios", "Observations", "WebSocketProtocol"])
    let nio: Set = ["NIOCore", "NIOPosix", "NIOHTTP1", "NIOHTTP2", "NIOHPACK"]
    let threads: Set = ["Dispatch", "Synchronization"]
    var rooms: [String: Room] = [
      // Row 0: words
      "TraceContext": Room(row: 0, own: [], foreign: []),
      "JSONText": Room(row: 0, own: [], foreign: []),
      "Timing": Room(row: 0, own: [], foreign: ["CLinux", "Histogram"]),
      "TransportSecurity": Room(row: 0, own: [], foreign: ["COpenSSL"]),
      // Row 1: documents
      "Scenarios": Room(row: 1, own: words, foreign: ["Yams"]),
      "Observations": Room(row: 1, own: words, foreign: threads),
      "OTLPMessages": Room(row: 1, own: words, foreign: []),
      "WebSocketProtocol": Room(row: 1, own: words, foreign: ["CZlib"]),
      // Row 2: decisions
      "Planning": Room(row: 2, own: words.union(["Scenarios"]), foreign: ["Glibc"]),
      "VirtualUsers": Room(row: 2, own: users, foreign: []),
      "Verification": Room(row: 2, own: words.union(["Observations", "Scenarios"]), foreign: []),
      "Reporting": Room(
        row: 2, own: words.union(["Verification", "Observations", "Scenarios"]), foreign: ["Foundation"]),
      // Row 3: machinery
      "Reactor": Room(
        row: 3, own: ["Timing", "TransportSecurity"], foreign: ["CLinux", "COpenSSL", "Glibc"]),
      // Row 4: edges
      "LoadEngine": Room(row: 4, own: users.union(["VirtualUsers", "Reactor"]), foreign: threads.union(["Glibc"])),
      "OTLPCollector": Room(
        row: 4, own: words.union(["OTLPMessages", "Observations", "Reactor"]),
        foreign: nio.union(threads).union(["CZlib", "Glibc"])),
      "ReferenceServer": Room(
        row: 4, own: words.union(["Reactor", "OTLPMessages", "WebSocketProtocol"]), foreign: threads.union(["Glibc"])),
    ]
    // Row 5: the command
    rooms["spanstorm"] = Room(
      row: 5, own: Set(rooms.keys), foreign: threads.union(["ArgumentParser", "Foundation", "Glibc", "CLinux"]))
    return House(rooms: rooms)
  }()

  /// Modules that send, or decide what is sent: the load cannot know how it will be judged.
  static let senders: Set = ["Planning", "VirtualUsers", "Reactor", "LoadEngine", "ReferenceServer"]
  static let judges: Set = ["Verification", "Reporting"]
  static let edges: Set = ["LoadEngine", "OTLPCollector", "ReferenceServer"]

  static let longestFile = 600
  static let forbiddenWords = ["public", "try!", "as!", "fatalError"]
  /// Files whose declarations other modules must inline or specialise, for which this compiler wants them public.
  static let inlinedFiles: Set = ["Timing/Instant.swift", "Reactor/FIFO.swift"]

  /// Everything that a module imports, directly or through others.
  func reach(of module: String) -> Set<String> {
    var reached: Set<String> = []
    var waiting = rooms[module]?.own ?? []
    while let next = waiting.popFirst() {
      if reached.insert(next).inserted { waiting.formUnion(rooms[next]?.own ?? []) }
    }
    return reached
  }

  /// What a source file of a module does against the rules.
  func violations(in source: String, of module: String, file: String = "") -> [String] {
    guard let room = rooms[module] else { return ["\(module) has no row in the table"] }
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    var violations: [String] = []
    if lines.count > Self.longestFile + 1 { violations.append("the file has more than \(Self.longestFile) lines") }
    for line in lines {
      if let imported = Self.imported(by: line), !room.own.contains(imported), !room.foreign.contains(imported) {
        violations.append("\(module) may not import \(imported)")
      }
      let code = Self.code(of: line)
      for word in Self.forbiddenWords where Self.contains(word, in: code) {
        if word == "public", Self.inlinedFiles.contains("\(module)/\(file)") { continue }
        violations.append("'\(word)' is used")
      }
    }
    return violations
  }

  /// The module that an import line names, whatever its access, attributes and kind.
  static func imported(by line: Substring) -> String? {
    var words = line.split { $0 == " " || $0 == "\t" }[...]
    while let word = words.first,
      word.hasPrefix("@") || ["package", "internal", "fileprivate", "private", "public"].contains(word)
    {
      words.removeFirst()
    }
    guard words.popFirst() == "import", let first = words.popFirst() else { return nil }
    let kinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    let path = kinds.contains(String(first)) ? words.first ?? first : first
    return path.split { $0 == "." || $0 == ";" }.first.map(String.init)
  }

  /// A line without its comment and without what stands between quotes.
  static func code(of line: Substring) -> String {
    var code = ""
    var isInside = false
    var before: Character = " "
    for character in line {
      if character == "\"", before != "\\" { isInside.toggle() }
      if !isInside {
        if character == "/", before == "/" { return code }
        code.append(character)
      }
      before = character
    }
    return code
  }

  private static func contains(_ word: String, in code: String) -> Bool {
    code.ranges(of: word).contains { range in
      let isBegun = range.lowerBound == code.startIndex || !isName(code[code.index(before: range.lowerBound)])
      let isEnded = range.upperBound == code.endIndex || !isName(code[range.upperBound])
      return isBegun && isEnded
    }
  }

  private static func isName(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }
}
