import Observations
import Scenarios

/// What a scenario expects of all its messages and connections together.
struct RunRules {
  let messages: [MessageRules]
  /// Of connections; nil where upgrades carry no context.
  let upgrade: MessageRules?
  let patterns: Patterns

  // Not inlined: this compiler releases a wrong object in an initializer that makes all of this in place.
  @inline(never)
  init(_ scenario: Scenario) {
    var patterns = Patterns()
    messages = scenario.messages.map { MessageRules($0, patterns: &patterns) }
    upgrade = scenario.upgrade.map { MessageRules($0, patterns: &patterns) }
    self.patterns = patterns
  }

  /// Whether any trace of ours may become that of several messages.
  var sharesTraces: Bool { messages.contains { $0.mode == .sticky } }
  /// Whether spans may be in a trace that the server began.
  var followsNewTraces: Bool { sharesTraces || messages.contains { !$0.nodes.isEmpty && $0.entry != .client } }
  /// Whether entry spans may hang on a link.
  var followsLinks: Bool { messages.contains { $0.entry == .link } }
  /// The longest that copies are waited for, in nanoseconds.
  var longestWithin: Int64 { messages.map(\.withinNanoseconds).max() ?? 0 }
}

extension SpanWatch {
  /// What the rules of a run look at.
  init(_ run: RunRules) {
    let checks = (run.messages + [run.upgrade].compactMap { $0 }).flatMap(\.nodes).map(\.checks)
    self.init(
      attributes: run.patterns.attributes, scope: checks.contains { $0.scope != nil },
      links: run.followsLinks || checks.contains { !$0.links.isEmpty },
      events: checks.contains { !$0.events.isEmpty })
  }
}
