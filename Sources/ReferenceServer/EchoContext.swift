import TraceContext

/// The trace context that an echo carries.
struct EchoContext {
  var traceparent: Traceparent
  /// As they stand between the quotes of JSON; empty for none.
  var tracestate: String
  var baggage: String

  /// The echo: its JSON text so far, and the carrier.
  func echo(_ prefix: String) -> String {
    var echo = prefix
    echo.reserveCapacity(prefix.utf8.count + 100 + tracestate.utf8.count + baggage.utf8.count)
    Self.append("\"\(traceparent)\"", tracestate, baggage, to: &echo)
    echo += "}"
    return echo
  }

  private static func append(_ traceparent: String, _ tracestate: String, _ baggage: String, to echo: inout String) {
    echo += ",\"trace_context\":{\"traceparent\":"
    echo += traceparent
    if !tracestate.isEmpty { echo += ",\"tracestate\":\"\(tracestate)\"" }
    if !baggage.isEmpty { echo += ",\"baggage\":\"\(baggage)\"" }
    echo += "}"
  }
}

// MARK: - Faults

extension EchoContext {
  /// The echo as the faults of its message have it.
  func echo(_ prefix: String, with faults: FaultSet) -> String {
    var echo = prefix
    if faults.has(.duplicateContext) { Self.append("\"\(other)\"", tracestate, baggage, to: &echo) }
    if !faults.has(.absentContext) {
      Self.append(traceparentValue(faults), tracestate(faults), baggage(faults), to: &echo)
    }
    return echo + "}"
  }

  private func traceparentValue(_ faults: FaultSet) -> String {
    if faults.has(.mistypedContext) { return "\(traceparent.parentID.rawValue)" }
    var traceparent = traceparent
    if faults.has(.sampledFlagChanged) { traceparent.flags.formSymmetricDifference(.sampled) }
    if faults.has(.randomFlagChanged) { traceparent.flags.formSymmetricDifference(.random) }
    if faults.has(.unknownFlags) { traceparent.flags.formUnion(TraceFlags.defined.complement) }
    let text = traceparent.description
    if faults.has(.wrongVersion) { return "\"cc\(text.dropFirst(2))\"" }
    return faults.has(.malformedContext) ? "\"\(text.uppercased())\"" : "\"\(text)\""
  }

  /// Another trace, well-formed as well.
  private var other: Traceparent {
    var other = traceparent
    other.traceID = TraceID(high: ~traceparent.traceID.high, low: traceparent.traceID.low | 1)
    return other
  }

  private func tracestate(_ faults: FaultSet) -> String {
    if faults.has(.tracestateLost) { return "" }
    if faults.has(.tracestateMalformed) { return "Not A Key=1,\(tracestate)" }
    if faults.has(.tracestateMisplaced) { return "\(tracestate),spanstorm=1" }
    if faults.has(.tracestateTruncated) { return tracestate.withoutLastMember }
    if faults.has(.tracestateReordered) { return tracestate.withFirstMembersExchanged }
    return faults.has(.tracestateAltered) ? tracestate.withFirstValueChanged : tracestate
  }

  private func baggage(_ faults: FaultSet) -> String {
    if faults.has(.baggageLost) { return "" }
    if faults.has(.baggageTruncated) { return baggage.withoutLastMember }
    return faults.has(.baggageAltered) ? baggage.withFirstValueChanged : baggage
  }
}

extension TraceFlags {
  fileprivate var complement: TraceFlags { TraceFlags(rawValue: ~rawValue) }
}

/// A tracestate or a baggage as a list.
extension String {
  /// The members that are not empty; none where the text is escaped, so that commas are not what they seem.
  var listMembers: [Substring] {
    utf8.contains(UInt8(ascii: "\\")) ? [] : split(separator: ",").filter { $0.contains { $0 != " " && $0 != "\t" } }
  }

  fileprivate var withoutLastMember: String { listMembers.dropLast().joined(separator: ",") }

  fileprivate var withFirstMembersExchanged: String {
    var members = listMembers
    guard members.count >= 2 else { return self }
    members.swapAt(0, 1)
    return members.joined(separator: ",")
  }

  /// Another character in the place of the value's first one, or in that of no value.
  fileprivate var withFirstValueChanged: String {
    var members = listMembers
    guard let first = members.first, let equals = first.firstIndex(of: "=") else { return self }
    let value = first[first.index(after: equals)...].drop { $0 == " " || $0 == "\t" }
    let rest = value.first == ";" ? value : value.dropFirst()
    members[0] = "\(first[...equals])\(value.first == "x" ? "y" : "x")\(rest)"
    return members.joined(separator: ",")
  }
}
