/// A fault, and the share of messages that it acts on: `context-leak`, or `context-leak=0.1%`.
package struct FaultOrder: Hashable, Sendable {
  package var fault: Fault
  /// Above 0, at most 1: of the messages on which the fault can show at all.
  package var share: Double

  package init(_ fault: Fault, share: Double = 1) {
    self.fault = fault
    self.share = share
  }
}

/// Why a text is no order of a fault.
package enum FaultOrderFault: Error, Hashable, Sendable {
  case unknownFault(String)
  /// The share does not end with a per cent sign, or is no number before it.
  case malformedShare(String)
  /// Not above 0 % and at most 100 %.
  case shareOutOfRange(String)
}

extension FaultOrder {
  /// Reads a fault's name, and behind an equals sign its share in per cent.
  package init(_ text: String) throws(FaultOrderFault) {
    let name = text.prefix { $0 != "=" }
    guard let fault = Fault(rawValue: String(name)) else { throw .unknownFault(String(name)) }
    self.init(fault)
    guard name.endIndex < text.endIndex else { return }
    share = try Self.share(text[text.index(after: name.endIndex)...])
  }

  private static func share(_ text: Substring) throws(FaultOrderFault) -> Double {
    // A number's other forms, as 'nan' or '0x1p3', are no share that anybody means; an exponent is how we write small ones.
    let isNumber = text.dropLast().utf8.allSatisfy { "0123456789.e-".utf8.contains($0) }
    guard text.hasSuffix("%"), isNumber, let perCent = Double(text.dropLast()) else {
      throw .malformedShare(String(text))
    }
    guard perCent > 0, perCent <= 100 else { throw .shareOutOfRange(String(text)) }
    return perCent / 100
  }
}

extension FaultOrder: CustomStringConvertible {
  /// The text that it is read from.
  package var description: String { share == 1 ? fault.rawValue : "\(fault.rawValue)=\(share * 100)%" }
}
