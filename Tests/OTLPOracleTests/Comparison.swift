import Foundation
import OTLPMessages
import SwiftProtobuf

/// What our scanner and the oracle make of one body.
enum Comparison: Equatable {
  case same
  case bothRefuse
  /// They differ, and `KnownDifferencesTests` says why.
  case knownDifference
  case different(String)

  init(_ body: [UInt8], as encoding: OTLPEncoding, of signal: OTLPSignal) {
    let oracle = Result { try Oracle.found(in: body, as: encoding, of: signal) }
    do throws(ScanError) {
      let ours = try [Found](scanning: body, as: encoding, of: signal)
      switch oracle {
      case .success(let theirs) where ours.isSame(as: theirs): self = .same
      case .success where Self.hasRoundedNumber(body, encoding): self = .knownDifference
      case .success(let theirs): self = .different(Self.first(ours, theirs))
      case .failure(let error as JSONDecodingError) where Self.isTaken(body, encoding, despite: error):
        self = .knownDifference
      case .failure(let error): self = .different("ours \(ours.count) found, oracle \(error)")
      }
    } catch {
      switch oracle {
      case .failure: self = .bothRefuse
      case .success where Self.isRefused(body, encoding, for: error): self = .knownDifference
      case .success(let theirs): self = .different("ours \(error), oracle \(theirs.count) found")
      }
    }
  }

  /// Whether we refuse on purpose what the oracle takes; in JSON, a third parser has to agree with us.
  private static func isRefused(_ body: [UInt8], _ encoding: OTLPEncoding, for error: ScanError) -> Bool {
    switch error {
    case .group, .tooDeep, .tooLarge: true
    case .syntax, .invalidUTF8: !isJSON(body)
    case .wrongType(let offset): hasRoundedNumber(body, encoding) || hasBlank(body[offset...])
    case .outOfRange: hasRoundedNumber(body, encoding)
    case .truncated, .overlongVarint, .invalidTag: false
    }
  }

  /// Whether the JSON string that begins there has a blank, which the oracle takes for no part of base64.
  private static func hasBlank(_ text: ArraySlice<UInt8>) -> Bool {
    text.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false).dropFirst().first?
      .contains(UInt8(ascii: " ")) == true
  }

  /// Whether we take on purpose what the oracle refuses for this error.
  private static func isTaken(_ body: [UInt8], _ encoding: OTLPEncoding, despite error: JSONDecodingError) -> Bool {
    guard encoding == .json else { return false }
    let text = String(decoding: body, as: UTF8.self)
    switch error {
    // The third parser refuses half of a surrogate pair as well.
    case .conflictingOneOf: return isJSON(body) || text.contains("\\u")
    case .malformedString: return text.contains("\\u")
    case .malformedNumber, .numberRange:
      // It reads escaped digits as well, but not behind a minus.
      return hasRoundedNumber(body, encoding) || text.contains("-\\u")
    // So it says of a number that is too large for a Double, even where nobody reads it.
    case .invalidUTF8: return numbers(in: text).contains { Double($0)?.isInfinite == true }
    default: return false
    }
  }

  private static func numbers(in text: String) -> [Substring] {
    text.split { !"+-.eE0123456789".contains($0) }
  }

  private static func isJSON(_ body: [UInt8]) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed)) != nil
  }

  /// Whether a JSON body has a number with a point or an exponent and more digits than a Double keeps.
  private static func hasRoundedNumber(_ body: [UInt8], _ encoding: OTLPEncoding) -> Bool {
    guard encoding == .json else { return false }
    return numbers(in: String(decoding: body, as: UTF8.self)).contains { number in
      number.contains { ".eE".contains($0) } && number.count { $0.isNumber } > 15
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
  private(set) var knownDifferences = 0
  private(set) var differences: [String] = []

  mutating func count(_ comparison: Comparison, _ label: @autoclosure () -> String) {
    switch comparison {
    case .same: same += 1
    case .bothRefuse: bothRefuse += 1
    case .knownDifference: knownDifferences += 1
    case .different(let what): if differences.count < 10 { differences.append("\(label()): \(what)") }
    }
  }
}
