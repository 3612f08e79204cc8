/// The parameters of one permessage-deflate element, read but not yet judged (RFC 7692 §7.1).
struct CompressionParameters: Equatable {
  var serverNoContextTakeover = false
  var clientNoContextTakeover = false
  var serverMaxWindowBits: UInt8?
  var clientMaxWindowBits = CompressionOffer.ClientWindow.notOffered

  init(_ parameters: [ExtensionEntry.Parameter]) throws(CompressionFault) {
    var seen: Set<String> = []
    for parameter in parameters {
      guard seen.insert(parameter.name).inserted else { throw .repeatedParameter }
      switch parameter.name {
      case CompressionOffer.ParameterName.serverNoContextTakeover:
        guard parameter.value == nil else { throw .malformedValue }
        serverNoContextTakeover = true
      case CompressionOffer.ParameterName.clientNoContextTakeover:
        guard parameter.value == nil else { throw .malformedValue }
        clientNoContextTakeover = true
      case CompressionOffer.ParameterName.serverMaxWindowBits:
        guard let bits = parameter.value.flatMap(Self.windowBits) else { throw .malformedValue }
        serverMaxWindowBits = bits
      case CompressionOffer.ParameterName.clientMaxWindowBits:
        guard let value = parameter.value else {
          clientMaxWindowBits = .any
          break
        }
        guard let bits = Self.windowBits(value) else { throw .malformedValue }
        clientMaxWindowBits = .atMost(bits)
      default: throw .unknownParameter
      }
    }
  }

  /// A decimal number from 8 to 15 without leading zeros (RFC 7692 §7.1.2).
  private static func windowBits(_ text: String) -> UInt8? {
    (8...15).first { String($0) == text }
  }
}

extension CompressionOffer {
  /// Judges a server's answer to this offer; where it stands, says what both will do.
  func agreement(_ answer: [ExtensionEntry.Parameter]) throws(CompressionFault) -> CompressionAgreement {
    let answer = try CompressionParameters(answer)
    var agreement = CompressionAgreement()
    // A server may give its context up unasked, but not keep it where the client asked (§7.1.1.1).
    guard answer.serverNoContextTakeover || !serverNoContextTakeover else { throw .serverKeepsContext }
    agreement.serverNoContextTakeover = answer.serverNoContextTakeover
    // What the client has announced it does, whether the server repeats it or not (§7.1.1.2).
    agreement.clientNoContextTakeover = clientNoContextTakeover || answer.clientNoContextTakeover
    if let offered = serverMaxWindowBits {
      guard let bits = answer.serverMaxWindowBits, bits <= offered else { throw .serverWindowTooLarge }
    }
    agreement.serverMaxWindowBits = answer.serverMaxWindowBits
    switch (answer.clientMaxWindowBits, clientMaxWindowBits) {
    case (.notOffered, .atMost(let offered)): agreement.clientMaxWindowBits = offered
    case (.notOffered, .any), (.notOffered, .notOffered): break
    case (.any, _): throw .malformedValue
    case (.atMost, .notOffered): throw .clientWindowNotOffered
    case (.atMost(let bits), .any): agreement.clientMaxWindowBits = bits
    case (.atMost(let bits), .atMost(let offered)):
      guard bits <= offered else { throw .clientWindowTooLarge }
      agreement.clientMaxWindowBits = bits
    }
    return agreement
  }
}

extension CompressionAgreement {
  /// The server's side: agrees to the first offer that it understands, in the client's order of preference (§5.1).
  ///
  /// - Returns: nil where there is none; the session is then not compressed.
  init?(accepting offers: [ExtensionEntry]) {
    for offer in offers where offer.name == Self.extensionName {
      guard let offered = try? CompressionParameters(offer.parameters) else { continue }
      self.init()
      serverNoContextTakeover = offered.serverNoContextTakeover
      clientNoContextTakeover = offered.clientNoContextTakeover
      serverMaxWindowBits = offered.serverMaxWindowBits
      // Repeating the client's own limit lets us keep a smaller window; without one there is no reason to set any.
      if case .atMost(let bits) = offered.clientMaxWindowBits { clientMaxWindowBits = bits }
      return
    }
    return nil
  }
}
