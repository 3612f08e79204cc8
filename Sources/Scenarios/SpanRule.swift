package import TraceContext

/// A span that is expected, with its children.
package struct SpanRule: Sendable {
  package var name: NamePattern
  package var kind: SpanKind?
  /// How many of it each parent has; nil for any number, none included.
  package var count: Count?
  /// Whether it, and all below it, may be missing.
  package var isOptional: Bool
  /// Whether it may outlive its parent, or begin after its end.
  package var isAsync: Bool
  /// The instrumentation scope's name.
  package var scope: NamePattern?
  package var status: ExpectedStatus?
  package var attributes: [AttributeRule]
  /// Links that it has, in any order and beside others; the first three of a span are looked at, and one that has more
  /// passes.
  package var links: [LinkRule]
  /// Names of events that it has, in any order and beside others; the first four of a span are looked at, and one that
  /// has more passes.
  package var events: [NamePattern]
  /// Whether its parent came from elsewhere, by OTLP's Span.flags.
  package var isRemote: Bool?
  /// At the top of the tree: what it hangs on.
  package var entry: EntryParent
  package var children: [SpanRule]

  package init(
    name: NamePattern, kind: SpanKind? = nil, count: Count? = .fixed(1), isOptional: Bool = false,
    isAsync: Bool = false, scope: NamePattern? = nil, status: ExpectedStatus? = nil, attributes: [AttributeRule] = [],
    links: [LinkRule] = [], events: [NamePattern] = [], isRemote: Bool? = nil, entry: EntryParent = .client,
    children: [SpanRule] = []
  ) {
    self.name = name
    self.kind = kind
    self.count = count
    self.isOptional = isOptional
    self.isAsync = isAsync
    self.scope = scope
    self.status = status
    self.attributes = attributes
    self.links = links
    self.events = events
    self.isRemote = isRemote
    self.entry = entry
    self.children = children
  }
}

extension SpanRule {
  /// It and all below it.
  var withDescendants: [SpanRule] { [self] + children.flatMap(\.withDescendants) }
}

/// What the entry span of a message hangs on.
package enum EntryParent: String, CaseIterable, Hashable, Sendable {
  /// The span ID that we sent is its parent.
  case client
  /// A link leads to the span ID that we sent, from a trace of the server's own.
  case link
  /// Nothing: it begins a trace, which the echo's context names.
  case root
}

/// OTLP's status codes, as a scenario names them.
package enum ExpectedStatus: String, CaseIterable, Hashable, Sendable {
  case unset, ok, error
}

/// An attribute that a span must have, or must not.
package struct AttributeRule: Hashable, Sendable {
  package var key: String
  package var value: AttributeExpectation

  package init(key: String, value: AttributeExpectation) {
    self.key = key
    self.value = value
  }
}

package enum AttributeExpectation: Hashable, Sendable {
  /// A text, whose places are filled in for the connection that sent the message.
  case text(Template)
  case bool(Bool)
  /// A number, in the author's digits; an integer of OTLP where they are whole.
  case number(String)
  /// Any value.
  case present
  case absent
}

/// Where a link of a span must lead.
package enum LinkRule: String, CaseIterable, Hashable, Sendable {
  /// To the span ID that the message carried.
  case client
  /// Into the trace of the connection's upgrade, which the upgrade request carried.
  case connection
  /// Anywhere.
  case any
}

/// How often something happens for one message.
package enum Count: Hashable, Sendable {
  case fixed(Int)
  /// Once for each open member of the sender's group.
  case groupSize

  package func value(members: Int) -> Int {
    switch self {
    case .fixed(let count): count
    case .groupSize: members
    }
  }
}
