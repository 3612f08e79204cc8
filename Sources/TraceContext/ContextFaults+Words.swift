/// What is wrong with a tracestate, in words; members are counted from 1.
extension TracestateFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooManyMembers: "it has more than \(Tracestate.memberLimit) members"
    case .missingEquals(let member): "member \(member + 1) has no '='"
    case .malformedKey(let member):
      "the key of member \(member + 1) is not of lowercase letters, digits, '_', '-', '*', '/' and '@'"
    case .malformedValue(let member):
      "the value of member \(member + 1) is empty, too long or has a character that none may have"
    case .duplicateKey(let member): "member \(member + 1) has the key of an earlier one"
    }
  }
}

/// What is wrong with a baggage, in words; members are counted from 1.
extension BaggageFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooManyMembers: "it has more than \(Baggage.memberLimit) members"
    case .missingEquals(let member): "member \(member + 1) has no '='"
    case .malformedKey(let member): "the key of member \(member + 1) is no token"
    case .malformedValue(let member): "the value of member \(member + 1) has a character that none may have"
    case .malformedProperty(let member): "a property of member \(member + 1) is malformed"
    }
  }
}
