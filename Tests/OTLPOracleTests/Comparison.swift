import OTLPMessages

/// What our scanner and the oracle make of one body.
enum Comparison: Equatable {
  case same
  case bothRefuse
  /// Ours refuses what it says it does not take, and the oracle does.
  case refusedOnPurpose(ScanError)
  case different(String)

  init(_ body: [UInt8], as encoding: OTLPEncoding, of signal: OTLPSignal) {
    let oracle = Result { try Oracle.found(in: body, as: encoding, of: signal) }
    do throws(ScanError) {
      let ours = try [Found](scanning: body, as: encoding, of: signal)
      switch oracle {
      case .success(let theirs):
        self = ours.isSame(as: theirs) ? .same : .different(Self.first(ours, theirs))
      case .failure(let error): self = .different("ours \(ours.count) found, oracle \(error)")
      }
    } catch {
      switch oracle {
      case .failure: self = .bothRefuse
      case .success(let theirs):
        switch error {
        case .group, .tooDeep, .tooLarge: self = .refusedOnPurpose(error)
        default: self = .different("ours \(error), oracle \(theirs.count) found")
        }
      }
    }
  }

  private static func first(_ ours: [Found], _ theirs: [Found]) -> String {
    let index = zip(ours, theirs).prefix { [$0].isSame(as: [$1]) }.count
    return "\(ours.count) and \(theirs.count) found, at \(index): ours \(ours.dropFirst(index).prefix(1)), "
      + "oracle \(theirs.dropFirst(index).prefix(1))"
  }
}

/// How often each comparison came out as what.
struct Tally {
  private(set) var same = 0
  private(set) var bothRefuse = 0
  private(set) var refusedOnPurpose = 0
  private(set) var differences: [String] = []

  mutating func count(_ comparison: Comparison, _ label: @autoclosure () -> String) {
    switch comparison {
    case .same: same += 1
    case .bothRefuse: bothRefuse += 1
    case .refusedOnPurpose: refusedOnPurpose += 1
    case .different(let what): if differences.count < 10 { differences.append("\(label()): \(what)") }
    }
  }
}
