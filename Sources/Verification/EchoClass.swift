package import Scenarios

/// How an echo's trace context stands to the message that it answers.
package enum EchoClass: String, CaseIterable, Hashable, Sendable, BitwiseCopyable {
  /// The message's trace, under a new parent ID.
  case continued
  /// The message's trace, under the parent ID that we sent.
  case unchanged
  /// A trace that this run has not begun.
  case restarted
  /// The trace of another connection, or of one of its messages.
  case crossed
  /// The trace of another message of the same connection.
  case stale
  /// The trace of its connection's upgrade.
  case ambient
  /// A trace that this run has not begun, and nothing else tells what it answers.
  case foreign
  case malformed, absent

  /// Its place among all classes.
  var ordinal: Int {
    switch self {
    case .continued: 0
    case .unchanged: 1
    case .restarted: 2
    case .crossed: 3
    case .stale: 4
    case .ambient: 5
    case .foreign: 6
    case .malformed: 7
    case .absent: 8
    }
  }

  /// What it breaks, if anything.
  package func finding(under rule: ContextRule) -> FindingKind? {
    switch rule {
    case .continued: self == .unchanged ? .parentNotUpdated : findingWhereContinued
    case .unchanged: findingWhereContinued
    case .new: findingWhereNew
    case .absent: findingWhereAbsent
    }
  }

  private var findingWhereContinued: FindingKind? {
    switch self {
    case .continued, .unchanged: nil
    case .restarted: .traceRestarted
    case .crossed: .crossedContext
    case .stale: .staleContext
    case .ambient: .ambientContext
    case .foreign: .foreignContext
    case .malformed: .malformedContext
    case .absent: .absentContext
    }
  }

  private var findingWhereNew: FindingKind? {
    switch self {
    case .restarted, .foreign: nil
    case .continued, .unchanged: .invalidContextContinued
    case .crossed, .stale: .unsolicitedContext
    case .ambient: .ambientContext
    case .malformed: .malformedContext
    case .absent: .absentContext
    }
  }

  private var findingWhereAbsent: FindingKind? {
    switch self {
    case .absent: nil
    case .malformed: .malformedContext
    case .continued, .unchanged, .restarted, .crossed, .stale, .ambient, .foreign: .unsolicitedContext
    }
  }

  /// What was expected instead, in words.
  static func expectation(under rule: ContextRule) -> String {
    switch rule {
    case .continued: "the same trace and a new parent ID"
    case .unchanged: "the same trace"
    case .new: "a new trace, which this run has not begun"
    case .absent: "no trace context"
    }
  }
}
