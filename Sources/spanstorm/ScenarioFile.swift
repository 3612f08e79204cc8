import ArgumentParser
import Foundation
import Planning
import Scenarios

/// A scenario file that was read, and found to be without mistakes.
struct ScenarioFile {
  let path: String
  let text: String
  let scenario: Scenario

  /// - Throws: an exit status, after every mistake has been complained about.
  init(_ path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      complain("\(path): error: cannot be read; is it a file, and yours to read?")
      throw ExitStatus.usage.code
    }
    guard data.count <= Scenario.sizeLimit else {
      complain("\(path): error: larger than \(Scenario.sizeLimit >> 20) MiB")
      throw ExitStatus.usage.code
    }
    guard let text = String(data: data, encoding: .utf8) else {
      complain("\(path): error: not UTF-8")
      throw ExitStatus.usage.code
    }
    self.path = path
    self.text = text
    do throws(Diagnostics) {
      scenario = try Scenario(yaml: text, file: path)
    } catch {
      for diagnostic in error.all { complain(diagnostic.description) }
      throw ExitStatus.usage.code
    }
  }

  /// - Parameter scenario: the file's own, with what the command line changes.
  func plan(_ scenario: Scenario, seed: UInt64?, target: String?) throws -> Plan {
    do throws(PlanFault) {
      return try Plan(scenario: scenario, seed: seed ?? UInt64.random(in: .min ... .max), target: target)
    } catch {
      complain("\(target == nil ? path : "--target"): error: \(error)")
      throw ExitStatus.usage.code
    }
  }
}

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Reports every mistake in scenario files by line and column; opens nothing.")

  @Argument(help: "Scenario files.") var scenarios: [String]

  func run() throws {
    var isValid = true
    for path in scenarios {
      do {
        let file = try ScenarioFile(path)
        _ = try file.plan(file.scenario, seed: 0, target: nil)
        say("\(path): valid\n")
      } catch {
        isValid = false
      }
    }
    if !isValid { throw ExitStatus.usage.code }
  }
}
