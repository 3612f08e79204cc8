import Foundation
import Testing

@Suite struct ArchitectureTests {
  private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources")

  /// The Swift files of each module, by the folder's name.
  private static func files() throws -> [(module: String, file: URL)] {
    let enumerator = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    return enumerator.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.compactMap { file in
      let below = file.standardizedFileURL.pathComponents.dropFirst(sources.standardizedFileURL.pathComponents.count)
      return below.first.map { ($0, file) }
    }
  }

  @Test func everySourceFileKeepsTheRules() throws {
    let files = try Self.files()
    #expect(files.count > 50, "the sources are found")
    for (module, file) in files {
      let source = try String(contentsOf: file, encoding: .utf8)
      for violation in House.spanstorm.violations(in: source, of: module, file: file.lastPathComponent) {
        Issue.record("\(module)/\(file.lastPathComponent): \(violation)")
      }
    }
  }

  @Test func everyRoomOfTheTableHasSources() throws {
    #expect(Set(try Self.files().map(\.module)) == Set(House.spanstorm.rooms.keys))
  }

  @Test func noRoomImportsFromAHigherRowOrItself() {
    for (module, room) in House.spanstorm.rooms {
      for imported in room.own {
        #expect(House.spanstorm.rooms[imported].map { $0.row <= room.row } == true, "\(module) imports \(imported)")
      }
      #expect(!House.spanstorm.reach(of: module).contains(module), "\(module) imports itself by a detour")
    }
  }

  @Test func nothingThatSendsReachesAJudge() {
    for module in House.senders {
      #expect(House.spanstorm.reach(of: module).isDisjoint(with: House.judges), "\(module)")
    }
  }

  @Test func edgesNeverReachEachOther() {
    for module in House.edges {
      #expect(House.spanstorm.reach(of: module).isDisjoint(with: House.edges), "\(module)")
    }
  }

  @Test func foundationIsForTheLastTwoRoomsOnly() {
    let users = House.spanstorm.rooms.filter { $0.value.foreign.contains("Foundation") }.map(\.key)
    #expect(Set(users) == ["Reporting", "spanstorm"])
  }

  @Test(arguments: [
    ("a judge", "LoadEngine", "import Verification", ["LoadEngine may not import Verification"]),
    ("another edge", "LoadEngine", "package import OTLPCollector", ["LoadEngine may not import OTLPCollector"]),
    ("a higher row", "TraceContext", "import Timing", ["TraceContext may not import Timing"]),
    ("a part of a module", "JSONText", "import struct Foundation.Data", ["JSONText may not import Foundation"]),
    ("behind an attribute", "JSONText", "  @_exported import Foundation", ["JSONText may not import Foundation"]),
    ("for a test's eyes", "Planning", "@testable private import Yams", ["Planning may not import Yams"]),
    ("a module that nobody knows", "Reporting", "import Other", ["Reporting may not import Other"]),
    ("a comment", "JSONText", "// import Foundation", []), ("an allowed one", "Scenarios", "import Yams", []),
    ("a room that has no row", "Utilities", "", ["Utilities has no row in the table"]),
    ("public", "Timing", "public struct A {}", ["'public' is used"]),
    ("try!", "Timing", "let a = try! b()", ["'try!' is used"]),
    ("as!", "Timing", "let a = b as! C", ["'as!' is used"]),
    ("fatalError", "Timing", "default: fatalError(\"x\")", ["'fatalError' is used"]),
    ("words inside of words", "Timing", "let publicKey = republic + aliasAs", []),
    ("words in comments", "Timing", "a()  // no try! in public", []),
    ("words in text", "Timing", "let a = \"public \\\" fatalError\"", []),
    ("a question mark", "Timing", "try? a as? B", []),
    ("600 lines", "Timing", String(repeating: "\n", count: 600), []),
    ("601 lines", "Timing", String(repeating: "\n", count: 601), ["the file has more than 600 lines"]),
  ])
  func theCheckItselfFindsAViolation(label: String, module: String, source: String, violations: [String]) {
    #expect(House.spanstorm.violations(in: source, of: module) == violations)
  }

  @Test func aTableWithADetourIsFound() {
    let house = House(rooms: [
      "A": .init(row: 1, own: ["B"], foreign: []), "B": .init(row: 1, own: ["C"], foreign: []),
      "C": .init(row: 0, own: ["A"], foreign: []),
    ])
    #expect(house.reach(of: "A") == ["A", "B", "C"])
  }
}
