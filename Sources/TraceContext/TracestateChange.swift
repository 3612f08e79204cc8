/// What became of a tracestate between the message that carried it and the one that answers, by what a participant may
/// do to it (W3C Trace Context, Mutating the tracestate Field).
package enum TracestateChange: UInt8, CaseIterable, Hashable, Sendable, BitwiseCopyable {
  /// Its members are there in their order, maybe behind new ones; or there was none, and any well-formed one came.
  case kept
  /// There is none any more.
  case lost
  /// Some of its members are missing, the others as they were.
  case truncated
  /// All its members are there, in another order.
  case reordered
  /// The value of a member is another.
  case altered
  /// A new member stands to the right of one that was there before.
  case misplaced
  /// What came breaks the grammar.
  case malformed

  /// - Parameters:
  ///   - sent: well-formed; empty where the message carried none.
  ///   - received: the text that came; nil for none.
  package init(from sent: Tracestate, to received: String?, level: Tracestate.SpecLevel = .two) {
    guard let received else {
      self = sent.members.isEmpty ? .kept : .lost
      return
    }
    guard let state = try? Tracestate(received, level: level) else {
      self = .malformed
      return
    }
    if state.members.isEmpty, !sent.members.isEmpty {
      self = .lost
      return
    }
    self.init(from: sent.members, to: state.members)
  }

  private init(from sent: [Tracestate.Member], to received: [Tracestate.Member]) {
    let sentKeys = sent.map(\.key)
    let old = received.filter { sentKeys.contains($0.key) }
    let values = Dictionary(uniqueKeysWithValues: sent.map { ($0.key, $0.value) })
    // A participant may move its own member to the left with a new value; of ours none is its own.
    if old.contains(where: { values[$0.key] != $0.value }) {
      self = .altered
    } else if old.count < sent.count {
      self = .truncated
    } else if old.map(\.key) != sentKeys {
      self = .reordered
    } else if received.suffix(sent.count).map(\.key) != sentKeys {
      self = .misplaced
    } else {
      self = .kept
    }
  }
}

/// What became of a baggage between the message that carried it and the one that answers (W3C Baggage, Mutating
/// baggage: whoever passes it on must not drop or change what others put in, within the limits).
package enum BaggageChange: UInt8, CaseIterable, Hashable, Sendable, BitwiseCopyable {
  /// Its members are there, in whatever order and beside whatever others; or there was none.
  case kept
  case lost
  /// Some of its members are missing.
  case truncated
  /// A member has another value or other properties, or what came breaks the grammar.
  case altered

  /// - Parameters:
  ///   - sent: empty where the message carried none.
  ///   - received: the text that came; nil for none.
  package init(from sent: Baggage, to received: String?) {
    guard !sent.members.isEmpty else {
      self = .kept
      return
    }
    guard let received else {
      self = .lost
      return
    }
    guard let baggage = try? Baggage(received) else {
      self = .altered
      return
    }
    let missing = sent.members.filter { !baggage.members.contains($0) }
    if missing.isEmpty {
      self = .kept
    } else if baggage.members.isEmpty {
      self = .lost
    } else {
      let keys = Set(baggage.members.map(\.key))
      self = missing.contains { keys.contains($0.key) } ? .altered : .truncated
    }
  }
}
