import ArgumentParser
import ReferenceServer
import Verification

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Tells what a finding means, which rule it comes from, and what usually causes it.",
    discussion: """
      Findings:
      \(FindingKind.Category.allCases.map { category in
        let kinds = FindingKind.allCases.filter { $0.category == category }.map(\.rawValue)
        return "  \(category.words): \(kinds.joined(separator: ", "))"
      }.joined(separator: "\n"))
      """)

  @Argument(help: ArgumentHelp("The kind of a finding; without it all are listed.", valueName: "finding-kind"))
  var kind: FindingKind?

  func run() {
    guard let kind else {
      for kind in FindingKind.allCases { say("\(kind.rawValue)\n    \(kind.requirement)\n") }
      return
    }
    let explanation = kind.explanation
    // The fault of the same name first.
    let faults = Fault.allCases.filter { $0.findings.contains(kind.rawValue) }
      .sorted { ($0.rawValue == kind.rawValue ? 0 : 1) < ($1.rawValue == kind.rawValue ? 0 : 1) }
    say(
      """
      \(kind.rawValue) (\(kind.category.words))

      Rule      \(kind.requirement)
      Source    \(kind.source)
      Meaning   \(explanation.meaning)
      Usually
      \(explanation.causes.map { "  - \($0)" }.joined(separator: "\n"))

      See it    \(faults.map { "spanstorm run SCENARIO --reference --fault \($0.rawValue)" }.joined(separator: "\n          "))

      """)
  }
}

extension FindingKind: ExpressibleByArgument {}

extension FindingKind.Category {
  fileprivate var words: String {
    switch self {
    case .echo: "the echo's trace context"
    case .agreement: "the echo against the spans"
    case .spans: "the spans"
    case .delivery: "delivery, which is no propagation"
    case .transport: "the transport"
    }
  }
}
