/// What a client asks for with permessage-deflate (RFC 7692 §7.1).
package struct CompressionOffer: Hashable, Sendable {
  /// Whether, and how far, the server may limit the client's window (RFC 7692 §7.1.2.2).
  package enum ClientWindow: Hashable, Sendable {
    /// The server must not.
    case notOffered
    /// It may; the client hints at no size of its own.
    case any
    /// It may; the client will not use more than this many bits, 8 to 15.
    case atMost(UInt8)
  }

  /// The server must begin each message with an empty window.
  package var serverNoContextTakeover: Bool
  /// The client will begin each message with an empty window.
  package var clientNoContextTakeover: Bool
  /// The server must not use a larger window; 8 to 15.
  package var serverMaxWindowBits: UInt8?
  package var clientMaxWindowBits: ClientWindow

  package init(
    serverNoContextTakeover: Bool = false, clientNoContextTakeover: Bool = false, serverMaxWindowBits: UInt8? = nil,
    clientMaxWindowBits: ClientWindow = .any
  ) {
    self.serverNoContextTakeover = serverNoContextTakeover
    self.clientNoContextTakeover = clientNoContextTakeover
    self.serverMaxWindowBits = serverMaxWindowBits
    self.clientMaxWindowBits = clientMaxWindowBits
  }

  /// The value of the client's Sec-WebSocket-Extensions field.
  package var text: String {
    let clientWindow: String? =
      switch clientMaxWindowBits {
      case .notOffered: nil
      case .any: ParameterName.clientMaxWindowBits
      case .atMost(let bits): "\(ParameterName.clientMaxWindowBits)=\(bits)"
      }
    let parameters = [
      serverNoContextTakeover ? ParameterName.serverNoContextTakeover : nil,
      clientNoContextTakeover ? ParameterName.clientNoContextTakeover : nil,
      serverMaxWindowBits.map { "\(ParameterName.serverMaxWindowBits)=\($0)" }, clientWindow,
    ]
    return ([CompressionAgreement.extensionName] + parameters.compactMap { $0 }).joined(separator: "; ")
  }

  enum ParameterName {
    static let serverNoContextTakeover = "server_no_context_takeover"
    static let clientNoContextTakeover = "client_no_context_takeover"
    static let serverMaxWindowBits = "server_max_window_bits"
    static let clientMaxWindowBits = "client_max_window_bits"
  }
}

/// What client and server have agreed on (RFC 7692 §7.1).
package struct CompressionAgreement: Hashable, Sendable {
  package static let extensionName = "permessage-deflate"
  /// The window where none is named.
  package static let largestWindowBits: UInt8 = 15

  package var serverNoContextTakeover = false
  package var clientNoContextTakeover = false
  /// 8 to 15; nil where it was not spoken of.
  package var serverMaxWindowBits: UInt8?
  package var clientMaxWindowBits: UInt8?

  package init() {}

  /// The value of the server's Sec-WebSocket-Extensions field.
  package var text: String {
    let parameters = [
      serverNoContextTakeover ? CompressionOffer.ParameterName.serverNoContextTakeover : nil,
      clientNoContextTakeover ? CompressionOffer.ParameterName.clientNoContextTakeover : nil,
      serverMaxWindowBits.map { "\(CompressionOffer.ParameterName.serverMaxWindowBits)=\($0)" },
      clientMaxWindowBits.map { "\(CompressionOffer.ParameterName.clientMaxWindowBits)=\($0)" },
    ]
    return ([Self.extensionName] + parameters.compactMap { $0 }).joined(separator: "; ")
  }
}

/// The rule of RFC 7692 that a server's answer to an offer of permessage-deflate breaks; the connection fails (§7.1).
package enum CompressionFault: Error, CaseIterable, Hashable, Sendable {
  case unknownParameter
  case repeatedParameter
  /// A value where none belongs, none where one does, or one that is no number from 8 to 15.
  case malformedValue
  /// `server_no_context_takeover` was asked for, and not agreed to.
  case serverKeepsContext
  /// `server_max_window_bits` was asked for, and left out or exceeded.
  case serverWindowTooLarge
  /// `client_max_window_bits` where the client did not offer it.
  case clientWindowNotOffered
  /// `client_max_window_bits` beyond what the client offered.
  case clientWindowTooLarge

  /// The section of RFC 7692 that has the rule.
  package var section: String {
    switch self {
    case .unknownParameter, .repeatedParameter, .malformedValue: "7.1"
    case .serverKeepsContext: "7.1.1.1"
    case .serverWindowTooLarge: "7.1.2.1"
    case .clientWindowNotOffered, .clientWindowTooLarge: "7.1.2.2"
    }
  }
}
